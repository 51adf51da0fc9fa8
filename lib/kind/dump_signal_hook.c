// SPDX-License-Identifier: MIT
// Context: SIG. See dump_signal_hook.h.
#include <linux/signal.h>

#include "dump_signal_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/sys.h"

struct cp_dump_signal cp_dump_signal;

struct kernel_action {
	uintptr_t handler;
	uint64_t flags;
	uintptr_t restorer;
	uint64_t mask;
};

static void do_default(int sig)
{
	struct kernel_action by_default = {0};
	cp_syscall(SYS_rt_sigaction, sig, &by_default, NULL, sizeof(by_default.mask));
	cp_syscall(SYS_tgkill, cp_getpid(), cp_gettid(), sig, 0); // delivered when the handler returns
}

void cp_dump_signal_handle(int sig, void *info, void *ucontext)
{
	if (load(&cp_dump_signal.pid, relaxed) != cp_getpid()) {
		do_default(sig);
		return;
	}
	fetch_add(&cp_dump_signal.nasked, 1, release);
	cp_futex_wake(&cp_dump_signal.nasked, 1);
}
