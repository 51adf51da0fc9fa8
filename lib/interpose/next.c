// SPDX-License-Identifier: MIT
// Context: SIG, but for the first call. dlsym() takes the loader's lock, which a vfork child or a signal
// handler must not wait for: hence all at once, before the program starts.
#include "next.h"

#include <dlfcn.h>
#include <stdbool.h>

#include "sigsafe/atomic.h"

static struct cp_next next;
static atomic_bool is_ready;

static void look_up(void)
{
	// Two threads at once would write the same words.
	next.pthread_create = dlsym(RTLD_NEXT, "pthread_create");
	next.thrd_create = dlsym(RTLD_NEXT, "thrd_create");
	next.sigaction = dlsym(RTLD_NEXT, "sigaction");
	next.signal = dlsym(RTLD_NEXT, "signal");
	next.sysv_signal = dlsym(RTLD_NEXT, "sysv_signal");
	next.sigset = dlsym(RTLD_NEXT, "sigset");
	next.sigignore = dlsym(RTLD_NEXT, "sigignore");
	next.siginterrupt = dlsym(RTLD_NEXT, "siginterrupt");
	next.dlclose = dlsym(RTLD_NEXT, "dlclose");
	next.setuid = dlsym(RTLD_NEXT, "setuid");
	next.setgid = dlsym(RTLD_NEXT, "setgid");
	next.seteuid = dlsym(RTLD_NEXT, "seteuid");
	next.setegid = dlsym(RTLD_NEXT, "setegid");
	next.setreuid = dlsym(RTLD_NEXT, "setreuid");
	next.setregid = dlsym(RTLD_NEXT, "setregid");
	next.setresuid = dlsym(RTLD_NEXT, "setresuid");
	next.setresgid = dlsym(RTLD_NEXT, "setresgid");
	next.setgroups = dlsym(RTLD_NEXT, "setgroups");
	next.initgroups = dlsym(RTLD_NEXT, "initgroups");
	next.unshare = dlsym(RTLD_NEXT, "unshare");
	next.setns = dlsym(RTLD_NEXT, "setns");
	next.execve = dlsym(RTLD_NEXT, "execve");
	next.execv = dlsym(RTLD_NEXT, "execv");
	next.execvp = dlsym(RTLD_NEXT, "execvp");
	next.execvpe = dlsym(RTLD_NEXT, "execvpe");
	next.fexecve = dlsym(RTLD_NEXT, "fexecve");
	next.execveat = dlsym(RTLD_NEXT, "execveat");
	next.exit_now = dlsym(RTLD_NEXT, "_exit");
	next.exit_std = dlsym(RTLD_NEXT, "_Exit");
	store(&is_ready, true, release);
}

const struct cp_next *cp_next(void)
{
	if (!load(&is_ready, acquire))
		look_up();
	return &next;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void look_up_at_load(void)
{
	look_up();
}
