// SPDX-License-Identifier: MIT
// Context: SIG. See thread.h.
//
// Records lie in chunks that are mapped as they are needed; a lock guards the free list and the
// buckets' lists, readers take none. A reader that meets a record which is being reused may be led
// into another bucket and miss; it looks again if anything was freed meanwhile.
#include "atomic.h"
#include "lock.h"
#include "pagealloc.h"
#include "thread.h"

enum {
	CHUNK_RECORDS = 256,
	MAX_CHUNKS = 4096, // a million threads
	NBUCKETS = 4096,
	MAX_OWN_THREADS = 32, // the collector, the HTTP listener and its 16 workers, and room
	MAX_LOOKS = 16,
};

static struct {
	struct cp_lock lock;
	_Atomic uint32_t count;  // indexes 1 to it have been given out
	_Atomic uint32_t nfreed; // records freed so far
	uint32_t free;           // index of the first free record
	_Atomic int own_tid[MAX_OWN_THREADS];
	_Atomic uint64_t own_ended_ns; // CPU time of those that ended
	_Atomic(struct cp_thread *) chunk[MAX_CHUNKS];
	_Atomic uint32_t bucket[NBUCKETS];
} threads CP_TABLE;

_Atomic uintptr_t cp_thread_own_entry;

CP_NEAR struct cp_thread *cp_thread_at(uint32_t index)
{
	if (index == 0 || index > load(&threads.count, acquire))
		return NULL;
	struct cp_thread *chunk = load(&threads.chunk[index / CHUNK_RECORDS], acquire);
	return chunk ? &chunk[index % CHUNK_RECORDS] : NULL;
}

uint32_t cp_thread_limit(void)
{
	return load(&threads.count, acquire) + 1;
}

/** The next record never used. Lock held. */
static struct cp_thread *extend(void)
{
	uint32_t index = load(&threads.count, relaxed) + 1;
	if (index / CHUNK_RECORDS >= MAX_CHUNKS)
		return NULL;
	_Atomic(struct cp_thread *) *chunk = &threads.chunk[index / CHUNK_RECORDS];
	if (!load(chunk, relaxed)) {
		struct cp_thread *records = cp_pages_alloc(CHUNK_RECORDS * sizeof(*records));
		if (!records)
			return NULL;
		store(chunk, records, release);
	}
	struct cp_thread *t = &load(chunk, relaxed)[index % CHUNK_RECORDS];
	t->index = index;
	store(&threads.count, index, release);
	return t;
}

struct cp_thread *cp_thread_new(void)
{
	cp_lock_take(&threads.lock);
	struct cp_thread *t = cp_thread_at(threads.free);
	if (t)
		threads.free = load(&t->next, relaxed);
	else
		t = extend();
	cp_lock_release(&threads.lock);
	if (!t)
		return NULL;
	t->timer_id = -1;
	t->perf_fd = -1;
	store(&t->has_period, false, relaxed);
	t->is_newborn = false;
	t->engine = NULL;
	t->start = 0;
	t->arg = NULL;
	t->labels = NULL;
	t->created_at = NULL;
	store(&t->ticks, 0, relaxed);
	t->moved_at = 0;
	store(&t->nskipped, 0, relaxed);
	store(&t->next, 0, relaxed);
	store(&t->state, CP_THREAD_ARMING, release);
	return t;
}

static _Atomic uint32_t *bucket_of(int tid)
{
	return &threads.bucket[(uint32_t)tid % NBUCKETS];
}

static struct cp_thread *find_once(int tid)
{
	uint32_t steps =
		cp_thread_limit(); // a list is never longer; a reader led astray might go round
	struct cp_thread *t = cp_thread_at(load(bucket_of(tid), acquire));
	while (t && load(&t->tid, acquire) != tid && steps-- > 0)
		t = cp_thread_at(load(&t->next, acquire));
	return t && load(&t->tid, acquire) == tid ? t : NULL;
}

