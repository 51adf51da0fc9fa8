// SPDX-License-Identifier: MIT
// Context: CTL. See stack_list.h.
#include "stack_list.h"

#include "write/grow.h"

typedef bool is_before_fn(const struct cp_stack *a, const struct cp_stack *b);

void cp_stack_list_add(struct cp_stack_list *l, struct cp_stack *s)
{
	void *stacks = l->stacks;
	if (!cp_grow(&stacks, &l->cap_bytes, (l->count + 1) * sizeof(*l->stacks))) {
		l->is_short = true;
		return;
	}
	l->stacks = stacks;
	l->stacks[l->count++] = s;
}

static void swap(struct cp_stack **s, size_t i, size_t k)
{
	struct cp_stack *old = s[i];
	s[i] = s[k];
	s[k] = old;
}

static void sift_down(struct cp_stack **s, size_t root, size_t count, is_before_fn *is_before)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && is_before(s[child], s[child + 1]))
			child++;
		if (!is_before(s[root], s[child]))
			return;
		swap(s, root, child);
	}
}

// Heapsort: qsort() may call malloc.
void cp_stack_list_sort(struct cp_stack_list *l, is_before_fn *is_before)
{
	for (size_t i = l->count / 2; i-- > 0;)
		sift_down(l->stacks, i, l->count, is_before);
	for (size_t i = l->count; i-- > 1;) {
		swap(l->stacks, 0, i);
		sift_down(l->stacks, 0, i, is_before);
	}
}

void cp_stack_list_free(struct cp_stack_list *l)
{
	void *stacks = l->stacks;
	cp_grow_free(&stacks, &l->cap_bytes);
	*l = (struct cp_stack_list){0};
}
