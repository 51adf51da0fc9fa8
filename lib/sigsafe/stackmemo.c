// SPDX-License-Identifier: MIT
// Context: SIG. See stackmemo.h.
//
// Frames are remembered as a tree, each with a link to its caller. A memo that is full forgets everything, so that
// no link leads nowhere; what is in use is learnt again in a few walks.
//
// Only plain frames are remembered (plain.h), on the thread's own stack. Anything else is left to cp_unwind(),
// which learns the rules and the stack's bounds on its way, so that the next walk succeeds here.
#include "stackmemo.h"

#include <errno.h>

#include "alone.h"
#include "atomic.h"
#include "modmap.h"
#include "pagealloc.h"
#include "plain.h"
#include "rulecache.h"
#include "safeload.h"
#include "stacktab.h"

enum {
	MEMOS_LOG2 = 6, // stacks that share one only take it from each other
	FRAMES = 1024,
	CHAINS = 512,
	NOTES = 256,
	MAX_DEPTH = 128,
	MAX_ALIKE = 4, // frames with one pc and sp that are tried
	LINE_BYTES = 64,
};

/** What tells that a walk goes on as one did: half a cache line, for where samples are rare none of it is in a cache.
 *  Places on the stack are distances down from its end. */
struct frame {
	uintptr_t pc, fp;
	uint32_t sp_below;
	uint32_t ra_below; // where the return address was loaded from
	uint32_t fp_below; // where the caller's frame pointer was; 0: it is this frame's, or not needed
	uint16_t caller;   // 0: this is the root
	uint8_t depth;     // the root's is 1
	bool needs_fp;     // the walk from here depends on fp
};

struct note {
	_Alignas(LINE_BYTES / 2) uint64_t tag;
	void *word;
	uint32_t leaf, nforgets; // when it was noted
};

struct cp_stackmemo {
	_Atomic uint64_t taken_in; // the generation of who has it, if that is ours
	uint32_t epoch;           // of the module map: the same pc means the same rule
	struct cp_readable stack; // all frames are on this one
	uint32_t count;           // of frames, which are numbered from 1
	uint32_t leaf;            // the caller's, after a walk
	uint32_t nforgets;        // how often all was forgotten
	_Alignas(LINE_BYTES) uint16_t chains[CHAINS]; // by pc and sp
	struct note notes[NOTES];
	_Alignas(LINE_BYTES) struct frame frames[1 + FRAMES];
	uint16_t nexts[1 + FRAMES];    // in a frame's chain; 0: none
	uint64_t hashes[1 + FRAMES];   // of the stack from a frame on, by cp_stack_hash()
	struct frame fresh[MAX_DEPTH]; // of the walk under way, innermost first
};

static CP_NEAR_DATA _Atomic(struct cp_stackmemo *) memos;

/** Of forks, from 1. Who had a memo in an earlier one was left behind, so that the child needs to touch none. */
static CP_NEAR_DATA _Atomic uint32_t generation = 1;

int cp_stackmemo_init(void)
{
	if (!load(&memos, relaxed))
		store(&memos, cp_pages_alloc(sizeof(struct cp_stackmemo) << MEMOS_LOG2), release);
	return load(&memos, relaxed) ? 0 : -ENOMEM;
}

void cp_stackmemo_after_fork(void)
{
	store(&generation, load(&generation, relaxed) + 1, relaxed);
}

static CP_FAR void forget(struct cp_stackmemo *m)
{
	m->count = 0;
	m->nforgets++;
	__builtin_memset(m->chains, 0, sizeof(m->chains));
}

CP_NEAR struct cp_stackmemo *cp_stackmemo_take(void)
{
	struct cp_stackmemo *all = load(&memos, acquire);
	struct cp_readable stack = cp_readable_begin((uintptr_t)__builtin_frame_address(0));
	if (!all || !stack.high) // not known yet
		return NULL;
	struct cp_stackmemo *m = &all[stack.high * 0x9e3779b97f4a7c15u >> (64 - MEMOS_LOG2)];
	uint64_t before = load(&m->taken_in, relaxed), now = load(&generation, relaxed);
	uint32_t epoch = cp_modmap_epoch();
	if (before == now || !cp_alone_exchange(&m->taken_in, &before, now))
		return NULL;
	if (before || m->epoch != epoch || m->stack.high != stack.high || m->count + MAX_DEPTH > FRAMES)
		forget(m);
	m->epoch = epoch;
	m->stack = stack;
	return m;
}

CP_NEAR void cp_stackmemo_give(struct cp_stackmemo *m)
{
	store(&m->taken_in, 0, release);
}

static inline uint32_t below(const struct cp_stackmemo *m, uintptr_t at)
{
	return (uint32_t)(m->stack.high - at);
}

static inline uintptr_t word(const struct cp_stackmemo *m, uint32_t at_below)
{
	return *(const uintptr_t *)(m->stack.high - at_below);
}

/** Whether the walk goes on from `at` as it did. False: the caller differs of a frame that is no deeper than
 *  *unlike_inout. */
static inline bool is_as_before(const struct cp_stackmemo *m, const struct frame *at, uint32_t *unlike_inout)
{
	for (const struct frame *caller; at->caller; at = caller) {
		caller = &m->frames[at->caller];
		if (strip_pc(word(m, at->ra_below)) == caller->pc &&
				(!at->fp_below || word(m, at->fp_below) == caller->fp))
			continue;
		*unlike_inout = at->sp_below < *unlike_inout ? at->sp_below : *unlike_inout;
		return false;
	}
	return true;
}

