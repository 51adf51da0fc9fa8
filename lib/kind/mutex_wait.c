// SPDX-License-Identifier: MIT
// Context: CTL. See mutex_wait.h.
//
// That a futex is a mutex is told by the stack: the wait was called by libc's pthread_mutex_lock. Its owner is
// where glibc keeps it. (A priority-inheritance futex is told by its operation, and holds its owner itself.)
#include "mutex_wait.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "sigsafe/safeload.h"
#include "sigsafe/sys.h"

enum { LOOK_FRAMES = 4 };

#if defined(__GLIBC__)

struct range {
	uintptr_t start, end;
};

static const char *const lock_functions[] = {"pthread_mutex_lock", "pthread_mutex_timedlock"};

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

static void find_ranges(void)
{
	for (int i = 0; i < NLOCK_FUNCTIONS; i++) {
		Dl_info info;
		void *symbol = NULL;
		void *address = find_in_libc(lock_functions[i]);
		if (!address || !dladdr1(address, &info, &symbol, RTLD_DL_SYMENT) || !symbol)
			continue;
		lock_ranges[i].start = (uintptr_t)address;
		lock_ranges[i].end = (uintptr_t)address + ((const ElfW(Sym) *)symbol)->st_size;
	}
}

static bool is_in_lock(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, find_ranges);
	for (uint32_t i = 0; i < t->npcs && i < LOOK_FRAMES; i++) {
		uintptr_t pc = s->pcs[t->pcs + i] - (i != 0);
		for (int f = 0; f < NLOCK_FUNCTIONS; f++) {
			if (pc >= lock_ranges[f].start && pc < lock_ranges[f].end)
				return true;
		}
	}
	return false;
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

int cp_mutex_owner(uintptr_t mutex)
{
	int tid;
	return load_int(mutex + offsetof(pthread_mutex_t, __data.__owner), &tid) ? tid : 0;
}

/** A process-shared mutex may be another process's thread's. (PI: not known, so it is taken for one.) */
static bool is_shared(uintptr_t mutex, int operation)
{
	enum { PSHARED = 128 }; // PTHREAD_MUTEX_PSHARED_BIT of glibc
	int kind = PSHARED;
	if (operation != FUTEX_LOCK_PI)
		load_int(mutex + offsetof(pthread_mutex_t, __data.__kind), &kind);
	return kind & PSHARED;
}

static bool has_ended(int tid, bool is_shared)
{
	return cp_syscall(SYS_tgkill, cp_getpid(), tid, 0, 0) == -ESRCH &&
	       (!is_shared || cp_syscall(SYS_kill, tid, 0, 0, 0) == -ESRCH);
}

bool cp_mutex_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_mutex_wait *wait_out)
{
	*wait_out = (struct cp_mutex_wait){.mutex = t->call.args[0]};
	if (t->status.state != 'S' || t->call.number != SYS_futex)
		return false;
	int operation = (int)t->call.args[1] & FUTEX_CMD_MASK;
	if (operation == FUTEX_LOCK_PI) {
		if (!load_int(wait_out->mutex, &wait_out->owner_tid))
			return false;
		wait_out->owner_tid &= FUTEX_TID_MASK;
	} else if (!is_in_lock(s, t) ||
			!load_int(wait_out->mutex + offsetof(pthread_mutex_t, __data.__owner), &wait_out->owner_tid)) {
		return false;
	}
	wait_out->is_owner_gone = wait_out->owner_tid > 0 &&
				  has_ended(wait_out->owner_tid, is_shared(wait_out->mutex, operation));
	return true;
}

#else

int cp_mutex_owner(uintptr_t mutex)
{
	return 0;
}

bool cp_mutex_wait_of(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct cp_mutex_wait *wait_out)
{
	return false;
}

#endif
