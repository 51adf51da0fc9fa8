// SPDX-License-Identifier: MIT
// Context: SIG to read, CTL to rebuild. Which module is at this address?
//
// An immutable snapshot, swapped atomically. Handlers read it while dlopen and dlclose change it; it is
// rebuilt outside any handler (lib/symbol/modrefresh.c). Readers announce themselves in one of two
// counters, so that the writer knows when nobody can hold what it took away: a snapshot, or the unwind
// tables of a module that dlclose is about to unmap.
#ifndef CPROF_SIGSAFE_MODMAP_H
#define CPROF_SIGSAFE_MODMAP_H

#include "types.h"

enum { CP_BUILD_ID_MAX_BYTES = 20, CP_MODULE_STAYS = 4 };

/** One ELF object that is, or was, mapped. Never freed, never changed after it was published, but for
 *  the epochs: profiles are symbolized after a dlclose too. */
struct cp_module {
	uintptr_t start, end; // of its executable segments, whole pages as in /proc/self/maps
	uintptr_t load_bias;  // address - p_vaddr
	uintptr_t eh_frame_hdr; // address in memory, 0: none
	size_t eh_frame_hdr_bytes;
	uintptr_t frames_start, frames_end; // the readable segment .eh_frame_hdr and .eh_frame lie in
	uint64_t file_offset; // of `start`, as /proc/self/maps shows it
	const char *path;     // absolute; "[vdso]"
	uint8_t build_id[CP_BUILD_ID_MAX_BYTES];
	uint8_t build_id_bytes; // 0: none
	bool is_main;           // the program itself
	bool may_unload;        // it came after the program had started
	uint32_t id;            // dense, in load order: an index for tables
	struct cp_module *next_loaded, *next_known; // the writer's
	uint32_t last_scan;     // so, too: that found it loaded
	// Values of cp_modmap_epoch(). A module that comes back to its place gets its record back.
	_Atomic uint32_t load_epoch;    // when it came first
	_Atomic uint32_t since_epoch;   // when it came last
	_Atomic uint32_t unload_epoch;  // when it went; UINT32_MAX: it is loaded
	_Atomic uint32_t overlaid_epoch; // when another came to its place first; UINT32_MAX: none did
	_Atomic uint64_t stays[CP_MODULE_STAYS]; // the last ones before: when it came << 32 | when it went
	uint32_t nstays;
};

/** Set in a stack's epoch: each pc in it is of the module that was the last of them all to come first to that
 *  place, up to the epoch. */
enum { CP_EPOCH_FIRST = 1u << 31 };

/** The loaded module at pc, NULL: none. *busy_out (may be NULL): modules are missing because dlclose
 *  runs. The record may be read for ever; the memory it points into, between enter and leave. */
const struct cp_module *cp_modmap_find(uintptr_t pc, bool *busy_out);

/** A module that came since the last refresh, described into *module_out (no path, no id). Call it
 *  between enter and leave, when cp_modmap_find() said that nothing is hidden. */
bool cp_modmap_find_new(uintptr_t pc, struct cp_module *module_out);

/** Between the two, no module that cp_modmap_find() returns is unmapped (dlclose waits, up to a limit).
 *  They nest. Context: SIG. */
uint32_t cp_modmap_enter(void);
void cp_modmap_leave(uint32_t ticket);

/** Grows by one whenever a module was unloaded: a pc means the same as long as this stays the same. */
uint32_t cp_modmap_epoch(void);

/** The epoch to keep a stack under; cp_modmap_find_at() takes it. Equal stacks have equal ones as long as the same
 *  modules are at these places, however often they go and come back: tables do not grow by each dlclose. */
uint32_t cp_modmap_epoch_of(const uintptr_t *pcs, uint32_t npcs);

/** A handler met code in no module since the last refresh (a dlopen still running its constructors). */
bool cp_modmap_is_stale(void);

/** Around fork(): a child copies the loader's lock as it is, so none of ours may hold it then (for ever,
 *  there). Waits a bounded time: the forking thread may itself be who keeps a reader waiting. Nobody writes to the map
 *  meanwhile but, in another handler of fork()'s, the thread itself. Signals are blocked. Context: FORK. */
void cp_modmap_before_fork(void);
void cp_modmap_fork_done(void);

/** In the child of fork(), before cp_modmap_fork_done(): the other threads are gone. Context: FORK. */
void cp_modmap_after_fork(void);

/** There, where the program had other threads: one of them may have held the loader's lock, which libc does not make
 *  anew. Until this process has loaded or unloaded something itself its list is read without. Context: FORK. */
void cp_modmap_doubt_loader(void);

/** The module that was at pc while `epoch` was the epoch, or as cp_modmap_epoch_of() meant it, loaded still or
 *  not; NULL: none, or more than one may have been. Context: CTL. */
const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch);

/** All modules ever seen, by id. Context: CTL. */
uint32_t cp_modmap_count(void);
const struct cp_module *cp_modmap_module(uint32_t id);

/** Reads the loader's list anew (dl_iterate_phdr) and publishes it. The first call should come before
 *  main: what is there by then is taken to stay. 0 or a negative errno. Context: CTL. */
int cp_modmap_refresh(void);

/** The same, whoever cp_modmap_read_by() said. */
int cp_modmap_read(void);

/** Who cp_modmap_refresh() has the list read by: it calls cp_modmap_read(), or has a thread call it. */
void cp_modmap_read_by(int (*read)(void));

/** For the calling thread cp_modmap_refresh() does nothing, until that is taken back: it leaves the process, perhaps
 *  in a handler that has interrupted the loader, or whoever reads its list. What is known must do. */
void cp_modmap_take_as_is(bool takes);

/** In exit(), which a handler may have called within the loader: then its list is half changed, and the calling thread
 *  does so, too. */
void cp_modmap_before_exit(void);

/** Around the real dlclose: modules that may go are hidden from handlers before it runs, readers that
 *  still look are waited for; after it the map is read anew. Context: CTL. */
void cp_modmap_before_dlclose(void);
void cp_modmap_after_dlclose(void);

#endif
