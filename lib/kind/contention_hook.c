// SPDX-License-Identifier: MIT
// Context: SIG. See contention_hook.h. Nothing here waits or locks: the lock in question may be malloc's.
#include "contention_hook.h"

#include "sigsafe/card.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/random.h"
#include "sigsafe/sys.h"
#include "sigsafe/thread.h"
#include "sigsafe/unwind.h"
#include "trace_wait_hook.h"

CP_NEAR_DATA _Atomic unsigned cp_contention_mode, cp_calls_mode;
struct cp_contention cp_block, cp_mutex, cp_calls;
struct cp_lock cp_contention_changes;

/** Even in [0, limit). The clock's nanoseconds and the thread's stack are a seed good enough for one draw,
 *  and cost the thread no memory. */
static uint64_t draw_below(uint64_t limit, uint64_t time_ns)
{
	struct cp_random random = {.state = time_ns ^ (uint64_t)(uintptr_t)&random << 20};
	return cp_random_below(&random, limit);
}

uint32_t cp_wait_capture(uintptr_t pcs[static CP_CAPTURE_PCS], const struct cp_wait_site *site)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	uint32_t npcs = cp_unwind(&regs, pcs, CP_CAPTURE_PCS).nframes;
	uint32_t skip = 0;
	while (skip < npcs && pcs[skip] != (uintptr_t)site->caller)
		skip++;
	if (skip == 0 || skip == npcs) { // no way up: the caller is known all the same
		pcs[0] = (uintptr_t)site->function;
		pcs[1] = (uintptr_t)site->caller;
		return 2;
	}
	npcs -= skip;
	__builtin_memmove(pcs + 1, pcs + skip, npcs * sizeof(*pcs));
	pcs[0] = (uintptr_t)site->function;
	return cp_capture_cut(pcs, npcs + 1);
}

static __attribute__((noinline)) void record(struct cp_contention *c, uint64_t count_q16, uint64_t delay_ns,
		const struct cp_wait_site *site)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	int tid = cp_gettid();
	if (!load(&c->is_ready, acquire) || cp_thread_is_excluded(tid))
		return;
	uint32_t npcs = cp_wait_capture(pcs, site);
	struct cp_stack *stack = cp_stacktab_intern(&c->stacks, pcs, npcs, cp_modmap_epoch_of(pcs, npcs),
			cp_labels_current_id(tid));
	fetch_add(&stack->values[CP_CONTENTION_COUNT_Q16], (int64_t)count_q16, relaxed);
	fetch_add(&stack->values[CP_CONTENTION_DELAY_NS], (int64_t)delay_ns, relaxed);
}

/** Its releases are charged, and by whom is told. */
static bool is_charged(enum trace_wait wait)
{
	return wait == TRACE_WAIT_MUTEX || wait == TRACE_WAIT_RWLOCK_READ || wait == TRACE_WAIT_RWLOCK_WRITE;
}

/** Its stack can be read from outside then, whoever may look into /proc, and with all that is in frame pointers. */
static bool park(const struct cp_regs *regs, const struct cp_wait_site *site)
{
	struct cp_card *card = cp_card_take();
	if (!card)
		return false;
	store(&card->parked.pc, regs->pc, relaxed);
	store(&card->parked.sp, regs->sp, relaxed);
	store(&card->parked.fp, regs->fp, relaxed);
	store(&card->parked.function, (uintptr_t)site->function, release);
	return true;
}

static void go_on(const struct cp_wait *wait)
{
	if (wait->is_parked && cp_card)
		store(&cp_card->parked.function, 0, release);
}

struct cp_wait cp_wait_begin_at(const struct cp_regs *regs, const struct cp_wait_site *site, const void *object)
{
	unsigned mode = load(&cp_contention_mode, relaxed);
	struct cp_wait wait = {.site = *site, .object = object, .is_traced = mode & CP_CONTENTION_TRACE};
	wait.is_parked = park(regs, site);
	bool is_noted = (mode & (CP_CONTENTION_MUTEX | CP_CONTENTION_TRACE)) && is_charged(site->wait);
	if (is_noted || (mode & CP_CONTENTION_BLOCK))
		wait.start_ns = cp_wait_clock_ns();
	if (is_noted)
		wait.waiter = cp_waiters_enter(object, wait.start_ns);
	if (wait.is_traced)
		cp_trace_wait_begin(site, object);
	return wait;
}

