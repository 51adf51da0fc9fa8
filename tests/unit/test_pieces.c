// SPDX-License-Identifier: MIT
// Pieces are made by several threads and taken in order, each once, until one is refused; so are texts.
#include "base/pieces.h"
#include "base/textlist.h"

#include <sched.h>
#include <stdatomic.h>

#include "unit.h"

enum { PIECES = 2000 };

struct log {
	uint32_t order[PIECES], ntaken, last;
	atomic_uint nmade, nnow, most_at_once;
};

struct worker {
	uint32_t square;
};

static void make(void *arg, void *worker, uint32_t piece)
{
	struct log *log = arg;
	unsigned now = atomic_fetch_add(&log->nnow, 1) + 1, most = atomic_load(&log->most_at_once);
	while (now > most && !atomic_compare_exchange_weak(&log->most_at_once, &most, now))
		;
	if (piece % 7 == 0)
		sched_yield();
	((struct worker *)worker)->square = piece * piece;
	atomic_fetch_add(&log->nmade, 1);
	atomic_fetch_sub(&log->nnow, 1);
}

static bool take(void *arg, void *worker, uint32_t piece)
{
	struct log *log = arg;
	ck_assert_uint_eq(((struct worker *)worker)->square, piece * piece);
	log->order[log->ntaken++] = piece;
	return piece != log->last;
}

static void run(struct log *log, uint32_t nworkers, uint32_t last)
{
	struct pieces p = {.n = PIECES, .arg = log, .make = make, .take = take};
	struct worker workers[PIECES_MAX_WORKERS] = {0};
	*log = (struct log){.last = last};
	pieces_run(&p, workers, sizeof(*workers), nworkers);
	for (uint32_t i = 0; i < log->ntaken; i++)
		ck_assert_uint_eq(log->order[i], i);
}

START_TEST(takes_all_in_order)
{
	struct log log;
	for (uint32_t n = 1; n <= PIECES_MAX_WORKERS; n++) {
		run(&log, n, PIECES);
		ck_assert_uint_eq(log.ntaken, PIECES);
		ck_assert_uint_eq(atomic_load(&log.nmade), PIECES);
		ck_assert_uint_le(atomic_load(&log.most_at_once), n);
	}
}
END_TEST

START_TEST(ends_where_no_more_is_wanted)
{
	struct log log;
	for (uint32_t n = 1; n <= PIECES_MAX_WORKERS; n++) {
		run(&log, n, 100);
		ck_assert_uint_eq(log.ntaken, 101);
		// Others may have been ahead by a piece each.
		ck_assert_uint_lt(atomic_load(&log.nmade), 101 + n);
	}
}
END_TEST

START_TEST(shares_only_what_is_worth_it)
{
	ck_assert_uint_eq(pieces_workers(0, 3), 1);
	ck_assert_uint_eq(pieces_workers(2, 3), 1);
	ck_assert_uint_ge(pieces_workers(PIECES, 3), 1);
	ck_assert_uint_le(pieces_workers(PIECES, 3), PIECES_MAX_WORKERS);
	struct pieces none = {0};
	pieces_run(&none, NULL, 0, 1);
}
END_TEST

static void put_number(const void *arg, uint32_t i, struct buf *out)
{
	buf_printf(out, "%s%u\n", (const char *)arg, i);
}

static int accept_some(void *arg, const char *data, size_t len)
{
	size_t *room = arg;
	bool fits = len <= *room;
	*room -= fits ? len : *room;
	return fits ? 0 : -1;
}

START_TEST(writes_a_list_in_order)
{
	for (uint32_t n = 0, piece = 1; n <= 10240; n = n * 2 + 1, piece++) { // the longest is shared
		struct buf got = {0}, want = {0};
		textlist_put(&got, n, piece, put_number, "n");
		for (uint32_t i = 0; i < n; i++)
			put_number("n", i, &want);
		ck_assert_uint_eq(got.len, want.len);
		ck_assert_int_eq(n ? memcmp(got.ptr, want.ptr, want.len) : 0, 0);
		buf_deinit(&got);
		buf_deinit(&want);
	}
}
END_TEST

START_TEST(stops_a_list_nobody_takes)
{
	size_t room = 100000;
	struct buf out = {.flush = accept_some, .flush_arg = &room, .flush_bytes = 4096};
	textlist_put(&out, UINT32_MAX, 128, put_number, ""); // would take an hour, and gigabytes
	ck_assert_int_eq(out.status, -1);
	ck_assert_uint_eq(room, 0);
	buf_deinit(&out);
}
END_TEST

UNIT_MAIN("pieces", takes_all_in_order, ends_where_no_more_is_wanted, shares_only_what_is_worth_it,
		writes_a_list_in_order, stops_a_list_nobody_takes)
