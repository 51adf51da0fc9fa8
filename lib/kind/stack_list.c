// SPDX-License-Identifier: MIT
// Context: CTL. See stack_list.h.
#include "stack_list.h"

#include "write/grow.h"
#include "write/sort.h"

void cp_stack_list_add(struct cp_stack_list *l, struct cp_stack *s)
{
	if (!cp_grow(&l->stacks, &l->cap_bytes, (l->count + 1) * sizeof(*l->stacks))) {
		l->is_short = true;
		return;
	}
	l->stacks[l->count++] = s;
}

static bool is_before(const void *a, const void *b, const void *order)
{
	cp_stack_order_fn *const *fn = order;
	return (*fn)(*(struct cp_stack *const *)a, *(struct cp_stack *const *)b);
}

void cp_stack_list_sort(struct cp_stack_list *l, cp_stack_order_fn *order)
{
	cp_sort(l->stacks, l->count, sizeof(*l->stacks), is_before, &order);
}

void cp_stack_list_free(struct cp_stack_list *l)
{
	cp_grow_free(&l->stacks, &l->cap_bytes);
	*l = (struct cp_stack_list){0};
}
