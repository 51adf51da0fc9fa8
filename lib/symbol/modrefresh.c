// SPDX-License-Identifier: MIT
// Context: CTL. The writer's half of the module map: registers modules, publishes snapshots, and stands
// around dlclose; see sigsafe/modmap.h.
//
// The loader's list is read (modscan.c) before our lock is taken, because the caller of dlopen may hold
// the loader's locks here; the loader's counters say whose reading is the newer one.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "debug_list.h"
#include "modscan.h"
#include "remapped.h"
#include "sigsafe/modmap_state.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/rulecache.h"
#include "sigsafe/sys.h"

enum { SPIN_TURNS = 200, YIELD_TURNS = 200, SLEEP_TURNS = 200, SLEEP_NS = 100000 };

// All under cp_modmap.lock.
static uint64_t published_version, published_subs;
static uint32_t published_epoch; // in which the reading of that began
static bool started; // the first refresh is over: what comes from now on may go again
static struct cp_snapshot *retired;
static struct cp_arena paths;
static struct cp_module *loaded; // all of them, by next_loaded
static struct cp_module *known[1 << 8]; // all that ever were, hashed, by next_known
static struct cp_snapshot nothing_shown = {.hides = true};

/** Readers are handlers: done in microseconds, unless their thread is stopped or starved. */
static bool drained(uint32_t ticket)
{
	for (int turn = 0; turn < SPIN_TURNS + YIELD_TURNS + SLEEP_TURNS; turn++) {
		if (cp_modmap_inside(CP_MODMAP_READS + ticket) == 0)
			return true;
		if (turn < SPIN_TURNS)
			continue;
		struct timespec pause = {.tv_nsec = SLEEP_NS};
		if (turn < SPIN_TURNS + YIELD_TURNS)
			cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
		else
			cp_syscall(SYS_nanosleep, &pause, 0, 0, 0);
	}
	return false;
}

/** True: no reader holds anything it found before this call. False: somebody may, after a long wait. */
static bool wait_for_readers(void)
{
	uint32_t phase = load(&cp_modmap.phase, relaxed) & 1;
	if (!drained(1 - phase))
		return false;
	store(&cp_modmap.phase, 1 - phase, seq_cst);
	return drained(phase);
}

static void retire(struct cp_snapshot *old)
{
	if (old && old != &nothing_shown) {
		old->next = retired;
		retired = old;
	}
	if (!wait_for_readers())
		return; // the next refresh frees them
	while (retired) {
		struct cp_snapshot *next = retired->next;
		cp_pages_free(retired, retired->size_bytes);
		retired = next;
	}
}

static bool is_loaded(const struct cp_module *m)
{
	return load(&m->unload_epoch, relaxed) == UINT32_MAX;
}

static struct cp_module *record(uint32_t id)
{
	return (struct cp_module *)cp_modmap_module(id);
}

/** Puts m among the spans, which stay sorted. */
static void insert(struct cp_snapshot *s, struct cp_module *m)
{
	uint32_t at = s->count++;
	for (; at > 0 && s->spans[at - 1].start > m->start; at--)
		s->spans[at] = s->spans[at - 1];
	s->spans[at] = (struct cp_span){m->start, m->end, m};
}

/** Shows handlers what is loaded; while a dlclose runs, only what cannot go. */
static int publish(void)
{
	uint32_t count = 0;
	for (const struct cp_module *m = loaded; m; m = m->next_loaded)
		count++;
	bool hide = cp_modmap_inside(CP_MODMAP_CLOSES) > 0;
	size_t bytes = sizeof(struct cp_snapshot) + count * sizeof(struct cp_span);
	struct cp_snapshot *s = cp_pages_alloc(bytes);
	if (s)
		s->size_bytes = bytes;
	else if (hide)
		s = &nothing_shown; // better no stacks for a while than a crash
	else
		return -ENOMEM;
	for (struct cp_module *m = loaded; m && s != &nothing_shown; m = m->next_loaded) {
		if (!(hide && m->may_unload))
			insert(s, m);
		s->hides |= hide && m->may_unload;
	}
	retire(exchange(&cp_modmap.snapshot, s, seq_cst));
	return 0;
}

static bool is_same(const struct cp_module *a, const struct cp_module *b)
{
	return a->start == b->start && a->end == b->end && a->load_bias == b->load_bias &&
		a->build_id_bytes == b->build_id_bytes &&
		!memcmp(a->build_id, b->build_id, a->build_id_bytes) && !strcmp(a->path, b->path);
}

