// SPDX-License-Identifier: MIT
// Context: CTL. Turns the buckets of heap_hook.c into a profile. See heap.h.
//
// A bucket's raw counts are scaled as Go scales them: a sample of s bytes was taken with probability
// 1 - exp(-s/rate), so it stands for the inverse of that. Each bucket has one size class and one rate
// (rates may change while the program runs; every sample is scaled by its own).
#include "heap.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "alloctrace_hook.h"
#include "heap_count_hook.h"
#include "heap_hook.h"
#include "heap_text.h"
#include "sigsafe/lock.h"
#include "sigsafe/modmap.h"
#include "sigsafe/stackmemo.h"
#include "sigsafe/ticks.h"
#include "sigsafe/unwind.h"
#include "target.h"
#include "write/labels_out.h"
#include "write/profile_out.h"

enum {
	STACK_BUCKETS = 1 << 12, // each stack touches one: a small table stays small in memory
	DENSE_STACK_BUCKETS = 1 << 15,
	TABLE_LIMIT_BYTES = 1 << 30, // address space; a default-rate process uses a few hundred KiB
	LIVE_LIMIT_BYTES = 1 << 30,
};

// What pprof hides at the leaf once the names are known: allocation functions that call malloc.
static const char DROP_FRAMES[] =
		"(_Zn[wa][jm].*|operator new.*|__rust_alloc.*|__rdl_alloc.*|.*::alloc::alloc.*|strdup|strndup|"
		"__strdup|__strndup|asprintf|vasprintf|__libc_reallocarray)";

static struct cp_lock lock; // of who changes the rate; the tables are read while they grow

/** The tables go on in the child. */
static void reset_in_child(void)
{
	lock = (struct cp_lock){0};
	cp_stackmemo_after_fork();
}

static int make_ready(bool is_dense)
{
	if (load(&cp_heap.is_ready, relaxed))
		return 0;
	int rc = cp_unwind_init();
	if (rc == 0)
		rc = cp_modmap_refresh();
	if (rc == 0)
		rc = cp_stacktab_init(&cp_heap.buckets, is_dense ? DENSE_STACK_BUCKETS : STACK_BUCKETS,
				TABLE_LIMIT_BYTES);
	if (rc != 0)
		return rc;
	cp_stackmemo_init(); // or each stack is walked whole
	cp_ticks_init();
	cp_heap_live_table.arena.limit_bytes = LIVE_LIMIT_BYTES;
	pthread_atfork(NULL, NULL, reset_in_child);
	store(&cp_heap.is_ready, true, release);
	return 0;
}

/** No memory: then the chains that are there grow longer. */
static void add_dense_chains(void)
{
	cp_heap_filter_keep_bits(); // at rate 1 no sample is to be given up
	if (!load(&cp_heap_live_table.dense_chains, relaxed))
		store(&cp_heap_live_table.dense_chains,
				cp_pages_alloc(sizeof(cp_heap_chain) << CP_HEAP_DENSE_LOG2), release);
}

/** Samples keep the index of the rate they were taken at, so an index keeps its rate for ever. */
static int change_rate(uint64_t rate_bytes)
{
	enum { NRATES = sizeof(cp_heap_rates) / sizeof(*cp_heap_rates) };
	uint32_t index = 1;
	while (index < NRATES && cp_heap_rates[index] && cp_heap_rates[index] != rate_bytes)
		index++;
	if (rate_bytes && index == NRATES)
		return -ENOSPC;
	if (rate_bytes) {
		cp_heap_rates[index] = rate_bytes;
		store(&cp_heap.rate_index, index, relaxed);
	}
	fetch_add(&cp_heap.rate_changes, 1, relaxed);
	store(&cp_heap.rate_bytes, rate_bytes, release);
	// This thread's next allocation is the new rate's. The others use up what they had drawn.
	cp_heap_countdown = 0;
	return 0;
}

