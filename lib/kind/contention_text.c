// SPDX-License-Identifier: MIT
// Context: CTL. See contention_text.h.
#include "contention_text.h"

#include <errno.h>

#include "stack_list.h"
#include "write/labels_out.h"
#include "write/text_out.h"

struct listing {
	struct cp_text_out *out;
	struct cp_stack_list list;
};

static void collect(struct cp_stack *s, void *arg)
{
	struct listing *l = arg;
	if (cp_contention_values(s).count == 0)
		return;
	cp_stack_list_add(&l->list, s);
	cp_text_out_add(l->out, s->pcs, s->npcs, s->epoch);
}

static bool is_longer(const struct cp_stack *a, const struct cp_stack *b)
{
	return cp_contention_values(a).delay_ns > cp_contention_values(b).delay_ns;
}

static void print(struct cp_text_out *o, const struct cp_stack *s)
{
	struct cp_contention_values v = cp_contention_values(s);
	cp_text_out_printf(o, "%lld %lld @", (long long)v.delay_ns, (long long)v.count);
	cp_text_out_addresses(o, s->pcs, s->npcs);
	cp_text_out_printf(o, "\n");
	if (cp_labels_of_id((uint32_t)s->tag)) {
		cp_text_out_printf(o, "# labels: ");
		cp_labels_text(o, (uint32_t)s->tag);
		cp_text_out_printf(o, "\n");
	}
	cp_text_out_stack(o, s->pcs, s->npcs, s->epoch);
	cp_text_out_printf(o, "\n");
}

int cp_contention_write_text(struct cp_stacktab *stacks, bool is_mutex, struct cprof_writer writer)
{
	struct listing l = {0};
	int rc = cp_text_out_begin(&l.out, writer);
	if (rc != 0)
		return rc;
	cp_stacktab_each(stacks, collect, &l);
	cp_text_out_resolve_lines(l.out);
	cp_stack_list_sort(&l.list, is_longer);
	cp_text_out_printf(l.out, "--- %s:\ncycles/second=1000000000\n", is_mutex ? "mutex" : "contention");
	if (is_mutex)
		cp_text_out_printf(l.out, "sampling period=1\n"); // readers multiply by it; we have
	for (size_t i = 0; i < l.list.count; i++)
		print(l.out, l.list.stacks[i]);
	bool is_short = l.list.is_short;
	cp_stack_list_free(&l.list);
	rc = cp_text_out_end(l.out);
	return rc == 0 && is_short ? -ENOMEM : rc;
}