static uint16_t *chain_of(struct cp_stackmemo *m, uintptr_t pc, uint32_t sp_below)
{
	return &m->chains[cp_stack_hash(pc * 0x9e3779b97f4a7c15u, sp_below) & (CHAINS - 1)];
}

/** The remembered frame from which all is as it is from f; 0: none. */
static inline uint16_t find(struct cp_stackmemo *m, const struct cp_frame *f, uint32_t *unlike_inout)
{
	uint32_t sp_below = below(m, f->sp);
	int left = MAX_ALIKE;
	for (uint16_t i = *chain_of(m, f->pc, sp_below); i && left; i = m->nexts[i]) {
		const struct frame *at = &m->frames[i];
		if (at->pc != f->pc || at->sp_below != sp_below)
			continue;
		if ((!at->needs_fp || at->fp == f->fp) && is_as_before(m, at, unlike_inout))
			return i;
		left--;
	}
	return 0;
}

/** One frame outwards, noted in *fresh. False: not plain. */
static inline bool step(const struct cp_stackmemo *m, struct cp_frame *f, uint32_t packed, struct frame *fresh)
{
	uint32_t kind = packed & PACKED_KIND_MASK;
	uintptr_t ra_at, fp_at;
	if (kind != PACKED_SP && kind != PACKED_FP)
		return false;
	plain_words(f, packed, &ra_at, &fp_at);
	fresh->needs_fp = kind == PACKED_FP;
	fresh->ra_below = below(m, ra_at);
	fresh->fp_below = fp_at ? below(m, fp_at) : 0;
	if (!ra_at || !apply_plain(f, packed))
		return false;
	f->pc = strip_pc(f->pc);
	f->interrupted = false;
	return f->pc >= CP_MARKER_LIMIT;
}

/** Walks until it meets a remembered frame, *met_out, or the root (0). Returns how many are fresh; -1: not plain. */
static CP_NEAR int walk(struct cp_stackmemo *m, struct cp_frame *f, uint16_t *met_out)
{
	uint32_t unlike = UINT32_MAX;
	for (int nfresh = 0; nfresh < MAX_DEPTH; nfresh++) {
		struct frame *fresh = &m->fresh[nfresh];
		*met_out = below(m, f->sp) < unlike ? find(m, f, &unlike) : 0;
		if (*met_out)
			return nfresh;
		*fresh = (struct frame){.pc = f->pc, .fp = f->fp, .sp_below = below(m, f->sp)};
		uint32_t packed = cp_rulecache_get(f->pc - !f->interrupted);
		if ((packed & PACKED_KIND_MASK) == PACKED_ROOT)
			return nfresh + 1;
		if (!step(m, f, packed, fresh))
			break;
	}
	return -1;
}

static __attribute__((noinline)) uint16_t keep(struct cp_stackmemo *m, const struct frame *fresh, uint16_t caller_id)
{
	uint16_t id = (uint16_t)++m->count, *chain = chain_of(m, fresh->pc, fresh->sp_below);
	const struct frame *caller = &m->frames[caller_id]; // that of 0 is all 0, and depends on nothing
	struct frame *at = &m->frames[id];
	*at = *fresh;
	at->caller = caller_id;
	at->depth = caller->depth + 1;
	at->needs_fp |= !at->fp_below && caller->needs_fp;
	at->fp_below = caller->needs_fp ? at->fp_below : 0;
	m->hashes[id] = cp_stack_hash(m->hashes[caller_id], at->pc);
	m->nexts[id] = *chain;
	*chain = id;
	return id;
}

CP_NEAR uint32_t cp_stackmemo_walk(struct cp_stackmemo *m, const struct cp_regs *regs, const void *caller)
{
	struct cp_frame f = {
			.pc = regs->pc,
			.sp = regs->sp,
			.fp = regs->fp,
			.extra = regs->extra,
			.interrupted = true,
			.stack = m->stack,
	};
	uint16_t at = 0;
	int nfresh = m->stack.high - f.sp < UINT32_MAX ? walk(m, &f, &at) : -1;
	if (nfresh < 0 || nfresh + m->frames[at].depth > MAX_DEPTH)
		return 0;
	while (nfresh > 0)
		at = keep(m, &m->fresh[--nfresh], at);
	while (at && m->frames[at].pc != (uintptr_t)caller)
		at = m->frames[at].caller;
	m->leaf = at;
	return m->frames[at].depth;
}

uint64_t cp_stackmemo_pcs(const struct cp_stackmemo *m, uintptr_t *pcs)
{
	uintptr_t *into = pcs;
	for (uint32_t at = m->leaf; at; at = m->frames[at].caller)
		*into++ = m->frames[at].pc;
	pcs[0]--;
	return cp_stack_hash(m->hashes[m->frames[m->leaf].caller], pcs[0]);
}

CP_NEAR void **cp_stackmemo_note(struct cp_stackmemo *m, uint64_t tag)
{
	struct note *note = &m->notes[cp_stack_hash(cp_stack_hash(0, m->leaf), tag) & (NOTES - 1)];
	if (note->leaf != m->leaf || note->nforgets != m->nforgets || note->tag != tag)
		*note = (struct note){.tag = tag, .leaf = m->leaf, .nforgets = m->nforgets};
	return &note->word;
}
