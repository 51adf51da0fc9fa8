// SPDX-License-Identifier: MIT
// exit_group() past libc, as a runtime of its own makes it.
#ifndef TESTS_PRELOAD_RAW_EXIT_H
#define TESTS_PRELOAD_RAW_EXIT_H

#include <sys/syscall.h>

static inline void raw_exit_group(long status)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"((long)SYS_exit_group), "D"(status) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_exit_group;
	register long x0 __asm__("x0") = status;
	__asm__ volatile("svc 0" : : "r"(x8), "r"(x0) : "memory");
#endif
}

#endif
