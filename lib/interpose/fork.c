// SPDX-License-Identifier: MIT
// Context: FORK. Around fork(): signals are held back while the kernel copies the process (a tick
// makes an old kernel begin anew, for ever with a large process), and no profile runs in the child.
//
// Other threads go on meanwhile, and the kernel copies a page after the other: of what one of them changes a child may
// have a part as it was before, and a part as it was after. So what a child goes on with is not changed meanwhile.
//
// By pthread_atfork and not by a fork() of our own: libc's own forks come by here as well. Children
// of vfork, posix_spawn and clone(CLONE_VM) do not, and need not: timers and handlers stay the
// parent's.
#include <pthread.h>
#include <sys/single_threaded.h>

#include "kind/contention_hook.h"
#include "kind/cpu_hook.h"
#include "kind/held_hook.h"
#include "kind/last_thread_hook.h"
#include "kind/signal_hook.h"
#include "kind/threadcreate_hook.h"
#include "kind/threads_hook.h"
#include "kind/trace_hook.h"
#include "leave.h"
#include "next.h"
#include "sigsafe/card.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sigmask.h"

static __thread uint64_t mask_before;

static void prepare(void)
{
	mask_before = cp_sigmask_block_all();
	cp_modmap_before_fork();
	cp_card_before_fork();
}

static void in_parent(void)
{
	cp_card_fork_done();
	cp_modmap_fork_done();
	cp_sigmask_restore(mask_before);
}

static void in_child(void)
{
	cp_modmap_after_fork();
	if (!__libc_single_threaded) {
		cp_modmap_doubt_loader();
		cp_pagealloc_after_fork();
	}
	cp_leave_reset_in_child();
	cp_cpu_reset_in_child();
	cp_threads_reset_in_child();
	cp_threadcreate_reset_in_child();
	cp_last_thread_reset_in_child();
	cp_card_after_fork();
	cp_card_fork_done();
	cp_contention_reset_in_child();
	cp_held_forget_all();
	cp_trace_reset_in_child();
	cp_modmap_fork_done();
	cp_sigmask_restore(mask_before);
}

/** Early among the constructors: whoever starts a profile in the child must come after us there. */
__attribute__((constructor(CP_EARLY_PRIORITY))) static void watch_forks(void)
{
	pthread_atfork(prepare, in_parent, in_child);
}
