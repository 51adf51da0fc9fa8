// SPDX-License-Identifier: MIT
// The module map: what it says about this process, and that handlers may read it, and the tables it
// leads to, while libraries come and go.
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sigsafe/atomic.h"
#include "sigsafe/modmap_state.h"
#include "sigsafe/rulecache.h"
#include "sigsafe/unwind.h"
#include "tests/unit/unit.h"

enum { STORM_ROUNDS = 300, FORGERS = 2 };

typedef int answer_fn(int (*ask)(int), int n);

static void *open_plugin(uintptr_t *pc_out)
{
	void *handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
	ck_assert_ptr_nonnull(handle);
	*pc_out = (uintptr_t)dlsym(handle, "plugin_answer") + 1;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	return handle;
}

static void close_plugin(void *handle)
{
	cp_modmap_before_dlclose();
	ck_assert_int_eq(dlclose(handle), 0);
	cp_modmap_after_dlclose();
}

START_TEST(modules_of_this_process_are_there)
{
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	const struct cp_module *self = cp_modmap_find((uintptr_t)open_plugin, NULL);
	const struct cp_module *libc = cp_modmap_find((uintptr_t)dlsym(RTLD_DEFAULT, "qsort"), NULL);
	const struct cp_module *vdso = cp_modmap_find(getauxval(AT_SYSINFO_EHDR) + 0x700, NULL);
	char path[4096] = "";
	ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	ck_assert_str_eq(self->path, path);
	ck_assert(self->is_main && !self->may_unload);
	ck_assert(libc->path[0] == '/' && strstr(libc->path, "libc.so") && !libc->is_main);
	ck_assert_str_eq(vdso->path, "[vdso]");
	ck_assert(libc->eh_frame_hdr > libc->frames_start && libc->eh_frame_hdr < libc->frames_end);
	ck_assert_uint_eq(libc->build_id_bytes, CP_BUILD_ID_MAX_BYTES);
	ck_assert_ptr_eq(cp_modmap_module(libc->id), libc);
	ck_assert_ptr_eq(cp_modmap_find_at(libc->start, cp_modmap_epoch()), libc);
	ck_assert_ptr_null(cp_modmap_module(cp_modmap_count()));
}
END_TEST

START_TEST(an_unknown_pc_makes_the_map_stale_until_it_is_read_anew)
{
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	ck_assert(!cp_modmap_is_stale());
	bool busy = true;
	ck_assert_ptr_null(cp_modmap_find(4096, &busy));
	ck_assert(!busy && cp_modmap_is_stale());
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	ck_assert(!cp_modmap_is_stale());
}
END_TEST

START_TEST(a_module_that_went_is_remembered_for_its_time)
{
	uintptr_t pc;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	void *handle = open_plugin(&pc);
	uint32_t epoch = cp_modmap_epoch();
	const struct cp_module *m = cp_modmap_find(pc, NULL);
	ck_assert(m && m->may_unload && !strcmp(m->path, PLUGIN));
	cp_modmap_before_dlclose();
	bool busy = false;
	ck_assert_ptr_null(cp_modmap_find(pc, &busy));
	ck_assert(busy);
	ck_assert_ptr_nonnull(cp_modmap_find((uintptr_t)open_plugin, NULL));
	dlclose(handle);
	cp_modmap_after_dlclose();
	ck_assert_ptr_null(cp_modmap_find(pc, NULL));
	ck_assert_uint_eq(cp_modmap_epoch(), epoch + 1);
	ck_assert_ptr_eq(cp_modmap_find_at(pc, epoch), m);
	ck_assert_ptr_null(cp_modmap_find_at(pc, epoch + 1));
}
END_TEST

START_TEST(a_module_in_a_namespace_of_its_own_is_there)
{
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	uint32_t before = cp_modmap_count();
	void *handle = dlmopen(LM_ID_NEWLM, PLUGIN, RTLD_NOW);
	ck_assert_ptr_nonnull(handle);
	uintptr_t pc = (uintptr_t)dlsym(handle, "plugin_answer") + 1;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	const struct cp_module *m = cp_modmap_find(pc, NULL);
	ck_assert(m && m->may_unload && !strcmp(m->path, PLUGIN) && m->build_id_bytes);
	ck_assert_uint_eq(cp_modmap_count(), before + 2); // its own libc, but the loader there was
	// Loaded beside it; the loader's own counters took that for an older list.
	uintptr_t beside_pc;
	void *beside = open_plugin(&beside_pc);
	ck_assert(beside_pc != pc && cp_modmap_find(beside_pc, NULL));
	close_plugin(beside);
	ck_assert_ptr_null(cp_modmap_find(beside_pc, NULL));
	close_plugin(handle);
	ck_assert_ptr_null(cp_modmap_find(pc, NULL));
}
END_TEST

