// SPDX-License-Identifier: MIT
// What is remembered of earlier profiles says what the search would: at every place of a library, of the program with
// its call stubs, and of the vDSO.
#include <string.h>

#include "module_of.h"
#include "symbol/symbolize.h"
#include "unit.h"
#include "write/known.h"
#include "write/locations.h"

enum { STEP_BYTES = 16, MAX_PLACES = 1 << 18, PIECE = 40 };

static struct cp_symbol_query queries[MAX_PLACES];
static char *names[MAX_PLACES]; // NULL: none

static size_t place_all(const struct cp_module *m, size_t first, size_t step)
{
	size_t n = 0;
	for (uintptr_t pc = m->start + first * STEP_BYTES; pc < m->end && n < MAX_PLACES; pc += step * STEP_BYTES) {
		queries[n] = (struct cp_symbol_query){.vaddr = pc - m->load_bias, .id = (uint32_t)(first + n * step)};
		n++;
	}
	return n;
}

static void take_name(void *arg, struct cp_symbol_query *q, const char *name, size_t len)
{
	free(names[q->id]);
	names[q->id] = strndup(name, len);
}

static int nwrong, nnamed, nknown;

static void compare_name(void *arg, struct cp_symbol_query *q, const char *name, size_t len)
{
	const char *want = names[q->id];
	nwrong += !want || strlen(want) != len || memcmp(want, name, len) != 0;
	nnamed++;
}

static void piece_of(struct cp_locations *l, const struct cp_module *m, size_t first, size_t step)
{
	size_t n = place_all(m, first, step);
	cp_locations_symbolize(l, m->id, m, queries, n, compare_name, NULL);
}

/** Pieces' addresses lie far from each other; in all, at most places of the module. */
static void look_up_pieces(const struct cp_module *m, size_t nplaces)
{
	struct cp_locations l = {0};
	size_t step = nplaces / PIECE + 1;
	for (size_t first = 0; first < step; first += step / 16 + 1) {
		piece_of(&l, m, first, step);
		l.room = NULL;
		cp_arena_rewind(&l.scratch);
	}
	cp_locations_free(&l);
}

static void compare_all(const struct cp_module *m, size_t nplaces)
{
	for (size_t i = 0; i < nplaces; i++) {
		size_t n = place_all(m, i, nplaces);
		ck_assert_uint_eq(n, 1);
		int before = nnamed;
		if (cp_known_find(m, queries, 1, compare_name, NULL)) {
			nknown++;
			nwrong += nnamed == before && names[i];
		}
	}
}

static void check(struct cp_module m, uint32_t id, int least_known_percent)
{
	static _Alignas(16) char room[CP_SYMBOLIZE_BYTES];
	m.id = id;
	size_t nplaces = place_all(&m, 0, 1);
	memset(names, 0, sizeof(names));
	ck_assert_int_eq(cp_symbolize(&m, room, queries, nplaces, take_name, NULL), 0);
	nwrong = nnamed = nknown = 0;
	look_up_pieces(&m, nplaces);
	ck_assert_int_gt(nnamed, 0);
	compare_all(&m, nplaces);
	ck_assert_int_eq(nwrong, 0);
	ck_assert_int_ge(nknown, (int)nplaces * least_known_percent / 100);
	ck_assert_int_lt(nknown, (int)nplaces + 1);
	for (size_t i = 0; i < nplaces; i++)
		free(names[i]);
}

START_TEST(as_the_search_says)
{
	check(module_of("libc.so.6"), 3, 25);
	check(module_of("vdso"), 1, 25);
	check(module_of(""), 2, 25);
}
END_TEST

START_TEST(no_file_is_needed_for_what_is_known)
{
	struct cp_module m = module_of("libc.so.6");
	struct cp_locations l = {0};
	size_t n = place_all(&m, 100, 4000);
	nnamed = 0;
	cp_locations_symbolize(&l, m.id, &m, queries, n, take_name, NULL);
	m.path = "/nowhere";
	n = place_all(&m, 100, 4000);
	cp_locations_symbolize(&l, m.id, &m, queries, n, compare_name, NULL);
	ck_assert_int_gt(nnamed, 0);
	ck_assert_int_eq(nwrong, 0);
	struct cp_module other = m;
	other.id++;
	ck_assert(!cp_known_find(&other, queries, 1, compare_name, NULL));
	cp_locations_free(&l);
}
END_TEST

UNIT_MAIN("known", as_the_search_says, no_file_is_needed_for_what_is_known)
