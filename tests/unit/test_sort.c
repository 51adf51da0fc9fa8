// SPDX-License-Identifier: MIT
// Sorting without malloc: every length, with and without equal items.
#include <stdlib.h>

#include "unit.h"
#include "write/sort.h"

struct item {
	int key;
	char payload[13]; // an odd size: items are moved whole
};

static bool is_before(const void *a, const void *b, const void *sign)
{
	const struct item *x = a, *y = b;
	return x->key * *(const int *)sign < y->key * *(const int *)sign;
}

static int count_wrong(size_t n, int nkeys, int sign)
{
	struct item items[200];
	int nwrong = 0, sum = 0;
	for (size_t i = 0; i < n; i++) {
		items[i] = (struct item){.key = rand() % nkeys};
		for (size_t k = 0; k < sizeof(items[i].payload); k++)
			items[i].payload[k] = (char)items[i].key;
		sum += items[i].key;
	}
	cp_sort(items, n, sizeof(*items), is_before, &sign);
	for (size_t i = 0; i < n; i++) {
		sum -= items[i].key;
		nwrong += i > 0 && is_before(&items[i], &items[i - 1], &sign);
		for (size_t k = 0; k < sizeof(items[i].payload); k++)
			nwrong += items[i].payload[k] != (char)items[i].key;
	}
	return nwrong + (sum != 0);
}

START_TEST(all_lengths_are_sorted)
{
	int nwrong = 0;
	for (size_t n = 0; n <= 200; n++) {
		nwrong += count_wrong(n, 1000000, 1);
		nwrong += count_wrong(n, 5, -1);
	}
	ck_assert_int_eq(nwrong, 0);
}
END_TEST

UNIT_MAIN("sort", all_lengths_are_sorted)
