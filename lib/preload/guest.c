// SPDX-License-Identifier: MIT
// Context: EARLY. See guest.h. qemu-x86_64 gives the program it emulates its own environment, so its loader preloads
// us a second time, in a process whose id and files are the emulator's: both wrote the same files at once. The
// emulator's profile is the one that has been asked for; it is known by the names of its other threads. (The first
// has the program's name, which may be cprof.)
#include "guest.h"

#include <string.h>

#include "kind/task_info.h"
#include "sigsafe/sys.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"

static void look_for_ours(int tid, void *arg)
{
	static const char name[] = "cprof";
	char text[CP_TASK_TEXT_BYTES];
	if (tid != cp_gettid() && !cp_thread_is_excluded(tid) && cp_task_read(tid, "comm", text) > 0)
		*(bool *)arg |= strncmp(text, name, sizeof(name) - 1) == 0;
}

bool cp_is_guest(void)
{
	bool is_any = false;
	cp_taskdir_threads(look_for_ours, &is_any);
	return is_any;
}
