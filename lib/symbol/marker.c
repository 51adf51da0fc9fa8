// SPDX-License-Identifier: MIT
// Context: CTL. In brackets, as no C function can be named: they sort together, and pprof's
// -ignore='^\[' removes them all. cprof-run(1) says what each means.
#include "marker.h"

static const char *const names[CP_MARKER_COUNT] = {
		[CP_MARKER_NONE] = "",
		[CP_MARKER_TRUNCATED] = "[truncated: deeper than is kept]",
		[CP_MARKER_NO_MODULE] = "[cut: code outside any module]",
		[CP_MARKER_NO_CFI] = "[cut: no unwind information]",
		[CP_MARKER_BAD_RULE] = "[cut: unwind rule not understood]",
		[CP_MARKER_BAD_STACK] = "[cut: unreadable stack]",
		[CP_MARKER_MAP_BUSY] = "[cut: dlclose running]",
		[CP_MARKER_KERNEL] = "[kernel]",
		[CP_MARKER_THREAD_EXIT] = "[after the last sample]",
		[CP_MARKER_BLOCKED] = "[thread blocks the profiling signal]",
		[CP_MARKER_LOST] = "[lost: sample buffers full]",
		[CP_MARKER_OVERFLOW] = "[lost: stack table full]",
		[CP_MARKER_NO_STACK] = "[no caller left]",
		[CP_MARKER_NO_ANSWER] = "[thread did not answer]",
		[CP_MARKER_IN_KERNEL] = "[thread stopped or in uninterruptible sleep]",
};

const char *cp_marker_name(enum cp_marker marker)
{
	return (unsigned)marker < CP_MARKER_COUNT ? names[marker] : "[unknown marker]";
}
