// SPDX-License-Identifier: MIT
// Context: SIG. What the module map's reader (modmap.c) and its writer (lib/symbol/modrefresh.c) share.
#ifndef CPROF_SIGSAFE_MODMAP_STATE_H
#define CPROF_SIGSAFE_MODMAP_STATE_H

#include "atomic.h"
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

struct cp_modmap {
	_Atomic(struct cp_snapshot *) snapshot;
	_Atomic uint32_t phase;      // which of `readers` newcomers join
	_Atomic uint32_t readers[2];
	_Atomic uint32_t epoch;
	_Atomic bool stale;
	_Atomic uint32_t nasked;     // a futex: how often somebody has asked to have the list read
	_Atomic bool may_ask;        // who makes it stale shall, too
	_Atomic(cp_ask_loader_fn *) ask_loader; // NULL before the first refresh
	_Atomic uint32_t count;      // of records
	_Atomic(struct cp_module *) chunks[CP_MODULE_CHUNKS];
	// Held by writers, never while they call the loader. 0: free, 1: held, 2: held and waited for.
	_Atomic uint32_t lock;
	_Atomic uint32_t closing;    // dlclose calls running
	_Atomic uint32_t scanning;   // threads of ours that are inside the loader
	_Atomic uint32_t forking;    // threads that fork now: let nobody go into the loader
};

extern struct cp_modmap cp_modmap;

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
