// SPDX-License-Identifier: MIT
// Context: CTL. See lock_wait.h.
//
// What lock a futex belongs to is told by the stack: the wait was called by libc's pthread_mutex_lock, say. Its owner
// is where glibc keeps it. (A priority-inheritance futex is told by its operation, and holds its owner itself; a robust
// mutex, and the end of a thread, by robust_list.h.)
#include "lock_wait.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "robust_list.h"
#include "sigsafe/safeload.h"
#include "sigsafe/sys.h"

enum { LOOK_FRAMES = 4 };

#if defined(__GLIBC__)

struct range {
	uintptr_t start, end;
};

enum lock_function {
	MUTEX_LOCK,
	RWLOCK_RDLOCK,
	RWLOCK_WRLOCK,
	COND_WAIT, // takes a mutex again
	NO_LOCK_FUNCTION
};

static const struct {
	const char *name;
	enum lock_function is;
} lock_functions[] = {
	{"pthread_mutex_lock", MUTEX_LOCK},
	{"pthread_mutex_timedlock", MUTEX_LOCK}, // in glibc these two jump into one, just before them, that has no name
	{"pthread_mutex_clocklock", MUTEX_LOCK},
	{"pthread_rwlock_rdlock", RWLOCK_RDLOCK},
	{"pthread_rwlock_timedrdlock", RWLOCK_RDLOCK},
	{"pthread_rwlock_clockrdlock", RWLOCK_RDLOCK},
	{"pthread_rwlock_wrlock", RWLOCK_WRLOCK},
	{"pthread_rwlock_timedwrlock", RWLOCK_WRLOCK},
	{"pthread_rwlock_clockwrlock", RWLOCK_WRLOCK},
	{"pthread_cond_wait", COND_WAIT},
	{"pthread_cond_timedwait", COND_WAIT},
	{"pthread_cond_clockwait", COND_WAIT},
};

enum { NLOCK_FUNCTIONS = sizeof(lock_functions) / sizeof(*lock_functions) };

static struct range lock_ranges[NLOCK_FUNCTIONS];

/** libc's own, whoever stands in for it. */
static void *find_in_libc(const char *function)
{
	static const char *const libraries[] = {"libpthread.so.0", "libc.so.6"}; // the first until glibc 2.33
	void *address = NULL;
	for (int i = 0; i < 2 && !address; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD); // it stays; so no dlclose
		address = library ? dlsym(library, function) : NULL;
	}
	return address;
}

/** Of one that only jumps into another just before it, the start of that. */
static uintptr_t find_start(uintptr_t function, size_t nbytes)
{
	enum { NEAR_BYTES = 8 << 10, JUMP_BYTES = 5, MAX_STUB_BYTES = 32 };
#if defined(__x86_64__)
	const unsigned char *code = (const unsigned char *)function;
	int32_t distance;
	if (nbytes < JUMP_BYTES || nbytes > MAX_STUB_BYTES || code[nbytes - JUMP_BYTES] != 0xe9)
		return function;
	__builtin_memcpy(&distance, code + nbytes - sizeof(distance), sizeof(distance));
	uintptr_t target = function + nbytes + (uintptr_t)(intptr_t)distance;
	if (function - target < NEAR_BYTES)
		return target;
#endif
	return function;
}

static void find_ranges(void)
{
	for (int i = 0; i < NLOCK_FUNCTIONS; i++) {
		Dl_info info;
		void *symbol = NULL;
		void *address = find_in_libc(lock_functions[i].name);
		if (!address || !dladdr1(address, &info, &symbol, RTLD_DL_SYMENT) || !symbol)
			continue;
		size_t nbytes = ((const ElfW(Sym) *)symbol)->st_size;
		lock_ranges[i].start = find_start((uintptr_t)address, nbytes);
		lock_ranges[i].end = (uintptr_t)address + nbytes;
	}
}

static int command_of(const struct cp_thread_seen *t)
{
	return (int)t->call.args[1] & FUTEX_CMD_MASK;
}

/** Whether a wait in frame i of f's is for a lock. Those for conditions have another command, and those for a
 *  condition's own lock are of the function itself. */
static bool is_for_lock(const struct cp_thread_seen *t, enum lock_function function, uint32_t i)
{
	return function < COND_WAIT || (i > 0 && command_of(t) == FUTEX_WAIT);
}

/** NO_LOCK_FUNCTION: t waits in none. */
static enum lock_function function_of(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, find_ranges);
	for (uint32_t i = 0; i < t->npcs && i < LOOK_FRAMES; i++) {
		uintptr_t pc = s->pcs[t->pcs + i] - (i != 0);
		for (int f = 0; f < NLOCK_FUNCTIONS; f++) {
			if (pc >= lock_ranges[f].start && pc < lock_ranges[f].end)
				return is_for_lock(t, lock_functions[f].is, i) ? lock_functions[f].is
									       : NO_LOCK_FUNCTION;
		}
	}
	return NO_LOCK_FUNCTION;
}

static bool load_int(uintptr_t address, int *value_out)
{
	struct cp_readable page = {0};
	uintptr_t word;
	uintptr_t aligned = address & ~(sizeof(word) - 1);
	if (!cp_load(&page, aligned, &word))
		return false;
	__builtin_memcpy(value_out, (const char *)&word + (address - aligned), sizeof(*value_out));
	return true;
}