START_TEST(a_dlclose_that_unloads_nothing_hides_nothing_for_long)
{
	uintptr_t pc;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	void *first = open_plugin(&pc), *second = open_plugin(&pc);
	uint32_t epoch = cp_modmap_epoch();
	close_plugin(second);
	ck_assert_ptr_nonnull(cp_modmap_find(pc, NULL));
	ck_assert_uint_eq(cp_modmap_epoch(), epoch);
	close_plugin(first);
	ck_assert_ptr_null(cp_modmap_find(pc, NULL));
}
END_TEST

START_TEST(a_module_that_comes_back_gets_its_old_record)
{
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	uint32_t most = cp_modmap_count() + 10; // the kernel may find it another place a few times
	for (int i = 0; i < 100; i++) {
		uintptr_t pc;
		void *handle = open_plugin(&pc);
		ck_assert_ptr_eq(cp_modmap_find_at(pc, cp_modmap_epoch()), cp_modmap_find(pc, NULL));
		close_plugin(handle);
	}
	ck_assert_uint_le(cp_modmap_count(), most);
}
END_TEST

START_TEST(stacks_keep_their_epoch_when_a_module_comes_back)
{
	enum { NTURNS = 40 };
	struct place {
		uintptr_t pc;
		uint32_t epoch;
	} places[NTURNS] = {{0}}; // the kernel does not always find it the same
	uint32_t nplaces = 0, i;
	uintptr_t pc, own[] = {(uintptr_t)open_plugin, (uintptr_t)open_plugin + 1, CP_MARKER_TRUNCATED};
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	close_plugin(open_plugin(&pc)); // from now on something has gone
	for (int turn = 0; turn < NTURNS; turn++) {
		void *handle = open_plugin(&pc);
		uintptr_t pcs[] = {pc, (uintptr_t)open_plugin + 1};
		const struct cp_module *m = cp_modmap_find(pc, NULL);
		uint32_t epoch = cp_modmap_epoch_of(pcs, 2);
		ck_assert_ptr_eq(cp_modmap_find_at(pc, epoch), m);
		for (i = 0; i < nplaces && places[i].pc != pc; i++)
			;
		if (i == nplaces)
			places[nplaces++] = (struct place){pc, epoch};
		ck_assert_uint_eq(places[i].epoch, epoch);
		close_plugin(handle);
		ck_assert_ptr_eq(cp_modmap_find_at(pc, epoch), m);
		ck_assert_uint_eq(cp_modmap_epoch_of(own, 3), 0);
		ck_assert_uint_eq(cp_modmap_epoch_of(pcs, 2), cp_modmap_epoch()); // nobody is known there
	}
	ck_assert_uint_lt(nplaces, NTURNS / 2);
}
END_TEST

static void *write_once(void *arg)
{
	uintptr_t pc;
	close_plugin(open_plugin(&pc));
	store((atomic_bool *)arg, true, release);
	return NULL;
}

START_TEST(nobody_writes_while_a_process_is_copied)
{
	pthread_t writer;
	atomic_bool has_written = false;
	uintptr_t pc;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	cp_modmap_before_fork();
	close_plugin(open_plugin(&pc)); // but who forks, in a handler of fork()'s
	pthread_create(&writer, NULL, write_once, &has_written);
	usleep(100000);
	ck_assert(!load(&has_written, acquire));
	cp_modmap_fork_done();
	pthread_join(writer, NULL);
	ck_assert(load(&has_written, acquire));
	for (int place = 0; place < CP_MODMAP_PLACES; place++)
		ck_assert_uint_eq(cp_modmap_inside(place), 0);
}
END_TEST

static void *read_for_ever(void *arg)
{
	cp_modmap_enter();
	pthread_barrier_wait(arg);
	pause();
	return NULL;
}

static pid_t fork_as_interposed(void)
{
	cp_modmap_before_fork();
	pid_t child = fork();
	if (child == 0)
		cp_modmap_after_fork();
	cp_modmap_fork_done();
	return child;
}

static void ends_well(pid_t child)
{
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_fork_in_the_middle_leaves_no_reader_behind)
{
	pthread_t reader;
	pthread_barrier_t is_reading;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	pthread_barrier_init(&is_reading, NULL, 2);
	pthread_create(&reader, NULL, read_for_ever, &is_reading);
	pthread_barrier_wait(&is_reading);
	pid_t child = fork_as_interposed();
	if (child == 0) {
		uintptr_t pc;
		alarm(5);
		for (int i = 0; i < 100; i++) // each would wait for the reader that is not there
			close_plugin(open_plugin(&pc));
		_exit(0);
	}
	ends_well(child);
}
END_TEST

