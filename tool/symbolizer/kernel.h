// SPDX-License-Identifier: MIT
// Names of the kernel's functions, from /proc/kallsyms: only where the profile is of the kernel that is running
// now, at the addresses it has since this boot. Called by local.c for mappings of "[kernel.kallsyms]".
#ifndef CPROF_TOOL_SYMBOLIZER_KERNEL_H
#define CPROF_TOOL_SYMBOLIZER_KERNEL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/symbolizer/frame.h"

/** What the profile tells of its kernel. */
struct kernel_image {
	struct str build_id; // hex digits
	struct str symbol;   // "_text" or "_stext": what perf knows the kernel's place by
	uint64_t symbol_address;
};

/** Hex digits; empty where the kernel does not say. */
struct str kernel_running_build_id(struct arena *a);

/** Of the kernel that runs; 0 where it does not tell this user. */
uint64_t kernel_symbol_address(struct str name);

bool kernel_is_file(struct str file);

/** addresses: ascending. frames_out[i].n is 0 where nothing is known. An error where none can be. */
struct err *kernel_lookup(struct arena *a, const struct kernel_image *k, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out);

#endif
