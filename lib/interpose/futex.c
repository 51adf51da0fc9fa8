// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Waits on a bare futex, by syscall(SYS_futex, ...): the locks of Rust's std, C++20's
// atomic::wait and what libstdc++ makes of it, absl::Mutex, libomp. What waits for what is theirs alone to know,
// so such a wait is in the block profile and in a trace, and no release is in the mutex profile. And the end by
// syscall(SYS_exit_group, ...), as qemu-user makes it when its guest has ended, or by SYS_exit in the one thread there
// is, as in seccomp's strict mode, which allows no other (exit.c).
//
// Whatever else comes through syscall() must reach libc's as if we were not there, a fork without an end, say,
// or a thread on a stack of its own: hence a jump, in assembly, that touches no stack and no argument.
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "leave.h"
#include "locks.h"
#include "sandbox.h"

enum { LOCK_PI2 = 13 }; // FUTEX_LOCK_PI2, younger than some kernel headers

CP_VISIBLE long syscall(long number, ...);

/// Known to the assembly, and with all the arguments a system call may have

#define HIDDEN __attribute__((visibility("hidden")))

CP_NEXT(long, syscall, (long number, long a, long b, long c, long d, long e, long f), (number, a, b, c, d, e, f))

HIDDEN long cp_futex_syscall(long number, long word, long operation, long value, long timeout, long word2, long value3);
HIDDEN long cp_seccomp_syscall(long number, long operation, long flags, long filter);
HIDDEN void cp_own_syscall(void); // syscall: that name may be a slot of the program's PLT

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

#if defined(__x86_64__)
__asm__(".text\n"
	".p2align 4\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"cp_own_syscall:\n"
	".cfi_startproc\n"
	"	endbr64\n"
	"	cmpl $" STRINGIFY(__NR_seccomp) ", %edi\n"
	"	je cp_seccomp_syscall\n"
	"	cmpl $" STRINGIFY(__NR_exit_group) ", %edi\n"
	"	je cp_exit_group_syscall\n"
	"	cmpl $" STRINGIFY(__NR_exit) ", %edi\n"
	"	je cp_exit_syscall\n"
	"	cmpl $" STRINGIFY(__NR_futex) ", %edi\n"
	"	jne 1f\n"
	"	cmpl $0, cp_contention_mode(%rip)\n"
	"	jne cp_futex_syscall\n"
	"1:	jmp *next_syscall(%rip)\n"
	".cfi_endproc\n"
	".size syscall, . - syscall\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".p2align 4\n"
	".globl syscall\n"
	".type syscall, %function\n"
	"syscall:\n"
	"cp_own_syscall:\n"
	".cfi_startproc\n"
	"	hint #34\n" // bti c
	"	cmp x0, #" STRINGIFY(__NR_seccomp) "\n"
	"	b.eq cp_seccomp_syscall\n"
	"	cmp x0, #" STRINGIFY(__NR_exit_group) "\n"
	"	b.eq cp_exit_group_syscall\n"
	"	cmp x0, #" STRINGIFY(__NR_exit) "\n"
	"	b.eq cp_exit_syscall\n"
	"	cmp x0, #" STRINGIFY(__NR_futex) "\n"
	"	b.ne 1f\n"
	"	adrp x16, cp_contention_mode\n"
	"	ldr w16, [x16, #:lo12:cp_contention_mode]\n"
	"	cbnz w16, cp_futex_syscall\n"
	"1:	adrp x16, next_syscall\n"
	"	ldr x16, [x16, #:lo12:next_syscall]\n"
	"	br x16\n"
	".cfi_endproc\n"
	".size syscall, . - syscall\n");
#endif

/// The ends

long cp_next_end(long number, long status)
{
	return next_syscall(number, status, 0, 0, 0, 0, 0);
}

/// The futex

static bool is_wait(long command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
			command == LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

/** syscall(SYS_futex, word, operation, ...) while somebody wants to know of waits. */
CP_BETWEEN long cp_futex_syscall(long number, long word, long operation, long value, long timeout, long word2,
		long value3)
{
	const struct cp_wait_site site = {TRACE_WAIT_FUTEX, cp_own_syscall, CP_CALLER};
	const void *object = (const void *)word;
	if (is_wait(operation & FUTEX_CMD_MASK)) {
		struct cp_wait wait = cp_wait_begin(&site, object);
		long result = next_syscall(number, word, operation, value, timeout, word2, value3);
		cp_wait_end(&wait, cp_errno_wait_outcome(result));
		return result;
	}
	if (!(load(&cp_contention_mode, relaxed) & CP_CONTENTION_TRACE))
		return next_syscall(number, word, operation, value, timeout, word2, value3);
	struct cp_release wake = cp_wake_begin(object);
	long result = next_syscall(number, word, operation, value, timeout, word2, value3);
	cp_wake_end(&wake, &site);
	return result;
}

/// seccomp

long cp_seccomp_syscall(long number, long operation, long flags, long filter)
{
	cp_sandbox_before(operation, (const void *)filter);
	return next_syscall(number, operation, flags, filter, 0, 0, 0);
}
