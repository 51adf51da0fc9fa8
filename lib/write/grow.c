// SPDX-License-Identifier: MIT
// Context: CTL. Doubles and copies: the kernel gives pages only when they are touched, so what doubling
// reserves too much costs address space, not memory.
#include "grow.h"

#include <stdint.h>
#include <string.h>

#include "sigsafe/pagealloc.h"

enum { MIN_BYTES = 8 << 10 };

bool cp_grow(void *array, size_t *cap_bytes, size_t need_bytes)
{
	if (need_bytes <= *cap_bytes)
		return true;
	size_t cap = *cap_bytes ? *cap_bytes : MIN_BYTES;
	while (cap < need_bytes) {
		if (cap > SIZE_MAX / 2)
			return false;
		cap *= 2;
	}
	void *bigger = cp_pages_alloc(cap), *ptr;
	if (!bigger)
		return false;
	cp_pages_fill(bigger, *cap_bytes ? *cap_bytes : cap);
	memcpy(&ptr, array, sizeof(ptr)); // by its bytes: it may be of any pointer type
	if (ptr) {
		memcpy(bigger, ptr, *cap_bytes);
		cp_pages_free(ptr, *cap_bytes);
	}
	memcpy(array, &bigger, sizeof(bigger));
	*cap_bytes = cap;
	return true;
}

void cp_grow_free(void *array, size_t *cap_bytes)
{
	void *ptr;
	memcpy(&ptr, array, sizeof(ptr));
	if (ptr)
		cp_pages_free(ptr, *cap_bytes);
	memset(array, 0, sizeof(ptr));
	*cap_bytes = 0;
}

bool cp_grow_sink(struct profwrite_sink *s, size_t extra_bytes)
{
	return extra_bytes <= SIZE_MAX - s->len && cp_grow(&s->ptr, &s->cap, s->len + extra_bytes);
}

void cp_grow_sink_free(struct profwrite_sink *s)
{
	cp_grow_free(&s->ptr, &s->cap);
	s->len = 0;
}
