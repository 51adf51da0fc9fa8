// SPDX-License-Identifier: MIT
// Context: SIG. The ends that run no destructor: _exit and _Exit, also out of signal handlers, where
// programs catch SIGTERM; exit_group, and exit of the last thread, through syscall(), which come from futex.c; and
// daemon(), which ends its caller by an _exit of libc's own and returns in a child. (exit and a return from main run
// ours; quick_exit runs what was registered for it; an exit_group past libc and a kill keep what the last
// checkpoint wrote.)
#include <stdlib.h>
#include <unistd.h>

#include "kind/cpu_hook.h"
#include "kind/last_thread_hook.h"
#include "leave.h"
#include "next.h"
#include "sigsafe/sys.h"
#include "visible.h"

CP_NEXT_RARE(void, _exit, (int status), (status))
CP_NEXT_RARE(void, _Exit, (int status), (status))

static _Noreturn void leave(void (*next)(int), int status)
{
	cp_end();
	if (next)
		next(status);
	for (;;)
		cp_syscall(SYS_exit_group, status, 0, 0, 0);
}

CP_VISIBLE void _exit(int status)
{
	leave(next__exit, status);
}

CP_VISIBLE void _Exit(int status)
{
	leave(next__Exit, status);
}

static void end_by_syscall(int status)
{
	cp_next_end(SYS_exit_group, status);
}

_Noreturn void cp_exit_group_syscall(long number, long status)
{
	leave(end_by_syscall, (int)status);
}

/** syscall(SYS_exit, status) jumps to it. */
__attribute__((visibility("hidden"))) _Noreturn void cp_exit_syscall(long number, long status);

/** It ends the calling thread, and with the last the process: but ours are there, too. A thread of a raw clone() may
 *  have little stack, or none that is its own, so the main thread alone is looked at. */
_Noreturn void cp_exit_syscall(long number, long status)
{
	// A sandbox may kill for the system calls that ask.
	bool is_confined = load(&cp_cpu_shared.is_confined, relaxed);
	if (!is_confined && cp_leave_is_due() && cp_gettid() == cp_getpid() && cp_last_thread_main_ends((int)status))
		leave(end_by_syscall, (int)status);
	cp_next_end(SYS_exit, status);
	for (;;)
		cp_syscall(SYS_exit, status, 0, 0, 0);
}

CP_NEXT_RARE(int, daemon, (int keeps_folder, int keeps_output), (keeps_folder, keeps_output))

CP_VISIBLE int daemon(int keeps_folder, int keeps_output)
{
	cp_end();
	int ret = next_daemon(keeps_folder, keeps_output);
	if (ret < 0)
		cp_cpu_after_exec(); // it may be that nobody has left
	return ret;
}
