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
};

struct frame {
	uintptr_t sp, pc, fp;
	const uintptr_t *ra_at; // where the return address was loaded from
	const uintptr_t *fp_at; // where the caller's frame pointer was; NULL: it is this frame's, or not needed
	const struct frame *caller; // NULL: the root
	uint64_t hash;              // of the stack from here, by cp_stack_hash()
	uint16_t next;              // of its chain: 1 + its place; 0: none
	uint8_t depth;              // the root's is 1
	bool needs_fp;              // the walk from here depends on fp
};

struct note {
	const struct frame *leaf;
	uint64_t tag;
	void *word;
};

struct cp_stackmemo {
	_Atomic uint32_t is_taken;
	uint32_t epoch;           // of the module map: the same pc means the same rule
	struct cp_readable stack; // all frames are on this one
	const struct frame *leaf; // the caller's, after a walk
	uint32_t count;           // of frames
	uint16_t chains[CHAINS];  // by pc and sp
	struct note notes[NOTES];
	struct frame frames[FRAMES];
	struct frame fresh[MAX_DEPTH]; // of the walk under way, innermost first
};

static _Atomic(struct cp_stackmemo *) memos;

int cp_stackmemo_init(void)
{
	if (!load(&memos, relaxed))
		store(&memos, cp_pages_alloc(sizeof(struct cp_stackmemo) << MEMOS_LOG2), release);
	return load(&memos, relaxed) ? 0 : -ENOMEM;
}

void cp_stackmemo_after_fork(void)
{
	struct cp_stackmemo *m = load(&memos, acquire);
	for (uint32_t i = 0; m && i < 1u << MEMOS_LOG2; i++)
		if (load(&m[i].is_taken, relaxed))
			store(&m[i].is_taken, 0, relaxed);
}

static void forget(struct cp_stackmemo *m)
{
	m->count = 0;
	__builtin_memset(m->chains, 0, sizeof(m->chains));
	__builtin_memset(m->notes, 0, sizeof(m->notes));
}

struct cp_stackmemo *cp_stackmemo_take(void)
{
	struct cp_stackmemo *all = load(&memos, acquire);
	struct cp_readable stack = cp_readable_begin((uintptr_t)__builtin_frame_address(0));
	if (!all || !stack.high) // not known yet
		return NULL;
	struct cp_stackmemo *m = &all[stack.high * 0x9e3779b97f4a7c15u >> (64 - MEMOS_LOG2)];
	uint32_t expected = 0, epoch = cp_modmap_epoch();
	if (!compare_exchange(&m->is_taken, &expected, 1, acquire))
		return NULL;
	if (m->epoch != epoch || m->stack.high != stack.high || m->count + MAX_DEPTH > FRAMES)
		forget(m);
	m->epoch = epoch;
	m->stack = stack;
	return m;
}

void cp_stackmemo_give(struct cp_stackmemo *m)
{
	store(&m->is_taken, 0, release);
}

/** Whether the walk goes on from `at` as it did. False: *unlike_sp_inout is at least the frame whose caller differs. */
static inline bool is_as_before(const struct frame *at, uintptr_t *unlike_sp_inout)
{
	for (const struct frame *caller; (caller = at->caller); at = caller) {
		if (strip_pc(*at->ra_at) == caller->pc && (!at->fp_at || *at->fp_at == caller->fp))
			continue;
		*unlike_sp_inout = at->sp > *unlike_sp_inout ? at->sp : *unlike_sp_inout;
		return false;
	}
	return true;
}

static uint16_t *chain_of(struct cp_stackmemo *m, uintptr_t pc, uintptr_t sp)
{
	return &m->chains[cp_stack_hash(pc * 0x9e3779b97f4a7c15u, sp) & (CHAINS - 1)];
}

/** The remembered frame from which all is as it is from f; NULL: none. */
static inline const struct frame *find(struct cp_stackmemo *m, const struct cp_frame *f, uintptr_t *unlike_sp_inout)
{
	const struct frame *at;
	int left = MAX_ALIKE;
	for (uint16_t i = *chain_of(m, f->pc, f->sp); i && left; i = at->next) {
		at = &m->frames[i - 1];
		if (at->pc != f->pc || at->sp != f->sp)
			continue;
		if ((!at->needs_fp || at->fp == f->fp) && is_as_before(at, unlike_sp_inout))
			return at;
		left--;
	}
	return NULL;
}

