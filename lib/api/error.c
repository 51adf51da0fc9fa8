// SPDX-License-Identifier: MIT
// Context: CTL. Our errors in words; our own where they have a meaning of their own here.
#include <cprof/pprof.h>
#include <errno.h>
#include <string.h>

#include "interpose/visible.h"

CP_VISIBLE const char *cprof_strerror(int error)
{
	if (error < 0)
		error = -error;
	switch (error) {
	case 0:
		return "success";
	case EBUSY:
		return "already in use"; // the CPU profile, a trace, a signal
	case EUSERS:
		return "no signal is free: the program handles them all, as Go's runtime does";
	case ENODATA:
		return "never switched on"; // heap, allocs, threadcreate, the flight recorder
	case EEXIST:
		return "name or key already in use";
	default:
		break;
	}
	const char *text =
		strerrordesc_np(error); // strerror() may allocate, and is one buffer for all
	return text ? text : "unknown error";
}