/** The list of those it may be the same as. */
static struct cp_module **list_of(const struct cp_module *m)
{
	uint32_t hash = (uint32_t)(m->start >> 12);
	for (uint32_t i = 0; i < m->build_id_bytes; i++)
		hash = hash * 31 + m->build_id[i];
	return &known[hash % (sizeof(known) / sizeof(*known))];
}

/** The record of a module the loader lists. One that came back to its old place gets its old record,
 *  so that a program that loads and unloads for ever does not grow; a build id must prove it. */
static struct cp_module *registered(const struct cp_module *found)
{
	for (struct cp_module *m = *list_of(found); m; m = m->next_known) {
		if (is_same(m, found) && (is_loaded(m) || m->build_id_bytes))
			return m;
	}
	return NULL;
}

static void come(struct cp_module *m, uint32_t epoch)
{
	uint64_t came = load(&m->since_epoch, relaxed), went = load(&m->unload_epoch, relaxed);
	if (went != 0) // else it is new
		store(&m->stays[m->nstays++ % CP_MODULE_STAYS], came << 32 | went, relaxed);
	store(&m->since_epoch, epoch, relaxed);
	store(&m->unload_epoch, UINT32_MAX, relaxed);
	m->next_loaded = loaded;
	loaded = m;
}

/** Tells the records of earlier modules that a new one lies where they were. True: there are some. */
static bool overlay(const struct cp_module *added, uint32_t epoch)
{
	bool any = false;
	for (uint32_t id = 0; id < added->id; id++) {
		struct cp_module *m = record(id);
		if (m->start >= added->end || added->start >= m->end)
			continue;
		if (load(&m->overlaid_epoch, relaxed) > epoch)
			store(&m->overlaid_epoch, epoch, relaxed);
		any = true;
	}
	return any;
}

/** since: when the reading of the list before began; the module came then or later. */
static int add_record(const struct cp_module *found, uint32_t epoch, uint32_t since)
{
	uint32_t id = cp_modmap_count(), index;
	uint32_t chunk = cp_module_chunk(id, &index);
	if (chunk >= CP_MODULE_CHUNKS)
		return -ENOSPC;
	if (!load(&cp_modmap.chunks[chunk], relaxed)) {
		struct cp_module *room =
			cp_pages_alloc(((size_t)CP_FIRST_CHUNK << chunk) * sizeof(struct cp_module));
		if (!room)
			return -ENOMEM;
		store(&cp_modmap.chunks[chunk], room, release);
	}
	size_t path_bytes = strlen(found->path) + 1;
	char *path = cp_arena_alloc(&paths, path_bytes);
	if (!path)
		return -ENOMEM;
	struct cp_module *m = load(&cp_modmap.chunks[chunk], relaxed) + index;
	*m = *found;
	m->path = memcpy(path, found->path, path_bytes);
	m->id = id;
	m->may_unload = started;
	store(&m->overlaid_epoch, UINT32_MAX, relaxed);
	m->next_known = *list_of(m);
	*list_of(m) = m;
	// It may have been met before others went, whose going the same reading found; at its place was nobody else.
	if (overlay(m, epoch))
		since = epoch;
	store(&m->load_epoch, since, relaxed);
	come(m, since);
	store(&cp_modmap.count, id + 1, release);
	return 0;
}

/** Marks the loaded records the scan does not have. True: there were some. */
static bool mark_unloaded(const struct modscan *scan, uint32_t epoch)
{
	static uint32_t nscans;
	bool any = false;
	nscans++;
	for (uint32_t i = 0; i < scan->count; i++) {
		struct cp_module *m = registered(&scan->modules[i]);
		if (m)
			m->last_scan = nscans;
	}
	for (struct cp_module **link = &loaded, *m; (m = *link);) {
		if (m->last_scan == nscans) {
			link = &m->next_loaded;
			continue;
		}
		store(&m->unload_epoch, epoch, relaxed);
		*link = m->next_loaded;
		any = true;
	}
	return any;
}