/** One frame outwards, noted in *fresh. False: not plain. */
static inline bool step(struct cp_frame *f, uint32_t packed, struct frame *fresh)
{
	uint32_t kind = packed & PACKED_KIND_MASK;
	uintptr_t ra_at, fp_at;
	if (kind != PACKED_SP && kind != PACKED_FP)
		return false;
	plain_words(f, packed, &ra_at, &fp_at);
	fresh->needs_fp = kind == PACKED_FP;
	fresh->ra_at = (const uintptr_t *)ra_at;
	fresh->fp_at = (const uintptr_t *)fp_at;
	if (!ra_at || !apply_plain(f, packed))
		return false;
	f->pc = strip_pc(f->pc);
	f->interrupted = false;
	return f->pc >= CP_MARKER_LIMIT;
}

/** Walks until it meets a remembered frame, *met_out, or the root (NULL). Returns how many are fresh; -1: not plain. */
static int walk(struct cp_stackmemo *m, struct cp_frame *f, const struct frame **met_out)
{
	uintptr_t unlike_sp = 0;
	for (int nfresh = 0; nfresh < MAX_DEPTH; nfresh++) {
		struct frame *fresh = &m->fresh[nfresh];
		*met_out = f->sp > unlike_sp ? find(m, f, &unlike_sp) : NULL;
		if (*met_out)
			return nfresh;
		*fresh = (struct frame){.sp = f->sp, .pc = f->pc, .fp = f->fp};
		uint32_t packed = cp_rulecache_get(f->pc - !f->interrupted);
		if ((packed & PACKED_KIND_MASK) == PACKED_ROOT)
			return nfresh + 1;
		if (!step(f, packed, fresh))
			break;
	}
	return -1;
}

static const struct frame *keep(struct cp_stackmemo *m, const struct frame *fresh, const struct frame *caller)
{
	struct frame *at = &m->frames[m->count++];
	uint16_t *chain = chain_of(m, fresh->pc, fresh->sp);
	*at = *fresh;
	at->caller = caller;
	at->depth = 1;
	at->hash = cp_stack_hash(caller ? caller->hash : 0, at->pc);
	if (caller) {
		at->depth += caller->depth;
		at->needs_fp |= !at->fp_at && caller->needs_fp;
		at->fp_at = caller->needs_fp ? at->fp_at : NULL;
	}
	at->next = *chain;
	*chain = (uint16_t)m->count;
	return at;
}

uint32_t cp_stackmemo_walk(struct cp_stackmemo *m, const struct cp_regs *regs, const void *caller)
{
	struct cp_frame f = {
			.pc = regs->pc,
			.sp = regs->sp,
			.fp = regs->fp,
			.extra = regs->extra,
			.interrupted = true,
			.stack = m->stack,
	};
	const struct frame *at;
	int nfresh = walk(m, &f, &at);
	if (nfresh < 0 || nfresh + (at ? at->depth : 0) > MAX_DEPTH)
		return 0;
	while (nfresh > 0)
		at = keep(m, &m->fresh[--nfresh], at);
	while (at && at->pc != (uintptr_t)caller)
		at = at->caller;
	m->leaf = at;
	return at ? at->depth : 0;
}

uint64_t cp_stackmemo_pcs(const struct cp_stackmemo *m, uintptr_t *pcs)
{
	const struct frame *callers = m->leaf->caller;
	uintptr_t *into = pcs;
	for (const struct frame *at = m->leaf; at; at = at->caller)
		*into++ = at->pc;
	pcs[0]--;
	return cp_stack_hash(callers ? callers->hash : 0, pcs[0]);
}

void **cp_stackmemo_note(struct cp_stackmemo *m, uint64_t tag)
{
	struct note *note = &m->notes[cp_stack_hash(tag, m->leaf->hash) & (NOTES - 1)];
	if (note->leaf != m->leaf || note->tag != tag)
		*note = (struct note){m->leaf, tag, NULL};
	return &note->word;
}
