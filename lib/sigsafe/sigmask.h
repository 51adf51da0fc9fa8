// SPDX-License-Identifier: MIT
// Context: SIG. The calling thread's signal mask: one word, bit n - 1 for signal n.
#ifndef CPROF_SIGSAFE_SIGMASK_H
#define CPROF_SIGSAFE_SIGMASK_H

#include <string.h>

#include "sys.h"
#include "types.h"

enum { CP_SIG_BLOCK = 0, CP_SIG_UNBLOCK = 1, CP_SIG_SETMASK = 2 };

// setuid() and the like are changed in all threads by this signal of glibc's (and musl's), and wait until
// each thread has answered it: one that blocks it for good hangs the program. See nptl(7).
enum { CP_SIGSETXID = 33 };

enum { CP_SIG_MAX = 64 };

/** Changes the mask and returns what it was. */
static inline uint64_t cp_sigmask(int how, uint64_t mask)
{
	uint64_t before = 0;
	cp_syscall(SYS_rt_sigprocmask, how, &mask, &before, sizeof(mask));
	return before;
}

static inline uint64_t cp_sigmask_of(int sig)
{
	return 1ull << (sig - 1);
}

/** Of the kernel's sigset_t, a word or a structure of one, or libc's, which begins with it. */
static inline uint64_t cp_sigmask_of_set(const void *set)
{
	uint64_t mask;
	memcpy(&mask, set, sizeof(mask));
	return mask;
}

/** That of what a handler interrupted, as it will be again. */
static inline uint64_t cp_ucontext_mask(const void *ucontext)
{
#if defined(__x86_64__)
	enum { OFFSET = 296 }; // of struct ucontext; kernel ABI
#elif defined(__aarch64__)
	enum { OFFSET = 40 };
#endif
	return cp_sigmask_of_set((const char *)ucontext + OFFSET);
}

/** All but CP_SIGSETXID. */
static inline uint64_t cp_sigmask_block_all(void)
{
	return cp_sigmask(CP_SIG_BLOCK, ~cp_sigmask_of(CP_SIGSETXID));
}

static inline void cp_sigmask_restore(uint64_t before)
{
	cp_sigmask(CP_SIG_SETMASK, before);
}

#endif
