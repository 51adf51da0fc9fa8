// SPDX-License-Identifier: MIT
// What two profiles written one after another amount to (write/delta.c), and the tree of boxes that a flame graph
// is drawn from (write/flame.c). The only module there is: this program.
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "sigsafe/modmap.h"
#include "unit.h"
#include "write/delta.h"
#include "write/flame.h"
#include "write/locations.h"

enum { EPOCH = 1, MAX_SEEN = 64 };

static struct cp_module program;

static int take_main(struct dl_phdr_info *info, size_t size, void *arg)
{
	static char path[4096];
	ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	program = (struct cp_module){.path = path, .load_bias = info->dlpi_addr, .is_main = true};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
			program.start = info->dlpi_addr + p->p_vaddr;
			program.end = program.start + p->p_memsz;
		}
	}
	return 1;
}

const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch)
{
	return pc >= program.start && pc < program.end ? &program : NULL;
}

uint32_t cp_modmap_count(void)
{
	return 1;
}

const struct cp_module *cp_modmap_module(uint32_t id)
{
	return &program;
}

// Functions to be in stacks.
void delta_root(void);
void delta_left(void);
void delta_right(void);

void delta_root(void)
{
	ck_abort_msg("root");
}

void delta_left(void)
{
	ck_abort_msg("left");
}

void delta_right(void)
{
	ck_abort_msg("right");
}

enum { ROOT, LEFT, RIGHT };

/** Behind the function's first byte: a return address as well as a leaf. */
static uintptr_t pc_of(int function)
{
	void (*const functions[])(void) = {delta_root, delta_left, delta_right};
	return (uintptr_t)functions[function] + 1;
}

static const struct cp_profile_spec spec = {
		.sample_types = {{"objects", "count"}, {"space", "bytes"}},
		.nsample_types = 2,
		.period_type = {"space", "bytes"},
		.time_ns = 1000,
		.default_sample_type = "objects",
};

static struct cp_delta *delta;
static struct cp_profile_out *out;

static void begin(struct cprof_writer writer)
{
	ck_assert_int_eq(cp_profile_out_begin(&out, &spec, writer), 0);
}

static void setup(void)
{
	dl_iterate_phdr(take_main, NULL);
	ck_assert_int_eq(cp_delta_begin(&delta), 0);
}

/** The leaf first. */
static void put(const int *functions, uint32_t n, int64_t objects, int64_t space, const struct cp_label *labels,
		uint32_t nlabels)
{
	uintptr_t pcs[CP_MAX_PCS];
	for (uint32_t i = 0; i < n; i++)
		pcs[i] = pc_of(functions[i]);
	const int64_t values[] = {objects, space};
	ck_assert_int_eq(cp_profile_out_sample(out, pcs, n, EPOCH, values, labels, nlabels), 0);
}

static void end(void)
{
	ck_assert_int_eq(cp_profile_out_end(out, 0), 0);
}

struct seen {
	int n;
	int64_t values[MAX_SEEN][2];
};

static void see(void *arg, const uint64_t *locations, uint32_t nlocations, const int64_t *values)
{
	struct seen *s = arg;
	ck_assert_int_lt(s->n, MAX_SEEN);
	s->values[s->n][0] = values[0];
	s->values[s->n++][1] = values[1];
}

/// Deltas

START_TEST(test_what_went_down_is_negative_and_what_stayed_is_not_there)
{
	struct seen seen = {0};
	setup();
	begin(cp_delta_base(delta));
	put((int[]){LEFT, ROOT}, 2, 5, 500, NULL, 0);
	put((int[]){RIGHT, ROOT}, 2, 3, 300, NULL, 0);
	put((int[]){ROOT}, 1, 7, 70, NULL, 0);
	end();
	begin(cp_delta_later(delta));
	put((int[]){LEFT, ROOT}, 2, 2, 200, NULL, 0);
	put((int[]){RIGHT, ROOT}, 2, 3, 300, NULL, 0);
	put((int[]){ROOT}, 1, 7, 77, NULL, 0);
	end();
	cp_delta_each(delta, see, &seen);
	ck_assert_int_eq(seen.n, 2);
	ck_assert_int_eq(seen.values[0][0], -3);
	ck_assert_int_eq(seen.values[0][1], -300);
	ck_assert_int_eq(seen.values[1][0], 0);
	ck_assert_int_eq(seen.values[1][1], 7);
	cp_delta_drop(delta);
}
END_TEST

START_TEST(test_a_number_that_moves_keeps_nothing_apart_but_its_group_does)
{
	struct seen seen = {0};
	const struct cp_label before = {.key = "bytes", .num = 100, .group = 9};
	const struct cp_label after = {.key = "bytes", .num = 104, .group = 9};
	const struct cp_label other = {.key = "bytes", .num = 104, .group = 10};
	setup();
	begin(cp_delta_base(delta));
	put((int[]){LEFT}, 1, 1, 100, &before, 1);
	end();
	begin(cp_delta_later(delta));
	put((int[]){LEFT}, 1, 4, 416, &after, 1);
	put((int[]){LEFT}, 1, 1, 104, &other, 1);
	end();
	cp_delta_each(delta, see, &seen);
	ck_assert_int_eq(seen.n, 2);
	ck_assert_int_eq(seen.values[0][0], 3);
	ck_assert_int_eq(seen.values[0][1], 316);
	ck_assert_int_eq(seen.values[1][0], 1);
	cp_delta_drop(delta);
}
END_TEST

