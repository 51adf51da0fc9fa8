// SPDX-License-Identifier: MIT
// Context: SIG. The system calls, made directly: no PLT, no errno, no cancellation points, no libc
// wrapper somebody else may have interposed. All return the kernel's value: >= 0, or a negative errno.
#ifndef CPROF_SIGSAFE_SYS_H
#define CPROF_SIGSAFE_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long cp_syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long cp_syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "cprof: only x86-64 and aarch64"
#endif

#define cp_syscall(n, a, b, c, d) \
	cp_syscall6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline int cp_gettid(void)
{
	return (int)cp_syscall(SYS_gettid, 0, 0, 0, 0);
}

static inline int cp_getpid(void)
{
	return (int)cp_syscall(SYS_getpid, 0, 0, 0, 0);
}

#endif