int cp_heap_set_rate(int64_t rate_bytes)
{
	// An exponential of a larger mean would not fit the countdown's arithmetic.
	if (rate_bytes < 0 || rate_bytes > (int64_t)1 << 40)
		return -EINVAL;
	if (load(&cp_alloctrace.is_on, relaxed))
		rate_bytes = 1; // it is told of what is sampled
	cp_lock_take(&lock);
	bool is_dense = rate_bytes && rate_bytes <= CP_HEAP_DENSE_RATE_BYTES;
	bool is_first = !load(&cp_heap.is_ready, relaxed);
	int rc = rate_bytes ? make_ready(is_dense) : 0;
	if (rc == 0 && is_dense)
		add_dense_chains();
	// Where all blocks are samples from the begin on, the filter would only have threads wait for each other: their
	// arenas lie so that they share its words. Later it is kept, for when the rate is set back.
	if (rc == 0 && rate_bytes == 1 && is_first)
		cp_heap_filter_pin_all();
	if (rc == 0 && (uint64_t)rate_bytes != load(&cp_heap.rate_bytes, relaxed))
		rc = change_rate((uint64_t)rate_bytes);
	cp_lock_release(&lock);
	return rc;
}

int64_t cp_heap_rate(void)
{
	return (int64_t)load(&cp_heap.rate_bytes, relaxed);
}

int cp_heap_count_allocations(bool on)
{
	if (!load(&cp_heap.rate_bytes, relaxed) || cp_heap_blindness())
		return -ENODATA;
	store(&cp_heap.is_counting, on, relaxed);
	fetch_add(&cp_heap.rate_changes, 1, relaxed); // what is left of a distance is for neither
	cp_heap_countdown = 0;
	return 0;
}

void cp_heap_counted(uint64_t *objects_out, uint64_t *bytes_out)
{
	*objects_out = load(&cp_heap.counted_objects, relaxed);
	*bytes_out = load(&cp_heap.counted_bytes, relaxed);
}

/** exp(-x), x >= 0, without libm, which the host may not have loaded: halvings and a series. */
static double exp_minus(double x)
{
	const double ln2 = 0x1.62e42fefa39efp-1;
	if (x > 700)
		return 0;
	double factor = 1;
	while (x > ln2) {
		x -= ln2;
		factor /= 2;
	}
	double sum = 1, term = 1;
	for (int k = 1; k < 24; k++) {
		term *= -x / k;
		sum += term;
	}
	return sum * factor;
}

/** Go's scaleHeapSample, truncation included. */
static void scale(int64_t *objects, int64_t *bytes, uint64_t rate_bytes)
{
	if (*objects <= 0 || *bytes <= 0) {
		if (rate_bytes > 1)
			*objects = *bytes = 0;
		return;
	}
	if (rate_bytes <= 1)
		return;
	double mean_bytes = (double)*bytes / (double)*objects;
	double factor = 1 / (1 - exp_minus(mean_bytes / (double)rate_bytes));
	*objects = (int64_t)((double)*objects * factor);
	*bytes = (int64_t)((double)*bytes * factor);
}

struct emission {
	struct cp_profile_out *out;
	enum cp_heap_view view;
	int rc;
};

/** One sample: the amounts scaled, three of them in `heap`, two in `allocs`. lifetime_ns 0: not known yet. */
static void emit_sample(struct emission *e, const struct cp_stack *s, const struct cp_heap_amount *amounts,
		int64_t lifetime_ns)
{
	struct cp_heap_amount all = cp_heap_allocated(s);
	struct cp_label labels[2 + CP_LABELS_MAX] = {{.key = "bytes"}};
	int64_t values[6], any = 0;
	uint32_t nlabels = 1;
	labels[0].num = all.objects > 0 ? all.bytes / all.objects : 0; // of a mean, which moves
	labels[0].group = cp_heap_tag_size_class(s->tag) + 1;
	if (lifetime_ns)
		labels[nlabels++] = (struct cp_label){"lifetime", NULL, lifetime_ns, "nanoseconds"};
	nlabels += cp_labels_out(cp_heap_tag_labels(s->tag), labels + nlabels);
	for (int i = 0; i < (e->view == CP_HEAP_VIEW_HEAP ? 3 : 2); i++) {
		values[2 * i] = amounts[i].objects;
		values[2 * i + 1] = amounts[i].bytes;
		scale(&values[2 * i], &values[2 * i + 1], cp_heap_rates[cp_heap_tag_rate_index(s->tag)]);
		any |= values[2 * i];
	}
	if (any && e->rc == 0)
		e->rc = cp_profile_out_sample(e->out, s->pcs, s->npcs, s->epoch, values, labels, nlabels);
}

