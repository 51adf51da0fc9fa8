// SPDX-License-Identifier: MIT
// Hazard 88: our own thread must not be noticed, not by a daemon that gives up root either. For the kernel
// that is each thread's own affair; libc has every thread follow, ours too, and aborts the process where
// one may not. h88_identity OUT HZ ENGINE plain|keepcaps|unseen; needs root to start from. keepcaps: the rights to
// do it lie with one thread alone, as setpriv has them. unseen: it asks the kernel itself, and no root is to be left.
#include "workload.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

WORK(as_root);
WORK(as_nobody);

enum { NOBODY = 65534 };

static void make_effective(int capability)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	MUST(syscall(SYS_capget, &head, data) == 0);
	data[0].effective |= 1u << capability;
	MUST(syscall(SYS_capset, &head, data) == 0);
}

/** A second may pass. */
static void await_no_root(void)
{
	for (bool is_any = true; is_any;) {
		DIR *tasks = opendir("/proc/self/task");
		is_any = false;
		for (struct dirent *task; (task = readdir(tasks));) {
			char path[300], text[4096] = "";
			snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
			FILE *status = fopen(path, "r");
			is_any |= status && fread(text, 1, sizeof(text) - 1, status) > 0 && strstr(text, "\nUid:\t0");
			if (status)
				fclose(status);
		}
		closedir(tasks);
		as_nobody(10);
	}
}

int main(int argc, char **argv)
{
	uid_t real, effective, saved;

	MUST(argc == 5);
	int out = open(argv[1], O_WRONLY | O_CREAT, 0644); // before: afterwards nobody may
	MUST(out >= 0 && cprof_set_cpu_profile_rate(atoi(argv[2])) == 0);
	MUST(cprof_start_cpu_profile(cprof_to_fd(out)) == 0);
	argv[1] = (char[]){"-"};
	workload_start(argc, argv);
	as_root(200);
	if (!strcmp(argv[4], "keepcaps")) {
		MUST(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
		MUST(setresuid(NOBODY, NOBODY, NOBODY) == 0);
		make_effective(CAP_SETGID);
		MUST(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0);
	} else if (!strcmp(argv[4], "unseen")) {
		MUST(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) == 0);
		MUST(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0);
		await_no_root();
	} else {
		MUST(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	}
	as_nobody(300);
	MUST(getresuid(&real, &effective, &saved) == 0 && real == NOBODY && effective == NOBODY && saved == NOBODY);
	workload_stop_profile();
	MUST(cprof_stop_cpu_profile() == 0);
	workload_print_truth();
	return 0;
}
