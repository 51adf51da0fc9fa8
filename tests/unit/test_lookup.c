// SPDX-License-Identifier: MIT
// Our own lookup finds what dlsym() finds: from the program, and in copies of it that were loaded late and into a
// namespace of their own (LATE is interpose/lookup.c as a library, with the older hash table alone).
#include <dlfcn.h>

#include "interpose/lookup.h"
#include "unit.h"

typedef void *lookup(const char *name);

// Functions of libc, libm, libz and the loader, indirect ones, data, those with several versions, and none at all.
static const char *const names[] = {
	"malloc", "free", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign", "malloc_usable_size",
	"pthread_create", "pthread_mutex_lock", "pthread_cond_wait", "pthread_cond_signal", "pthread_cond_broadcast",
	"sem_wait", "thrd_create", "dlclose", "execve", "_exit", "syscall", "sigaction", "read", "fmemopen", "memcpy",
	"memset", "strlen", "strcmp", "realpath", "posix_spawn", "sched_setaffinity", "quick_exit", "glob", "environ",
	"stdout", "sin", "exp", "pow", "lgamma", "adler32", "_dl_find_object", "_r_debug", "__asan_init",
	"no_such_function", "",
};
enum { NNAMES = sizeof(names) / sizeof(*names) };

static void *load(Lmid_t namespace)
{
	void *late = dlmopen(namespace, LATE, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(late, "%s", dlerror());
	return late;
}

static lookup *next_of(void *late)
{
	lookup *next = (lookup *)dlsym(late, "cp_lookup_next");
	ck_assert(next);
	return next;
}

START_TEST(the_next_ones_are_those_of_dlsym)
{
	for (int i = 0; i < NNAMES; i++)
		ck_assert_msg(cp_lookup_next(names[i]) == dlsym(RTLD_NEXT, names[i]), "%s", names[i]);
	ck_assert(cp_lookup_next("malloc"));
	ck_assert(cp_lookup_next("memcpy"));
	ck_assert(!cp_lookup_next("no_such_function"));
}
END_TEST

START_TEST(our_own_are_not_the_next)
{
	void *late = load(LM_ID_BASE);
	lookup *own = (lookup *)dlsym(late, "cp_lookup_own");
	ck_assert(own("cp_lookup_next") == dlsym(late, "cp_lookup_next"));
	ck_assert(!own("malloc"));
	ck_assert(!own("no_such_function"));
	ck_assert(!next_of(late)("cp_lookup_own"));
	ck_assert(cp_lookup_next("cp_lookup_own") == own);
}
END_TEST

START_TEST(who_comes_late_finds_those_before)
{
	lookup *next = next_of(load(LM_ID_BASE));
	for (int i = 0; i < NNAMES; i++)
		ck_assert_msg(next(names[i]) == dlsym(RTLD_DEFAULT, names[i]), "%s", names[i]);
}
END_TEST

START_TEST(a_namespace_has_its_own)
{
	void *late = load(LM_ID_NEWLM);
	lookup *next = next_of(late);
	for (int i = 0; i < NNAMES; i++)
		ck_assert_msg(next(names[i]) == dlsym(late, names[i]), "%s", names[i]);
	ck_assert(next("malloc") && next("malloc") != cp_lookup_next("malloc"));
}
END_TEST

UNIT_MAIN("lookup", the_next_ones_are_those_of_dlsym, our_own_are_not_the_next, who_comes_late_finds_those_before,
		a_namespace_has_its_own)
