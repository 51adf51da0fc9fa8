// SPDX-License-Identifier: MIT
// Context: EARLY. See real.h. After the constructor it is a load and a test: dlsym() takes the
// loader's lock, and is for the constructor, when the program does not run yet.
#include <dlfcn.h>
#include <stdbool.h>

#include "real.h"
#include "sigsafe/atomic.h"

static struct cp_real real;
static _Atomic bool is_looked_up;

static void look_up(void)
{
	// Two threads may do so at once: they write the same.
	real.pthread_create = dlsym(RTLD_NEXT, "pthread_create");
	real.thrd_create = dlsym(RTLD_NEXT, "thrd_create");
	real.sigaction = dlsym(RTLD_NEXT, "sigaction");
	real.signal = dlsym(RTLD_NEXT, "signal");
	real.sysv_signal = dlsym(RTLD_NEXT, "sysv_signal");
	real.sigset = dlsym(RTLD_NEXT, "sigset");
	real.sigignore = dlsym(RTLD_NEXT, "sigignore");
	real.siginterrupt = dlsym(RTLD_NEXT, "siginterrupt");
	real.dlclose = dlsym(RTLD_NEXT, "dlclose");
	store(&is_looked_up, true, release);
}

const struct cp_real *cp_real(void)
{
	if (!load(&is_looked_up, acquire))
		look_up();
	return &real;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void look_up_at_load(void)
{
	cp_real();
}
