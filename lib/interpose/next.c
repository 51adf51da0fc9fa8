// SPDX-License-Identifier: MIT
// Context: SIG, but for the first call: the loader's list of objects must stay as it is meanwhile (lookup.h). Hence
// all at once, before the program starts.
#include "next.h"

#include <stdbool.h>

#include "lookup.h"
#include "sigsafe/atomic.h"

static struct cp_next next;
static atomic_bool is_ready;

/** A sanitizer that stands in the program itself, as clang links it, has functions of the same names there. A static
 *  libcprof takes their place; but each has a second name. NULL: there is none. */
static void *find_sanitizers(const char *name)
{
	char second[64] = "__interceptor_";
	for (size_t n = sizeof("__interceptor_") - 1; *name && n < sizeof(second) - 1; n++)
		second[n] = *name++;
	return cp_lookup_own(second);
}

void *cp_next_named(const char *name)
{
	void *function = find_sanitizers(name);
	return function ? function : cp_lookup_next(name);
}

static void look_up(void)
{
	// Two threads at once would write the same words.
	next.pthread_create = cp_next_named("pthread_create");
	next.thrd_create = cp_next_named("thrd_create");
	next.sigaction = cp_next_named("sigaction");
	next.signal = cp_next_named("signal");
	next.sysv_signal = cp_next_named("sysv_signal");
	next.sigset = cp_next_named("sigset");
	next.sigignore = cp_next_named("sigignore");
	next.siginterrupt = cp_next_named("siginterrupt");
	next.dlclose = cp_next_named("dlclose");
	next.setuid = cp_next_named("setuid");
	next.setgid = cp_next_named("setgid");
	next.seteuid = cp_next_named("seteuid");
	next.setegid = cp_next_named("setegid");
	next.setreuid = cp_next_named("setreuid");
	next.setregid = cp_next_named("setregid");
	next.setresuid = cp_next_named("setresuid");
	next.setresgid = cp_next_named("setresgid");
	next.setgroups = cp_next_named("setgroups");
	next.initgroups = cp_next_named("initgroups");
	next.unshare = cp_next_named("unshare");
	next.setns = cp_next_named("setns");
	next.execve = cp_next_named("execve");
	next.execv = cp_next_named("execv");
	next.execvp = cp_next_named("execvp");
	next.execvpe = cp_next_named("execvpe");
	next.fexecve = cp_next_named("fexecve");
	next.execveat = cp_next_named("execveat");
	next.exit_now = cp_next_named("_exit");
	next.exit_std = cp_next_named("_Exit");
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
