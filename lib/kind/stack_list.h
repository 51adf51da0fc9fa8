// SPDX-License-Identifier: MIT
// Context: CTL. The stacks of a table as a list that can be sorted, for text. No malloc.
#ifndef CPROF_KIND_STACK_LIST_H
#define CPROF_KIND_STACK_LIST_H

#include "sigsafe/stacktab.h"

/** True: `a` goes before `b`. */
typedef bool cp_stack_order_fn(const struct cp_stack *a, const struct cp_stack *b);

/** Zero it to start. */
struct cp_stack_list {
	struct cp_stack **stacks;
	size_t count, cap_bytes;
	bool is_short; // of memory: some are missing
};

void cp_stack_list_add(struct cp_stack_list *l, struct cp_stack *s);
void cp_stack_list_sort(struct cp_stack_list *l, cp_stack_order_fn *order);
void cp_stack_list_free(struct cp_stack_list *l);

#endif
