// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. See alloctrace.h; lib/kind/alloctrace_hook.c records.
#include "alloctrace.h"

#include <errno.h>
#include <string.h>

#include "kind/alloctrace_hook.h"
#include "kind/heap.h"
#include "kind/heap_hook.h"
#include "output.h"
#include "write/grow.h"
#include "write/text_out.h"

enum { RING_BYTES = 4 << 20 };

/** The records of one reading, one behind the other: their names are found all at once. */
static struct {
	uint8_t *bytes;
	size_t nbytes, cap_bytes;
	uint64_t nlost_told;
} batch;

static void keep(const struct cp_ring_record *rec, void *arg)
{
	size_t nbytes = rec->nwords * sizeof(uint64_t);
	(void)arg;
	if (!cp_grow(&batch.bytes, &batch.cap_bytes, batch.nbytes + nbytes)) {
		fetch_add(&cp_alloctrace.nlost, 1, relaxed);
		return;
	}
	memcpy(batch.bytes + batch.nbytes, rec, nbytes);
	batch.nbytes += nbytes;
}

static void each_record(struct cp_text_out *o, void (*fn)(struct cp_text_out *, const struct cp_ring_record *))
{
	const struct cp_ring_record *rec;
	for (size_t at = 0; at < batch.nbytes; at += rec->nwords * sizeof(uint64_t)) {
		rec = (const void *)(batch.bytes + at);
		fn(o, rec);
	}
}

static uint32_t stack_of(const struct cp_ring_record *rec, const uintptr_t **pcs_out)
{
	*pcs_out = rec->pcs + CP_ALLOCTRACE_WORDS;
	return (uint32_t)(rec->nwords - sizeof(*rec) / sizeof(uint64_t) - CP_ALLOCTRACE_WORDS);
}

static void add(struct cp_text_out *o, const struct cp_ring_record *rec)
{
	const uintptr_t *pcs;
	uint32_t npcs = stack_of(rec, &pcs);
	cp_text_out_add(o, pcs, npcs, (uint32_t)rec->epoch);
}

static void print(struct cp_text_out *o, const struct cp_ring_record *rec)
{
	const uintptr_t *pcs;
	uint32_t npcs = stack_of(rec, &pcs);
	unsigned long ptr = rec->pcs[CP_ALLOCTRACE_PTR], bytes = rec->pcs[CP_ALLOCTRACE_BYTES];
	if (rec->tag == CP_ALLOCTRACE_ALLOC)
		cp_text_out_printf(o, "tracealloc(0x%lx, 0x%lx)\n", ptr, bytes);
	else if (rec->tag == CP_ALLOCTRACE_FREE)
		cp_text_out_printf(o, "tracefree(0x%lx)\n", ptr);
	else
		cp_text_out_printf(o, "tracerealloc(0x%lx, 0x%lx, 0x%lx)\n",
				(unsigned long)rec->pcs[CP_ALLOCTRACE_OLD_PTR], ptr, bytes);
	cp_text_out_printf(o, "thread %d [running]:\n", (int)rec->pcs[CP_ALLOCTRACE_TID]);
	cp_text_out_frames(o, pcs, npcs, (uint32_t)rec->epoch);
	cp_text_out_printf(o, "\n");
}

static void tell_losses(void)
{
	uint64_t nlost = load(&cp_alloctrace.nlost, relaxed);
	if (nlost != batch.nlost_told)
		cp_debug_printf("allocfreetrace: %llu calls lost\n\n", (unsigned long long)(nlost - batch.nlost_told));
	batch.nlost_told = nlost;
}

void cp_alloctrace_drain(void)
{
	struct cp_text_out *o;
	batch.nbytes = 0;
	cp_rings_drain(cp_alloctrace.ring, keep, NULL);
	store(&cp_alloctrace.is_stalled, false, relaxed);
	if (batch.nbytes > 0 && cp_text_out_begin(&o, cp_debug_output()) == 0) {
		each_record(o, add);
		cp_text_out_resolve(o);
		each_record(o, print);
		cp_text_out_end(o);
	}
	tell_losses();
}

int cp_alloctrace_open(void)
{
	cp_alloctrace.ring = cp_rings_create(1, RING_BYTES);
	return cp_alloctrace.ring ? 0 : -ENOMEM;
}

int cp_alloctrace_start(void)
{
	cp_heap_filter_pin_all();
	store(&cp_alloctrace.is_on, true, release);
	return cp_heap_set_rate(1);
}