/** Registers what the scan found and publishes it, unless somebody published a newer list already. */
static int apply(const struct modscan *scan)
{
	const struct cp_snapshot *shown = load(&cp_modmap.snapshot, relaxed);
	bool hidden = shown && shown->hides && !cp_modmap_inside(CP_MODMAP_CLOSES);
	bool newer = !scan->unchanged && (scan->only_adds || scan->adds + scan->subs > published_version);
	if (newer) {
		uint32_t next_epoch = load(&cp_modmap.epoch, relaxed) + 1;
		bool unloaded = !scan->only_adds && mark_unloaded(scan, next_epoch);
		if (unloaded || (!scan->only_adds && scan->subs != published_subs)) {
			cp_rulecache_flush();
			store(&cp_modmap.epoch, next_epoch, release);
		}
		uint32_t epoch = load(&cp_modmap.epoch, relaxed);
		for (uint32_t i = 0; i < scan->count; i++) {
			struct cp_module *m = registered(&scan->modules[i]);
			int err = m ? 0 : add_record(&scan->modules[i], epoch, published_epoch);
			if (err)
				return err;
			if (m && !is_loaded(m))
				come(m, epoch);
		}
		started = true;
		store(&cp_modmap.ask_loader, modscan_ask_loader, release);
	}
	int err = newer || hidden ? publish() : 0;
	if (newer && !err && !scan->only_adds) {
		published_version = scan->adds + scan->subs;
		published_subs = scan->subs;
		published_epoch = scan->epoch;
	}
	return err;
}

/** What it answers is asked no longer; what is met from here on may be newer than what it reads. */
static int scan_loaded(struct modscan *scan)
{
	store(&cp_modmap.stale, false, seq_cst);
	cp_modmap_begin_writing();
	uint64_t known_version = published_version;
	uint32_t epoch = load(&cp_modmap.epoch, relaxed);
	cp_modmap_end_writing();
	int err = modscan_read(scan, known_version);
	scan->epoch = epoch;
	return err;
}

int cp_modmap_read(void)
{
	struct modscan scan;
	bool was_stale = cp_modmap_is_stale();
	int err = scan_loaded(&scan);
	if (err)
		return err;
	cp_modmap_begin_writing();
	err = apply(&scan);
	cp_modmap_end_writing();
	modscan_free(&scan);
	if (was_stale)
		cp_remapped_scan();
	return err;
}

typedef int read_fn(void);
static _Atomic(read_fn *) reader = cp_modmap_read;

void cp_modmap_read_by(read_fn *read)
{
	store(&reader, read, release);
}

// Of the threads that take the map as it is: one leaves the process, others write meanwhile. 0: none.
static _Atomic int as_is_tids[4];
enum { MAX_AS_IS = sizeof(as_is_tids) / sizeof(*as_is_tids) };

static bool change_as_is(int from, int to)
{
	bool is_done = false;
	for (int i = 0; i < MAX_AS_IS && !is_done; i++) {
		int there = from;
		is_done = compare_exchange(&as_is_tids[i], &there, to, relaxed);
	}
	return is_done;
}

static bool takes_as_is(void)
{
	int tid = 0;
	for (int i = 0; i < MAX_AS_IS; i++) {
		int other = load(&as_is_tids[i], relaxed);
		if (other && other == (tid ? tid : (tid = cp_gettid())))
			return true;
	}
	return false;
}

void cp_modmap_take_as_is(bool takes)
{
	if (!takes)
		change_as_is(cp_gettid(), 0);
	else if (!takes_as_is())
		change_as_is(0, cp_gettid());
}

void cp_modmap_before_exit(void)
{
	if (debug_list_is_in_flux())
		cp_modmap_take_as_is(true);
}

int cp_modmap_refresh(void)
{
	return takes_as_is() ? 0 : load(&reader, acquire)();
}

void cp_modmap_before_dlclose(void)
{
	// What a handler met and nobody has registered yet may be what goes now: its last chance for a name.
	if (cp_modmap_is_stale())
		cp_modmap_read();
	cp_modmap_begin_writing();
	// A second dlclose at the same time finds them hidden, and the readers gone: we held the lock.
	cp_modmap_go_in(CP_MODMAP_CLOSES);
	if (cp_modmap_inside(CP_MODMAP_CLOSES) == 1)
		publish();
	cp_modmap_end_writing();
}

void cp_modmap_after_dlclose(void)
{
	struct modscan scan;
	int err = scan_loaded(&scan);
	cp_modmap_begin_writing();
	// In one step with the new list: an older one, read by somebody else while modules were hidden,
	// must find it published.
	cp_modmap_come_out(CP_MODMAP_CLOSES);
	if (!err)
		apply(&scan);
	cp_modmap_end_writing();
	if (!err)
		modscan_free(&scan);
}
