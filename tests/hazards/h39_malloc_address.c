// SPDX-License-Identifier: MIT
// Hazard 39: a program at a fixed address that takes malloc's address. For the whole process that is then a stub in the
// program, which leads to us all the same: the heap is seen.
#include "heap_truth.h"

static struct truth truth;
static void *(*volatile allocate)(size_t) = malloc;

static SITE void *by_pointer(size_t size)
{
	return took(&truth, allocate(size), size);
}

int main(void)
{
	for (size_t size = 1; size <= 100; size++)
		by_pointer(size);
	say("by_pointer", &truth);
	return 0;
}