/** Of a wait that is over. */
static void charge_waiter(struct cp_contention *c, const struct cp_wait *wait)
{
	uint64_t rate_ns = load(&c->sampling, relaxed);
	if (wait->start_ns == 0 || rate_ns == 0)
		return;
	uint64_t end_ns = cp_wait_clock_ns();
	uint64_t delay_ns = end_ns > wait->start_ns ? end_ns - wait->start_ns : 1;
	if (delay_ns >= rate_ns)
		record(c, 1 << 16, delay_ns, &wait->site);
	else if (draw_below(rate_ns, end_ns) < delay_ns) // stands for rate / delay such waits
		record(c, (rate_ns << 16) / delay_ns, rate_ns, &wait->site);
}

void cp_wait_end(const struct cp_wait *wait, enum cp_wait_outcome outcome)
{
	go_on(wait);
	cp_waiters_leave(wait->waiter);
	if (wait->is_traced)
		cp_trace_wait_end(wait->object, outcome);
	if (outcome != CP_WAIT_FAILED)
		charge_waiter(&cp_block, wait);
}

struct cp_wait cp_call_begin_at(const struct cp_regs *regs, const struct cp_wait_site *site, const void *object)
{
	unsigned mode = load(&cp_calls_mode, relaxed);
	struct cp_wait wait = {.site = *site, .object = object, .is_traced = mode & CP_CALLS_TRACE};
	wait.is_parked = park(regs, site);
	if (mode & CP_CALLS_PROFILE)
		wait.start_ns = cp_wait_clock_ns();
	if (wait.is_traced)
		cp_trace_wait_begin(site, object);
	return wait;
}

void cp_call_end(const struct cp_wait *wait, enum cp_wait_outcome outcome)
{
	go_on(wait);
	if (wait->is_traced)
		cp_trace_wait_end(NULL, outcome);
	charge_waiter(&cp_calls, wait); // a call takes its time however it ends
}

struct cp_release cp_release_begin(const void *lock)
{
	struct cp_release release = {.lock = lock};
	if (!cp_waiters_maybe(lock))
		return release;
	uint64_t fraction = load(&cp_mutex.sampling, relaxed);
	if (fraction)
		release.delay_ns = cp_waiters_charge_ns(lock, fraction);
	if (load(&cp_contention_mode, relaxed) & CP_CONTENTION_TRACE)
		release.trace_ticks = cp_trace_wake_begin(lock);
	return release;
}

void cp_release_end(const struct cp_release *release, const struct cp_wait_site *site)
{
	uint64_t fraction = load(&cp_mutex.sampling, relaxed);
	if (release->delay_ns && fraction)
		record(&cp_mutex, fraction << 16, fraction * release->delay_ns, site);
	if (!release->trace_ticks)
		return;
	struct cp_wait_site released = *site;
	if (site->wait == TRACE_WAIT_COND) // whose wait releases its mutex
		released.wait = TRACE_WAIT_MUTEX;
	cp_trace_wake_end(&released, release->lock, release->trace_ticks);
}

struct cp_release cp_wake_begin(const void *object)
{
	return (struct cp_release){.lock = object, .trace_ticks = cp_trace_wake_begin(object)};
}

void cp_wake_end(const struct cp_release *wake, const struct cp_wait_site *site)
{
	cp_trace_wake_end(site, wake->lock, wake->trace_ticks);
}

static void zero(struct cp_stack *stack, void *arg)
{
	(void)arg;
	store(&stack->values[CP_CONTENTION_COUNT_Q16], 0, relaxed);
	store(&stack->values[CP_CONTENTION_DELAY_NS], 0, relaxed);
}

void cp_contention_reset_in_child(void)
{
	cp_contention_changes = (struct cp_lock){0};
	atomic_fetch_and(&cp_contention_mode, ~(unsigned)CP_CONTENTION_WALL); // it is the parent's
	atomic_fetch_and(&cp_calls_mode, ~(unsigned)(CP_CALLS_WALL | CP_CALLS_CPU));
	cp_waiters_forget_all();
	cp_stacktab_each(&cp_block.stacks, zero, NULL);
	cp_stacktab_each(&cp_mutex.stacks, zero, NULL);
	cp_stacktab_each(&cp_calls.stacks, zero, NULL);
}
