// SPDX-License-Identifier: MIT
// Context: CTL. What /proc says of a thread of ours.
#ifndef CPROF_KIND_TASK_INFO_H
#define CPROF_KIND_TASK_INFO_H

#include "sigsafe/types.h"

enum { CP_TASK_NAME_BYTES = 64, CP_TASK_TEXT_BYTES = 4096 };

struct cp_task_status {
	char name[CP_TASK_NAME_BYTES];
	char state;           // R, S, D, T, t, Z, X, ...; 0: not known
	uint64_t blocked;     // signals: bit n - 1 for signal n
	uint64_t nswitches;   // it has stopped running so often
	bool is_traced;       // by strace, gdb, ...
	bool is_confined;     // by seccomp
};

/** -ENOENT, -ESRCH: it has ended. */
int cp_task_read_status(int tid, struct cp_task_status *status_out);

/** The users and groups it runs as, to be compared to another's. */
struct cp_task_user {
	char text[128]; // "": not known
};

int cp_task_read_user(int tid, struct cp_task_user *user_out);

/** tid runs as `user`. True where /proc cannot tell. */
bool cp_task_is_user(int tid, const struct cp_task_user *user);

/** The system call it is in. */
struct cp_task_syscall {
	long number; // -1: none that is known (it runs, or may not be looked at)
	uint64_t args[6];
	uintptr_t sp, pc; // it goes on there; 0: not known
};

/** Only of a thread that sleeps. */
void cp_task_read_syscall(int tid, struct cp_task_syscall *syscall_out);

/** What the scheduler counts, since the thread began. */
struct cp_task_times {
	uint64_t run_ns, wait_ns; // on a CPU, and waiting for one
	uint64_t nslices;         // times it got one
};

/** Its schedstat. False: the kernel keeps none, or the thread has ended. */
bool cp_task_read_times(int tid, struct cp_task_times *times_out);

/** When it ran last, on the scheduler's clock; 0: not known. Against the caller's own this tells for how
 *  long a thread has been waiting. */
uint64_t cp_task_last_ran_ns(int tid);

/** A small file of /proc/self/task/TID, as text; its length or a negative errno. No cancellation point. */
int cp_task_read(int tid, const char *file, char text_out[CP_TASK_TEXT_BYTES]);

#endif