START_TEST(a_child_goes_on_with_what_its_fork_has_interrupted)
{
	uintptr_t pc;
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	void *handle = open_plugin(&pc);
	uint32_t ticket = cp_modmap_enter();
	cp_modmap_scan_begin();
	cp_modmap_before_fork();
	cp_modmap_before_dlclose();
	pid_t child = fork_as_interposed();
	ck_assert_ptr_null(cp_modmap_find(pc, NULL)); // it is still hidden
	cp_modmap_after_dlclose();
	cp_modmap_fork_done();
	cp_modmap_scan_end();
	cp_modmap_leave(ticket);
	for (int place = 0; place < CP_MODMAP_PLACES; place++)
		ck_assert_uint_eq(cp_modmap_inside(place), 0);
	ck_assert_ptr_nonnull(cp_modmap_find(pc, NULL));
	close_plugin(handle);
	if (child == 0)
		_exit(0);
	ends_well(child);
}
END_TEST

static _Atomic uintptr_t forged_pc;
static _Atomic bool over;
static _Atomic uint64_t walks, whole, through_plugin;

static void walk(const struct cp_regs *regs, uintptr_t plugin_pc)
{
	uintptr_t pcs[64];
	cp_rulecache_flush(); // so that each walk reads the tables
	struct cp_unwind_result r = cp_unwind(regs, pcs, 64);
	fetch_add(&walks, 1, relaxed);
	fetch_add(&whole, r.marker == CP_MARKER_NONE, relaxed);
	for (uint32_t i = 0; i < r.nframes; i++)
		fetch_add(&through_plugin, pcs[i] - plugin_pc < 100, relaxed);
}

static void on_signal(int sig, siginfo_t *info, void *ucontext)
{
	struct cp_regs regs;
	cp_regs_from_ucontext(&regs, ucontext);
	walk(&regs, load(&forged_pc, relaxed));
}

/** Claims to be in the plugin all the time, whether it is there or not. */
static void *forge(void *arg)
{
	while (!load(&over, relaxed)) {
		struct cp_regs regs;
		cp_regs_here(&regs);
		regs.pc = load(&forged_pc, relaxed);
		walk(&regs, regs.pc);
	}
	return NULL;
}

static void *pester(void *arg)
{
	while (!load(&over, relaxed)) {
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		usleep(20);
	}
	return NULL;
}

static int ask(int n)
{
	raise(SIGUSR1);
	return n;
}

START_TEST(a_walk_through_a_module_nobody_announced_is_whole)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	sigaction(SIGUSR1, &action, NULL);
	void *handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
	answer_fn *answer = (answer_fn *)dlsym(handle, "plugin_answer");
	store(&forged_pc, (uintptr_t)answer, relaxed);
	ck_assert_int_eq(answer(ask, 1), 2);
	ck_assert(cp_modmap_is_stale());
	ck_assert_uint_eq(load(&walks, relaxed), 1);
	ck_assert_uint_eq(load(&whole, relaxed), 1);
	ck_assert_uint_eq(load(&through_plugin, relaxed), 1);
	close_plugin(handle);
}
END_TEST

START_TEST(a_storm_of_dlclose_crashes_no_handler)
{
	pthread_t forgers[FORGERS], pesterer, self = pthread_self();
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	ck_assert_int_eq(cp_modmap_refresh(), 0);
	uintptr_t pc;
	close_plugin(open_plugin(&pc));
	store(&forged_pc, pc, relaxed);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < FORGERS; i++)
		pthread_create(&forgers[i], NULL, forge, NULL);
	pthread_create(&pesterer, NULL, pester, &self);
	for (int i = 0; i < STORM_ROUNDS; i++) {
		void *handle = open_plugin(&pc);
		store(&forged_pc, pc, relaxed);
		answer_fn *answer = (answer_fn *)(pc - 1);
		ck_assert_int_eq(answer(ask, i), i + 1);
		close_plugin(handle);
	}
	store(&over, true, relaxed);
	for (int i = 0; i < FORGERS; i++)
		pthread_join(forgers[i], NULL);
	pthread_join(pesterer, NULL);
	ck_assert_uint_gt(load(&walks, relaxed), STORM_ROUNDS);
	ck_assert_uint_ge(load(&through_plugin, relaxed), STORM_ROUNDS);
	ck_assert_uint_ge(load(&whole, relaxed), STORM_ROUNDS);
}
END_TEST

UNIT_MAIN("modmap", modules_of_this_process_are_there, an_unknown_pc_makes_the_map_stale_until_it_is_read_anew,
	a_module_that_went_is_remembered_for_its_time, a_module_in_a_namespace_of_its_own_is_there,
	a_dlclose_that_unloads_nothing_hides_nothing_for_long,
	a_module_that_comes_back_gets_its_old_record, stacks_keep_their_epoch_when_a_module_comes_back,
	nobody_writes_while_a_process_is_copied, a_fork_in_the_middle_leaves_no_reader_behind,
	a_child_goes_on_with_what_its_fork_has_interrupted,
	a_walk_through_a_module_nobody_announced_is_whole, a_storm_of_dlclose_crashes_no_handler)
