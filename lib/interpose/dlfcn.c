// SPDX-License-Identifier: MIT
// Context: CTL. Modules that go.
//
// dlclose() is stood in for: while it unmaps, no handler may read the module's unwind tables.
// dlopen() is not: it looks at its caller's address to find $ORIGIN, DT_RUNPATH and the namespace,
// and the caller would be us. Nothing is lost: the first sample in a module nobody knows yet marks
// the map as stale, and the collector reads it anew.
#include <dlfcn.h>

#include "next.h"
#include "sigsafe/modmap.h"
#include "visible.h"

CP_NEXT(int, dlclose, (void *handle), (handle))

/** What is loaded before main is taken to stay; what comes later may go. */
__attribute__((constructor(CP_EARLY_PRIORITY))) static void learn_modules(void)
{
	cp_modmap_refresh();
}

CP_VISIBLE int dlclose(void *handle)
{
	cp_modmap_before_dlclose();
	int ret = next_dlclose(handle);
	cp_modmap_after_dlclose();
	return ret;
}
