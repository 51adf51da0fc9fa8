// SPDX-License-Identifier: MIT
// Context: CTL. Heapsort: no memory of its own, and no bad case. See sort.h.
#include "sort.h"

struct heap {
	char *items;
	size_t count, item_bytes;
	cp_is_before_fn *is_before;
	const void *arg;
};

static bool is_before(const struct heap *h, size_t a, size_t b)
{
	return h->is_before(h->items + a * h->item_bytes, h->items + b * h->item_bytes, h->arg);
}

static void swap(const struct heap *h, size_t a, size_t b)
{
	char *x = h->items + a * h->item_bytes, *y = h->items + b * h->item_bytes;
	for (size_t i = 0; i < h->item_bytes; i++) {
		char old = x[i];
		x[i] = y[i];
		y[i] = old;
	}
}

static void sift_down(const struct heap *h, size_t root)
{
	for (size_t child; (child = 2 * root + 1) < h->count; root = child) {
		if (child + 1 < h->count && is_before(h, child, child + 1))
			child++;
		if (!is_before(h, root, child))
			return;
		swap(h, root, child);
	}
}

void cp_sort(void *items, size_t count, size_t item_bytes, cp_is_before_fn *is_before_fn, const void *arg)
{
	struct heap h = {items, count, item_bytes, is_before_fn, arg};
	for (size_t i = count / 2; i-- > 0;)
		sift_down(&h, i);
	while (h.count-- > 1) {
		swap(&h, 0, h.count);
		sift_down(&h, 0);
	}
}
