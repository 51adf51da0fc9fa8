// SPDX-License-Identifier: MIT
// Context: EARLY. See calls.h.
#include "calls.h"

#include <dlfcn.h>

#include "next.h"

struct cp_real_calls cp_real_calls;

const struct cp_real_calls *cp_real_calls_found(void)
{
	if (load(&cp_calls_mode, acquire) & CP_CALLS_FOUND)
		return &cp_real_calls;
	// Two threads at once would write the same words.
#define FIND(name) cp_real_calls.call_##name = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);
	CP_CALLS(FIND)
	atomic_fetch_or_explicit(&cp_calls_mode, CP_CALLS_FOUND, memory_order_release);
	return &cp_real_calls;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_at_load(void)
{
	cp_real_calls_found();
}
