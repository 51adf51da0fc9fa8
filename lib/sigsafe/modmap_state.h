// SPDX-License-Identifier: MIT
// Context: SIG. What the module map's reader (modmap.c) and its writer (lib/symbol/modrefresh.c) share.
#ifndef CPROF_SIGSAFE_MODMAP_STATE_H
#define CPROF_SIGSAFE_MODMAP_STATE_H

#include "atomic.h"
#include "lock.h"
#include "modmap.h"

struct cp_span {
	uintptr_t start, end;
	struct cp_module *module;
};

/** Sorted by address; immutable once published. */
struct cp_snapshot {
	struct cp_snapshot *next; // retired, not yet free
	size_t size_bytes;        // of the pages it lies in
	uint32_t count;
	bool hides;               // modules that may unload are left out: a dlclose runs
	struct cp_span spans[];
};

// The registry grows by chunks of doubling size, so that records never move: chunk c holds 32 << c.
enum { CP_MODULE_CHUNKS = 20, CP_FIRST_CHUNK = 32 };

/** The loader's own answer for a pc (_dl_find_object: lock-free, made for unwinders in handlers). */
typedef bool cp_ask_loader_fn(uintptr_t pc, uintptr_t *image_out);

/** What a thread may be in the middle of. */
enum cp_modmap_place {
	CP_MODMAP_READS,      // the two counters of readers; newcomers join the one `phase` names
	CP_MODMAP_READS_TOO,
	CP_MODMAP_CLOSES,     // in dlclose
	CP_MODMAP_SCANS,      // one of ours in the loader, or the program's for us
	CP_MODMAP_FORKS,      // it lets nobody go into the loader
	CP_MODMAP_PLACES,
};

struct cp_modmap {
	_Atomic(struct cp_snapshot *) snapshot;
	_Atomic uint32_t phase;
	_Atomic uint32_t inside[CP_MODMAP_PLACES]; // how many threads are
	_Atomic uint32_t epoch;
	_Atomic bool stale;
	_Atomic uint32_t nasked;     // a futex: how often somebody has asked to have the list read
	_Atomic bool may_ask;        // who makes it stale shall, too
	_Atomic(cp_ask_loader_fn *) ask_loader; // NULL before the first refresh
	_Atomic uint32_t count;      // of records
	_Atomic(struct cp_module *) chunks[CP_MODULE_CHUNKS];
	struct cp_lock lock; // of writers; never held while they call the loader
};

extern struct cp_modmap cp_modmap;

/** How often this thread is inside. In the child of a fork that a handler, or a library's destructor, has made in there
 *  the thread goes on inside, and alone. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread uint8_t
		cp_modmap_own_inside[CP_MODMAP_PLACES];

static inline void cp_modmap_go_in(enum cp_modmap_place place)
{
	fetch_add(&cp_modmap.inside[place], 1, seq_cst);
	cp_modmap_own_inside[place]++;
}

static inline void cp_modmap_come_out(enum cp_modmap_place place)
{
	cp_modmap_own_inside[place]--;
	fetch_sub(&cp_modmap.inside[place], 1, release);
}

static inline uint32_t cp_modmap_inside(enum cp_modmap_place place)
{
	return load(&cp_modmap.inside[place], seq_cst);
}

/** Around a change of what cp_modmap.lock guards. Who forks has it already. Context: CTL. */
static inline void cp_modmap_begin_writing(void)
{
	if (!cp_modmap_own_inside[CP_MODMAP_FORKS])
		cp_lock_take(&cp_modmap.lock);
}

static inline void cp_modmap_end_writing(void)
{
	if (!cp_modmap_own_inside[CP_MODMAP_FORKS])
		cp_lock_release(&cp_modmap.lock);
}

/** Around a call of the loader that takes its lock; see cp_modmap_before_fork(). Context: CTL. */
void cp_modmap_scan_begin(void);
void cp_modmap_scan_end(void);

/** The place of record `id`; its chunk may not be there yet. */
static inline uint32_t cp_module_chunk(uint32_t id, uint32_t *index_out)
{
	uint32_t n = id / CP_FIRST_CHUNK + 1;
	uint32_t chunk = 31 - (uint32_t)__builtin_clz(n);
	*index_out = id - CP_FIRST_CHUNK * ((1u << chunk) - 1);
	return chunk;
}

#endif
