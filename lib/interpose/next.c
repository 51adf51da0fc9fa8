// SPDX-License-Identifier: MIT
// Context: SIG, but for the first call. dlsym() takes the loader's lock, which a vfork child or a signal
// handler must not wait for: hence all at once, before the program starts.
#include "next.h"

#include <dlfcn.h>
#include <stdbool.h>

#include "sigsafe/atomic.h"

static struct cp_next next;
static atomic_bool is_ready;

const struct cp_next *cp_next(void)
{
	if (load(&is_ready, acquire))
		return &next;
	// Two threads at once would write the same words.
	next.execve = dlsym(RTLD_NEXT, "execve");
	next.execv = dlsym(RTLD_NEXT, "execv");
	next.execvp = dlsym(RTLD_NEXT, "execvp");
	next.execvpe = dlsym(RTLD_NEXT, "execvpe");
	next.fexecve = dlsym(RTLD_NEXT, "fexecve");
	next.execveat = dlsym(RTLD_NEXT, "execveat");
	next.exit_now = dlsym(RTLD_NEXT, "_exit");
	next.exit_std = dlsym(RTLD_NEXT, "_Exit");
	store(&is_ready, true, release);
	return &next;
}
