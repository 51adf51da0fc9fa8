// SPDX-License-Identifier: MIT
// Context: SIG. <cprof/pprof.h>: the stack a thread runs on.
#include <cprof/pprof.h>

#include "interpose/visible.h"
#include "sigsafe/safeload.h"

enum { STACK_ALIGN = 16 };

CP_VISIBLE void cprof_stack_switch(const void *low, const void *high)
{
	uintptr_t end = (uintptr_t)high & ~(uintptr_t)(STACK_ALIGN - 1);
	cp_readable_tell((uintptr_t)low, (uintptr_t)low < end ? end : 0);
}