static void emit(struct cp_stack *s, void *arg)
{
	struct emission *e = arg;
	struct cp_heap_amount freed = {0};
	bool tells = e->view == CP_HEAP_VIEW_ALLOCS;
	for (const struct cp_heap_lifetimes *group = tells ? cp_heap_lifetimes(s) : NULL; group; group = group->next) {
		for (uint32_t i = 0; i < 1 << CP_HEAP_LIFETIMES_LOG2; i++) {
			const struct cp_heap_amount within[2] = {cp_heap_freed_within(group, i)};
			if (within[0].objects)
				emit_sample(e, s, within, (int64_t)1 << (group->first_log2_ns + i));
			freed.objects += within[0].objects;
			freed.bytes += within[0].bytes;
		}
	}
	// Read last: else blocks may have been freed that it does not know.
	struct cp_heap_amount amounts[3] = {cp_heap_allocated(s), cp_heap_in_use(s), cp_heap_at_peak(s)};
	amounts[0].objects -= freed.objects;
	amounts[0].bytes -= freed.bytes;
	emit_sample(e, s, amounts, 0);
}

static void comment(struct cp_profile_out *out)
{
	const char *blindness = cp_heap_blindness();
	if (blindness)
		cp_profile_out_comment(out, "cprof: heap not seen: %s", blindness);
	cp_profile_out_comment(out, "cprof: heap sampled every %llu bytes on average; samples lost: %llu",
			(unsigned long long)load(&cp_heap.rate_bytes, relaxed),
			(unsigned long long)load(&cp_heap.lost_samples, relaxed));
}

static int write_proto(enum cp_heap_view view, struct cprof_writer writer)
{
	struct cp_profile_spec spec = {
		.sample_types = {{"alloc_objects", "count"}, {"alloc_space", "bytes"},
				{"inuse_objects", "count"}, {"inuse_space", "bytes"},
				{"peak_objects", "count"}, {"peak_space", "bytes"}},
		.nsample_types = view == CP_HEAP_VIEW_HEAP ? 6 : 4,
		.period_type = {"space", "bytes"},
		.period = (int64_t)load(&cp_heap.rate_bytes, relaxed),
		.time_ns = (int64_t)cp_clock_ns(CP_CLOCK_REALTIME),
		// Go leaves heap's unset and pprof then takes the last; ours has the peak behind it.
		.default_sample_type = view == CP_HEAP_VIEW_HEAP ? "inuse_space" : "alloc_space",
		.drop_frames = DROP_FRAMES,
	};
	struct emission e = {.view = view};
	e.rc = cp_profile_out_begin(&e.out, &spec, writer);
	if (e.rc != 0)
		return e.rc;
	cp_stacktab_each(&cp_heap.buckets, emit, &e);
	comment(e.out);
	if (e.rc == 0)
		return cp_profile_out_end(e.out, 0);
	cp_profile_out_abandon(e.out);
	return e.rc;
}

static int write_now(enum cp_heap_view view, struct cprof_writer writer, int debug)
{
	struct cp_target target;
	int rc = cp_target_open(&target, writer);
	if (rc != 0)
		return rc;
	rc = debug ? cp_heap_write_text(target.writer) : write_proto(view, target.writer);
	return cp_target_end(&target, rc);
}

int cp_heap_write(enum cp_heap_view view, struct cprof_writer writer, int debug)
{
	if (!load(&cp_heap.is_ready, acquire))
		return -ENODATA;
	cp_modmap_refresh();
	return write_now(view, writer, debug);
}

uint64_t cp_heap_lost(void)
{
	return load(&cp_heap.lost_samples, relaxed);
}

uint64_t cp_heap_count(void)
{
	return load(&cp_heap.buckets.count, relaxed);
}

const char *cp_heap_blindness(void)
{
	if (cp_heap.sanitizer)
		return cp_heap.sanitizer;
	if (cp_heap.is_shadowed)
		return "the program brings its own malloc, loads another before libcprof, or libcprof by dlopen: "
		       "its calls are not seen";
	return NULL;
}