/// Flames

static const struct cp_flame_box *box_of(const struct cp_flame *f, const char *name)
{
	for (size_t i = 0; i < f->nboxes; i++) {
		const struct cp_flame_frame *frame = &f->frames[f->boxes[i].frame];
		if (frame->name_len == strlen(name) && memcmp(frame->name, name, frame->name_len) == 0)
			return &f->boxes[i];
	}
	ck_abort_msg("no box of %s", name);
}

START_TEST(test_boxes_are_the_call_tree)
{
	struct cp_flame f = {0};
	setup();
	begin(cp_delta_later(delta));
	put((int[]){LEFT, ROOT}, 2, 5, 1, NULL, 0);
	put((int[]){RIGHT, LEFT, ROOT}, 3, 2, 1, NULL, 0);
	put((int[]){ROOT}, 1, 4, 1, NULL, 0);
	end();
	ck_assert_int_eq(cp_flame_build(&f, delta, NULL), 0);
	ck_assert_str_eq(f.type.type, "objects");
	ck_assert_int_eq(f.total, 11);
	ck_assert_uint_eq(f.nboxes, 3);
	ck_assert(!f.is_diff && !f.has_more);
	const struct cp_flame_box *root = box_of(&f, "delta_root"), *left = box_of(&f, "delta_left");
	ck_assert_int_eq(root->width, 11);
	ck_assert_int_eq(root->own, 4);
	ck_assert_uint_eq(root->caller, 0);
	ck_assert_int_eq(left->width, 7);
	ck_assert_int_eq(left->own, 5);
	ck_assert_ptr_eq(&f.boxes[left->caller - 1], root);
	ck_assert_ptr_eq(&f.boxes[box_of(&f, "delta_right")->caller - 1], left);
	cp_flame_free(&f);
	ck_assert_int_eq(cp_flame_build(&f, delta, "nonsense"), -ENOENT);
	cp_flame_free(&f);
	cp_delta_drop(delta);
}
END_TEST

START_TEST(test_changes_are_as_wide_as_they_are_large)
{
	struct cp_flame f = {0};
	setup();
	begin(cp_delta_base(delta));
	put((int[]){LEFT, ROOT}, 2, 0, 30, NULL, 0);
	end();
	begin(cp_delta_later(delta));
	put((int[]){RIGHT, ROOT}, 2, 0, 10, NULL, 0);
	end();
	ck_assert_int_eq(cp_flame_build(&f, delta, "space"), 0);
	ck_assert(f.is_diff);
	ck_assert_int_eq(box_of(&f, "delta_root")->width, 40);
	ck_assert_int_eq(box_of(&f, "delta_root")->delta, -20);
	ck_assert_int_eq(box_of(&f, "delta_left")->delta, -30);
	ck_assert_int_eq(box_of(&f, "delta_right")->delta, 10);
	cp_flame_free(&f);
	cp_delta_drop(delta);
}
END_TEST

START_TEST(test_many_stacks_make_few_boxes)
{
	enum { DEPTH = 16, MAX_BOXES = 20000 };
	struct cp_flame f = {0};
	setup();
	begin(cp_delta_later(delta));
	for (int path = 0; path < 1 << DEPTH; path++) {
		int functions[DEPTH];
		for (int i = 0; i < DEPTH; i++)
			functions[DEPTH - 1 - i] = path >> i & 1 ? LEFT : RIGHT;
		put(functions, DEPTH, 1 + (path % 7 == 0), 0, NULL, 0);
	}
	end();
	ck_assert_int_eq(cp_flame_build(&f, delta, NULL), 0);
	ck_assert(f.has_more);
	ck_assert_uint_le(f.nboxes, MAX_BOXES);
	ck_assert_uint_gt(f.nboxes, MAX_BOXES / 8);
	for (size_t i = 0; i < f.nboxes; i++) {
		const struct cp_flame_box *b = &f.boxes[i];
		ck_assert_uint_le(b->caller, i); // it comes before
		if (b->caller)
			ck_assert_int_ge(f.boxes[b->caller - 1].width, b->width);
	}
	cp_flame_free(&f);
	cp_delta_drop(delta);
}
END_TEST

START_TEST(test_nothing_is_a_flame_graph_too)
{
	struct cp_flame f = {0};
	setup();
	begin(cp_delta_later(delta));
	end();
	ck_assert_int_eq(cp_flame_build(&f, delta, NULL), 0);
	ck_assert_uint_eq(f.nboxes, 0);
	cp_flame_free(&f);
	cp_delta_drop(delta);
	ck_assert_int_eq(cp_delta_begin(&delta), 0);
	ck_assert_int_eq(cp_flame_build(&f, delta, NULL), -EINVAL); // nobody wrote to it
	cp_delta_drop(delta);
}
END_TEST

UNIT_MAIN("delta", test_what_went_down_is_negative_and_what_stayed_is_not_there,
		test_a_number_that_moves_keeps_nothing_apart_but_its_group_does, test_boxes_are_the_call_tree,
		test_changes_are_as_wide_as_they_are_large, test_many_stacks_make_few_boxes,
		test_nothing_is_a_flame_graph_too)
