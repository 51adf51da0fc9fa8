// SPDX-License-Identifier: MIT
// A bump allocator. Whole lifetimes are freed at once (process, profile, command); nothing is freed
// singly. Out of memory ends the process with one line: only run/ and tool/ use base/, never lib/.
#ifndef CPROF_BASE_ARENA_H
#define CPROF_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; // newest first
	char *beg;                  // free part of the newest block
	char *end;
	size_t allocated_bytes; // what the blocks take in all
};

/** Caller's memory; a zeroed struct arena is a valid empty one. */
void arena_init(struct arena *a);
void arena_deinit(struct arena *a);

/** Zeroed memory, aligned to `align` (a power of two). Never NULL. */
void *arena_alloc(struct arena *a, size_t size, size_t align);

/** Grows `ptr` from old_size to new_size, in place where it is the newest allocation; else copies. */
void *arena_grow(struct arena *a, void *ptr, size_t old_size, size_t new_size, size_t align);

/** An array of n items of `size` bytes, with room for one more: `*cap` says for how many there is. */
void *arena_make_room(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size);

/** NUL-terminated copy of `len` bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);

/** The texts one behind the other, up to a NULL: what printf does with %s takes ten times as long. */
char *arena_concat(struct arena *a, ...) __attribute__((sentinel));

/** printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** n * size with overflow ending the process (it can only come from hostile sizes nobody checked). */
size_t arena_array_bytes(size_t n, size_t size);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type), _Alignof(type)))
#define arena_array(a, type, n) \
	((type *)arena_alloc((a), arena_array_bytes((n), sizeof(type)), _Alignof(type)))

#endif
