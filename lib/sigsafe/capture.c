// SPDX-License-Identifier: MIT
// Context: SIG. See capture.h.
#include "capture.h"

#include "modmap.h"
#include "unwind.h"

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

uint32_t cp_capture_outside(uintptr_t *pcs, uint32_t npcs)
{
	const struct cp_module *own = cp_modmap_find((uintptr_t)cp_capture_outside, NULL);
	uint32_t first = 0;
	while (own && !own->is_main && first + 1 < npcs && pcs[first] > own->start && pcs[first] <= own->end)
		first++;
	__builtin_memmove(pcs, pcs + first, (npcs - first) * sizeof(*pcs));
	pcs[0] -= first > 0;
	return npcs - first;
}
