// SPDX-License-Identifier: MIT
// The blocks behind struct arena. Blocks double from a page up to 8 MiB, so that what needs little touches
// few pages and a large profile costs few blocks; an allocation larger than a block gets one of its own.
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_FIRST_BYTES = 4 << 10, ARENA_MAX_BYTES = 8 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size_bytes;
	_Alignas(16) char data[];
};

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "cprof: out of memory (asked for %zu bytes)\n", size);
	exit(2);
}

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_deinit(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){0};
}

static void arena_add_block(struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size_bytes * 2 : ARENA_FIRST_BYTES;
	if (size > ARENA_MAX_BYTES)
		size = ARENA_MAX_BYTES;
	if (size < need)
		size = need;
	// calloc of a fresh block costs nothing: the kernel hands out zeroed pages.
	struct arena_block *b = calloc(1, sizeof(*b) + size);
	if (!b)
		out_of_memory(size);
	b->size_bytes = size;
	b->next = a->blocks;
	a->blocks = b;
	a->beg = b->data;
	a->end = b->data + size;
	a->allocated_bytes += sizeof(*b) + size;
}

void *arena_alloc(struct arena *a, size_t size, size_t align)
{
	if (size > PTRDIFF_MAX - align)
		out_of_memory(size);
	size_t pad = -(uintptr_t)a->beg & (align - 1);
	if (!a->beg || size + pad > (size_t)(a->end - a->beg)) {
		arena_add_block(a, size + align);
		pad = -(uintptr_t)a->beg & (align - 1);
	}
	char *p = a->beg + pad;
	a->beg = p + size;
	return p;
}

void *arena_grow(struct arena *a, void *ptr, size_t old_size, size_t new_size, size_t align)
{
	if (ptr && (char *)ptr + old_size == a->beg && new_size >= old_size &&
			new_size - old_size <= (size_t)(a->end - a->beg)) {
		a->beg += new_size - old_size;
		return ptr;
	}
	void *p = arena_alloc(a, new_size, align);
	if (old_size)
		memcpy(p, ptr, old_size < new_size ? old_size : new_size);
	return p;
}

void *arena_make_room(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return items;
	uint32_t bigger = *cap ? 2 * *cap : 16;
	items = arena_grow(a, items, *cap * size, bigger * size, 16);
	*cap = bigger;
	return items;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1, 1);
	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_concat(struct arena *a, ...)
{
	va_list ap, again;
	size_t len = 0;
	va_start(ap, a);
	va_copy(again, ap);
	for (const char *s; (s = va_arg(ap, const char *));)
		len += strlen(s);
	va_end(ap);
	char *joined = arena_alloc(a, len + 1, 1), *end = joined;
	for (const char *s; (s = va_arg(again, const char *));)
		end = stpcpy(end, s);
	va_end(again);
	return joined;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *p = arena_alloc(a, (size_t)len + 1, 1);
	vsnprintf(p, (size_t)len + 1, fmt, again);
	va_end(again);
	return p;
}

size_t arena_array_bytes(size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		out_of_memory(SIZE_MAX);
	return bytes;
}
