// SPDX-License-Identifier: MIT
// Context: SIG. See capture.h.
#include "capture.h"

#include "modmap.h"
#include "unwind.h"

CP_NEAR_DATA struct cp_between cp_between[2];

uint32_t cp_capture_cut(uintptr_t pcs[static CP_CAPTURE_PCS], uint32_t npcs)
{
	if (npcs <= CP_CAPTURE_FRAMES || pcs[CP_CAPTURE_FRAMES] < CP_MARKER_LIMIT)
		return npcs;
	pcs[CP_CAPTURE_FRAMES] = CP_MARKER_TRUNCATED;
	return CP_CAPTURE_FRAMES + 1;
}

uint32_t cp_capture(uintptr_t pcs[static CP_CAPTURE_PCS], const void *caller, uint32_t skip)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	uint32_t npcs = cp_unwind(&regs, pcs, CP_CAPTURE_PCS).nframes;
	uint32_t first = 0;
	while (first < npcs && pcs[first] != (uintptr_t)caller)
		first++;
	if (first == npcs || skip >= npcs - first || pcs[first + skip] < CP_MARKER_LIMIT) {
		pcs[0] = CP_MARKER_NO_STACK;
		return 1;
	}
	first += skip;
	__builtin_memmove(pcs, pcs + first, (npcs - first) * sizeof(*pcs));
	pcs[0]--;
	return cp_capture_cut(pcs, npcs - first);
}

/** pc: a return address. */
static bool is_between(uintptr_t pc)
{
	return pc - 1 - cp_between[0].start < cp_between[0].nbytes ||
			pc - 1 - cp_between[1].start < cp_between[1].nbytes;
}

uint32_t cp_capture_outside(uintptr_t *pcs, uint32_t npcs)
{
	const struct cp_module *own = cp_modmap_find((uintptr_t)cp_capture_outside, NULL);
	uintptr_t start = own && !own->is_main ? own->start : 0, end = start ? own->end : 0;
	uint32_t first = 0;
	while (first + 1 < npcs && ((pcs[first] > start && pcs[first] <= end) || is_between(pcs[first])))
		first++;
	__builtin_memmove(pcs, pcs + first, (npcs - first) * sizeof(*pcs));
	pcs[0] -= first > 0;
	return npcs - first;
}

CP_NEAR uint32_t cp_capture_without_between(uintptr_t *pcs, uint32_t npcs)
{
	uint32_t kept = npcs > 0;
	for (uint32_t i = 1; i < npcs; i++) {
		pcs[kept] = pcs[i];
		kept += !is_between(pcs[i]);
	}
	return kept;
}
