// SPDX-License-Identifier: MIT
// Context: EARLY. Where the functions are that CP_BETWEEN and CP_FRONT mark (visible.h), told to those who take stacks.
#include "next.h"
#include "sigsafe/capture.h"

// The linker's.
extern __attribute__((visibility("hidden"))) const char __start_cprof_between[], __stop_cprof_between[],
	__start_cprof_front[], __stop_cprof_front[];

__attribute__((constructor(CP_EARLY_PRIORITY))) static void tell_between(void)
{
	cp_between[0].start = (uintptr_t)__start_cprof_between;
	cp_between[0].nbytes = (size_t)(__stop_cprof_between - __start_cprof_between);
	cp_between[1].start = (uintptr_t)__start_cprof_front;
	cp_between[1].nbytes = (size_t)(__stop_cprof_front - __start_cprof_front);
}
