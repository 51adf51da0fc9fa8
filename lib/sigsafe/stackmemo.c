// SPDX-License-Identifier: MIT
// Context: SIG. See stackmemo.h.
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
	MEMOS_LOG2 = 6, // threads that share one only take it from each other
	MAX_FRAMES = 128,
};

struct frame {
	uintptr_t sp, pc, fp;
	uintptr_t ra_at; // where the return address was loaded from
	uintptr_t fp_at; // where the caller's frame pointer was; 0: it is this frame's
	uint64_t hash;   // of the stack from here, by cp_stack_hash()
	bool needs_fp;   // the walk from here depends on fp
	void *note;
};

struct cp_stackmemo {
	_Atomic uint32_t is_taken;
	uint32_t epoch; // of the module map: the same pc means the same rule
	uint32_t count; // of frames
	uint32_t leaf;  // the caller's
	struct frame frames[MAX_FRAMES]; // root first
	struct frame fresh[MAX_FRAMES];  // of the walk under way, innermost first
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

struct cp_stackmemo *cp_stackmemo_take(void)
{
	struct cp_stackmemo *all = load(&memos, acquire);
	uint64_t top = cp_readable_begin((uintptr_t)__builtin_frame_address(0)).high; // of this stack; 0: not known yet
	if (!all || !top)
		return NULL;
	struct cp_stackmemo *m = &all[top * 0x9e3779b97f4a7c15u >> (64 - MEMOS_LOG2)];
	uint32_t expected = 0;
	return compare_exchange(&m->is_taken, &expected, 1, acquire) ? m : NULL;
}

void cp_stackmemo_give(struct cp_stackmemo *m)
{
	store(&m->is_taken, 0, release);
}

static uintptr_t word_at(uintptr_t addr)
{
	return *(const uintptr_t *)addr;
}

/** Whether the walk goes on from f as it did from frames[i], which has the same sp. */
static bool is_as_before(const struct cp_stackmemo *m, uint32_t i, const struct cp_frame *f)
{
	const struct frame *at = &m->frames[i];
	if (at->pc != f->pc || (at->needs_fp && at->fp != f->fp) || m->frames[0].sp > f->stack.high)
		return false;
	for (; at > m->frames; at--) {
		const struct frame *caller = at - 1;
		if (strip_pc(word_at(at->ra_at)) != caller->pc)
			return false;
		if (caller->needs_fp && at->fp_at && word_at(at->fp_at) != caller->fp)
			return false;
	}
	return true;
}

static inline void set(struct frame *fresh, const struct cp_frame *f, bool needs_fp)
{
	fresh->sp = f->sp;
	fresh->pc = f->pc;
	fresh->fp = f->fp;
	fresh->needs_fp = needs_fp;
}

/** One frame outwards, noted in *fresh. False: not plain. */
static inline bool step(struct cp_frame *f, uint32_t packed, struct frame *fresh)
{
	uint32_t kind = packed & PACKED_KIND_MASK;
	if (kind != PACKED_SP && kind != PACKED_FP)
		return false;
	set(fresh, f, kind == PACKED_FP);
	plain_words(f, packed, &fresh->ra_at, &fresh->fp_at);
	if (!fresh->ra_at || !apply_plain(f, packed))
		return false;
	f->pc = strip_pc(f->pc);
	f->interrupted = false;
	return f->pc >= CP_MARKER_LIMIT;
}

/** Walks until it meets frames[*nkept_out - 1], or the root (0). Returns how many are fresh; 0: not plain. */
static uint32_t walk(struct cp_stackmemo *m, struct cp_frame *f, uint32_t *nkept_out)
{
	uint32_t nkept = m->count, nfresh = 0;
	for (; nfresh < MAX_FRAMES; nfresh++) {
		while (nkept && m->frames[nkept - 1].sp < f->sp)
			nkept--;
		*nkept_out = nkept;
		if (nkept && m->frames[nkept - 1].sp == f->sp && is_as_before(m, nkept - 1, f))
			return nfresh;
		uint32_t packed = cp_rulecache_get(f->pc - !f->interrupted);
		if ((packed & PACKED_KIND_MASK) == PACKED_ROOT) {
			set(&m->fresh[nfresh], f, false);
			*nkept_out = 0;
			return nfresh + 1;
		}
		if (!step(f, packed, &m->fresh[nfresh]))
			break;
	}
	*nkept_out = 0;
	return 0;
}

static void keep_fresh(struct cp_stackmemo *m, uint32_t nkept, uint32_t nfresh)
{
	m->count = nkept;
	while (nfresh-- > 0) {
		struct frame *at = &m->frames[m->count];
		*at = m->fresh[nfresh];
		at->note = NULL;
		at->hash = cp_stack_hash(m->count ? at[-1].hash : 0, at->pc);
		at->needs_fp |= m->count && !at->fp_at && at[-1].needs_fp;
		m->count++;
	}
}

uint32_t cp_stackmemo_walk(struct cp_stackmemo *m, const struct cp_regs *regs, const void *caller)
{
	struct cp_frame f = {
			.pc = regs->pc,
			.sp = regs->sp,
			.fp = regs->fp,
			.extra = regs->extra,
			.interrupted = true,
			.stack = cp_readable_begin(regs->sp),
	};
	if (m->epoch != cp_modmap_epoch()) {
		m->epoch = cp_modmap_epoch();
		m->count = 0;
	}
	uint32_t nkept, nfresh = walk(m, &f, &nkept);
	if (nkept + nfresh == 0 || nkept + nfresh > MAX_FRAMES)
		return 0;
	keep_fresh(m, nkept, nfresh);
	uint32_t n = m->count;
	while (n && m->frames[n - 1].pc != (uintptr_t)caller)
		n--;
	m->leaf = n - 1;
	return n;
}

uint64_t cp_stackmemo_pcs(const struct cp_stackmemo *m, uintptr_t *pcs)
{
	for (uint32_t i = 0; i <= m->leaf; i++)
		pcs[i] = m->frames[m->leaf - i].pc;
	pcs[0]--;
	return cp_stack_hash(m->leaf ? m->frames[m->leaf - 1].hash : 0, pcs[0]);
}

void **cp_stackmemo_note(struct cp_stackmemo *m)
{
	return &m->frames[m->leaf].note;
}
