// SPDX-License-Identifier: MIT
// Context: SIG. See alloctrace_hook.h.
#include "alloctrace_hook.h"

#include "heap_hook.h"
#include "sigsafe/capture.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sys.h"

enum { RETRY_NS = 50000, MAX_RETRIES = 20000 }; // a second

CP_NEAR_DATA struct cp_alloctrace cp_alloctrace;

static void ring_bell(void)
{
	fetch_add(&cp_alloctrace.bell, 1, seq_cst);
	if (load(&cp_alloctrace.is_waiting, seq_cst))
		cp_futex_wake(&cp_alloctrace.bell, 1);
}

static struct cp_ring_record *reserve(uint32_t npcs)
{
	struct cp_timespec pause = cp_timespec_from_ns(RETRY_NS);
	struct cp_ring_record *rec;
	for (unsigned i = 0; !(rec = cp_rings_reserve(cp_alloctrace.ring, 0, npcs, 0)); i++) {
		if (load(&cp_alloctrace.is_stalled, relaxed) || i == MAX_RETRIES) {
			store(&cp_alloctrace.is_stalled, true, relaxed);
			fetch_add(&cp_alloctrace.nlost, 1, relaxed);
			return NULL;
		}
		ring_bell();
		cp_syscall(SYS_nanosleep, &pause, NULL, 0, 0);
	}
	return rec;
}

void cp_alloctrace_record(enum cp_alloctrace_call call, const void *ptr, const void *old_ptr, uint64_t size_bytes,
		const void *caller)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	if (cp_heap_is_own())
		return;
	uint32_t npcs = cp_capture(pcs, caller, 0);
	struct cp_ring_record *rec = reserve(CP_ALLOCTRACE_WORDS + npcs);
	if (!rec)
		return;
	rec->epoch = cp_modmap_epoch_of(pcs, npcs);
	rec->tag = call;
	rec->pcs[CP_ALLOCTRACE_TID] = (uintptr_t)cp_gettid();
	rec->pcs[CP_ALLOCTRACE_PTR] = (uintptr_t)ptr;
	rec->pcs[CP_ALLOCTRACE_OLD_PTR] = (uintptr_t)old_ptr;
	rec->pcs[CP_ALLOCTRACE_BYTES] = size_bytes;
	__builtin_memcpy(rec->pcs + CP_ALLOCTRACE_WORDS, pcs, npcs * sizeof(*pcs));
	cp_rings_commit(cp_alloctrace.ring, rec, CP_ALLOCTRACE_WORDS + npcs);
	ring_bell();
}