/// Owners

struct owner {
	int tid;        // 0: nobody
	bool is_shared; // it may be another process's thread
};

static bool load_mutex_owner(uintptr_t mutex, struct owner *out)
{
	enum { PSHARED = 128 }; // PTHREAD_MUTEX_PSHARED_BIT of glibc
	int kind = PSHARED;
	load_int(mutex + offsetof(pthread_mutex_t, __data.__kind), &kind);
	out->is_shared = kind & PSHARED;
	return load_int(mutex + offsetof(pthread_mutex_t, __data.__owner), &out->tid);
}

int cp_mutex_owner(uintptr_t mutex)
{
	struct owner owner;
	return load_mutex_owner(mutex, &owner) ? owner.tid : 0;
}

enum { WRITE_PHASE = 1, READER_SHIFT = 3 }; // of glibc's word of readers

/** A reader, while others have the lock to read: it prefers who waits to write. He waits for the word of readers to
 *  change, who are in it; in the word of phases there are none. */
static bool is_behind_writer(const struct cp_thread_seen *t, enum lock_function function)
{
	return function == RWLOCK_RDLOCK && (uint32_t)t->call.args[2] >> READER_SHIFT != 0;
}

/** Of the two words that are waited at while a writer has it, or readers where it is waited for to write, the address
 *  tells which this is. */
static uintptr_t rwlock_of(const struct cp_thread_seen *t, enum lock_function function)
{
	uintptr_t futex = t->call.args[0];
	if (is_behind_writer(t, function))
		return futex - offsetof(pthread_rwlock_t, __data.__readers);
	enum {
		ALIGNMENT = _Alignof(pthread_rwlock_t),
		PHASE = offsetof(pthread_rwlock_t, __data.__wrphase_futex),
		WRITERS = offsetof(pthread_rwlock_t, __data.__writers_futex),
	};
	return futex - (futex % ALIGNMENT == WRITERS % ALIGNMENT ? WRITERS : PHASE);
}

static bool load_rwlock_writer(uintptr_t rwlock, struct owner *out)
{
	int shared = true;
	load_int(rwlock + offsetof(pthread_rwlock_t, __data.__shared), &shared);
	out->is_shared = shared;
	return load_int(rwlock + offsetof(pthread_rwlock_t, __data.__cur_writer), &out->tid);
}

/** How often it is held to read; 0: it is a writer's turn, and the readers it counts wait. */
static uint32_t load_nreads(uintptr_t rwlock)
{
	int readers = 0;
	load_int(rwlock + offsetof(pthread_rwlock_t, __data.__readers), &readers);
	return readers & WRITE_PHASE ? 0 : (uint32_t)readers >> READER_SHIFT;
}

static bool load_pi_owner(uintptr_t futex, struct owner *out)
{
	out->is_shared = true; // not known
	bool is_loaded = load_int(futex, &out->tid);
	out->tid &= FUTEX_TID_MASK;
	return is_loaded;
}

/** t waits for another thread to end. */
static bool load_joined(const struct cp_thread_seen *t, struct owner *out)
{
	int awaited = (int)t->call.args[2], value;
	if (command_of(t) != FUTEX_WAIT_BITSET || !load_int(t->call.args[0], &value) || value != awaited)
		return false;
	out->tid = cp_robust_list_joined(t->call.args[0], awaited);
	return out->tid != 0;
}

static bool has_ended(struct owner owner)
{
	return owner.tid > 0 && cp_syscall(SYS_tgkill, cp_getpid(), owner.tid, 0, 0) == -ESRCH &&
	       (!owner.is_shared || cp_syscall(SYS_kill, owner.tid, 0, 0, 0) == -ESRCH);
}

bool cp_lock_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_lock_wait *wait_out)
{
	uintptr_t futex = t->call.args[0];
	struct owner owner = {0};
	bool is_known = false;
	*wait_out = (struct cp_lock_wait){0};
	if (t->status.state != 'S' || t->call.number != SYS_futex)
		return false;
	enum lock_function function = function_of(s, t);
	wait_out->is_rwlock = function == RWLOCK_RDLOCK || function == RWLOCK_WRLOCK;
	if (command_of(t) == FUTEX_LOCK_PI)
		is_known = load_pi_owner(futex, &owner);
	else if (wait_out->is_rwlock)
		is_known = load_rwlock_writer(rwlock_of(t, function), &owner);
	else if (function != NO_LOCK_FUNCTION ||
			(command_of(t) == FUTEX_WAIT && cp_robust_list_awaits(t->tid, futex)))
		is_known = load_mutex_owner(futex, &owner);
	else
		is_known = wait_out->is_join = load_joined(t, &owner);
	wait_out->owner_tid = is_known ? owner.tid : 0;
	wait_out->is_owner_gone = is_known && !wait_out->is_join && has_ended(owner);
	if (is_known && owner.tid == 0 && wait_out->is_rwlock) {
		wait_out->rwlock = rwlock_of(t, function);
		wait_out->is_behind_writer = is_behind_writer(t, function);
		wait_out->nreads = function == RWLOCK_WRLOCK ? load_nreads(wait_out->rwlock) : 0;
	}
	return is_known;
}

#else

int cp_mutex_owner(uintptr_t mutex)
{
	return 0;
}

bool cp_lock_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_lock_wait *wait_out)
{
	return false;
}

#endif
