// SPDX-License-Identifier: MIT
// See unwind.h. Steps by the files' tables are in walk_rules.c, those without in walk_bare.c.
#include "tool/perfdata/unwind.h"

#include "tool/perfdata/walk.h"

static const struct machine x86_64 = {7, 6, 16, 17, false,
		{0, 3, 2, 1, 4, 5, 6, 7, 16, -1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15,
				-1, -1, -1, -1, -1, -1, -1, -1, -1}};
static const struct machine aarch64 = {31, 29, 32, 33, true,
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
				28, 29, 30, 31, 32}};

static bool begin(struct walk *w, const struct perf_sample *s)
{
	const struct machine *m = w->machine;
	struct reader values = reader_of(s->registers, 8 * (size_t)__builtin_popcountll(s->registers_mask));
	for (uint32_t i = 0; i < 64; i++) {
		if (!(s->registers_mask >> i & 1))
			continue;
		uint64_t value = read_u64(&values);
		if (i < NREGISTERS && m->of_kernel[i] >= 0)
			walk_set(&w->now, (uint32_t)m->of_kernel[i], value);
	}
	w->stack = s->stack;
	w->stack_bytes = s->stack_bytes;
	w->stack_start = w->now.value[m->sp];
	return walk_has(&w->now, m->sp) && walk_has(&w->now, m->pc);
}

uint32_t unwind_dump(struct cfi_tables *t, struct processes *p, const struct perf_sample *s, uint64_t *addresses_out,
		uint32_t max, enum unwind_end *end_out)
{
	struct walk w = {.machine = s->is_aarch64 ? &aarch64 : &x86_64, .tables = t, .processes = p, .pid = s->pid};
	uint32_t n = 0;
	*end_out = UNWIND_NO_RULE;
	if (!begin(&w, s))
		return 0;
	for (uint64_t pc; n < max && (pc = w.now.value[w.machine->pc]) != 0;) {
		uint64_t sp = w.now.value[w.machine->sp];
		// A return address may be that of the next function, where the call is the last of its own.
		uint64_t at = w.is_call ? pc - 1 : pc;
		addresses_out[n++] = at;
		struct address_range *range = process_range(p, s->pid, at);
		Dwarf_Frame *frame = range ? cfi_row(t, range, at) : NULL;
		bool stepped = frame ? walk_by_rules(&w, frame) : walk_bare(&w, range);
		if (!w.is_call) // where a handler returns to, nothing has called
			addresses_out[n - 1] = pc;
		// Only the innermost function may have put nothing there, not even where it returns to (aarch64).
		uint64_t caller_sp = w.now.value[w.machine->sp];
		bool stays = caller_sp == sp && n > 1 && w.now.value[w.machine->pc] != 0;
		if (!stepped || caller_sp < sp || stays) {
			*end_out = w.left_copy ? UNWIND_DUMP_END : UNWIND_NO_RULE;
			return n;
		}
	}
	*end_out = UNWIND_WHOLE;
	return n;
}