struct cp_thread *cp_thread_find(int tid)
{
	for (int looks = 0; looks < MAX_LOOKS; looks++) {
		uint32_t nfreed = load(&threads.nfreed, acquire);
		struct cp_thread *t = find_once(tid);
		if (t || load(&threads.nfreed, acquire) == nfreed)
			return t;
	}
	return NULL;
}

struct cp_thread *cp_thread_enter(struct cp_thread *spare, int tid, bool *existed_out)
{
	cp_lock_take(&threads.lock);
	struct cp_thread *t = find_once(tid);
	*existed_out = t != NULL;
	if (!t) {
		t = spare;
		store(&t->tid, tid, relaxed);
		store(&t->next, load(bucket_of(tid), relaxed), relaxed);
		store(bucket_of(tid), t->index, release);
	}
	cp_lock_release(&threads.lock);
	return t;
}

/** Unlinks t from its bucket. Lock held. */
static void unlink_record(struct cp_thread *t)
{
	_Atomic uint32_t *link = bucket_of(load(&t->tid, relaxed));
	while (load(link, relaxed) != t->index)
		link = &cp_thread_at(load(link, relaxed))->next;
	store(link, load(&t->next, relaxed), release);
	store(&t->tid, 0, relaxed);
}

void cp_thread_free(struct cp_thread *t)
{
	cp_lock_take(&threads.lock);
	if (load(&t->tid, relaxed) != 0)
		unlink_record(t);
	store(&t->state, CP_THREAD_FREE, relaxed);
	fetch_add(&threads.nfreed, 1, release);
	store(&t->next, threads.free, release);
	threads.free = t->index;
	cp_lock_release(&threads.lock);
}

bool cp_thread_claim(struct cp_thread *t, enum cp_thread_state from, enum cp_thread_state to)
{
	uint32_t state = from;
	return compare_exchange(&t->state, &state, to, acq_rel);
}

void cp_thread_forget_all(void)
{
	store(&threads.lock.word, 0, relaxed);
	for (int i = 0; i < MAX_OWN_THREADS; i++)
		store(&threads.own_tid[i], 0, relaxed);
	threads.free = 0;
	for (uint32_t i = cp_thread_limit() - 1; i > 0; i--) {
		struct cp_thread *t = cp_thread_at(i);
		if (load(&t->tid, relaxed) != 0) // or it is in none
			store(bucket_of(load(&t->tid, relaxed)), 0, relaxed);
		store(&t->tid, 0, relaxed);
		store(&t->state, CP_THREAD_FREE, relaxed);
		store(&t->next, threads.free, relaxed);
		threads.free = i;
	}
}

static bool swap_own_tid(int from, int to)
{
	for (int i = 0; i < MAX_OWN_THREADS; i++) {
		int tid = from;
		if (compare_exchange(&threads.own_tid[i], &tid, to, relaxed))
			return true;
	}
	return false;
}

void cp_thread_exclude_self(void)
{
	swap_own_tid(0, cp_gettid());
}

void cp_thread_include_self(void)
{
	if (swap_own_tid(cp_gettid(), 0))
		fetch_add(&threads.own_ended_ns, cp_clock_ns(CP_CLOCK_THREAD_CPU), relaxed);
}

uint64_t cp_thread_own_cpu_ns(void)
{
	uint64_t sum_ns = load(&threads.own_ended_ns, relaxed);
	for (int i = 0; i < MAX_OWN_THREADS; i++) {
		int tid = load(&threads.own_tid[i], relaxed);
		if (tid)
			sum_ns += cp_clock_ns(cp_thread_cpu_clock(tid));
	}
	return sum_ns;
}

unsigned cp_thread_own_count(void)
{
	unsigned n = 0;
	for (int i = 0; i < MAX_OWN_THREADS; i++)
		n += load(&threads.own_tid[i], relaxed) != 0;
	return n;
}

bool cp_thread_is_excluded(int tid)
{
	for (int i = 0; i < MAX_OWN_THREADS; i++) {
		if (load(&threads.own_tid[i], relaxed) == tid)
			return true;
	}
	return false;
}
