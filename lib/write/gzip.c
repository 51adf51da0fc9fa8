// SPDX-License-Identifier: MIT
// Context: CTL. One gzip member by zlib, fastest level as Go writes it: a profile is small and repeats
// itself, what counts is the time taken from the program.
#include "gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum {
	MIN_WINDOW_BITS = 9,
	MAX_WINDOW_BITS = 15, // 32 KiB
	GZIP_HEADER = 16,     // added to the window's bits: with a gzip header
	STATE_BYTES = 8 << 10, // beside its window and tables
};

static void *zalloc(void *arena, unsigned items, unsigned size)
{
	return cp_arena_alloc(arena, (size_t)items * size);
}

/** All at once, with the arena. */
static void zfree(void *arena, void *ptr)
{
}

/** No more than the data can use: for the largest window zlib clears and fills 67 pages, each a fault. */
static int window_bits(size_t size)
{
	int bits = MIN_WINDOW_BITS;
	while (bits < MAX_WINDOW_BITS && (size_t)1 << bits < size)
		bits++;
	return bits;
}

int cp_gzip(struct profwrite_sink *out, const void *data, size_t size, struct cp_arena *scratch)
{
	int bits = window_bits(size);
	int mem_level = bits - 7; // its hash table has 1 << (mem_level + 7) entries
	scratch->fill_bytes = ((size_t)4 << bits) + ((size_t)512 << mem_level) + STATE_BYTES;
	z_stream z = {.zalloc = zalloc, .zfree = zfree, .opaque = scratch};
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, bits + GZIP_HEADER, mem_level, Z_DEFAULT_STRATEGY) != Z_OK) {
		cp_arena_rewind(scratch);
		return -ENOMEM;
	}
	size_t bound = deflateBound(&z, size);
	int ret = Z_OK;
	if (out->cap - out->len < bound && !cp_grow_sink(out, bound))
		ret = Z_MEM_ERROR;
	z.next_in = (unsigned char *)data;
	size_t unread = size, room = bound;
	z.next_out = out->ptr + out->len;
	// zlib counts in unsigned int; a profile may be larger.
	while (ret == Z_OK) {
		if (z.avail_in == 0 && unread) {
			z.avail_in = unread < UINT_MAX ? (unsigned)unread : UINT_MAX;
			unread -= z.avail_in;
		}
		if (z.avail_out == 0) {
			z.avail_out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
			room -= z.avail_out;
		}
		ret = deflate(&z, unread ? Z_NO_FLUSH : Z_FINISH);
	}
	if (ret == Z_STREAM_END)
		out->len = (size_t)(z.next_out - out->ptr);
	deflateEnd(&z);
	cp_arena_rewind(scratch);
	return ret == Z_STREAM_END ? 0 : -ENOMEM;
}

int cp_unzip(void *out, size_t out_bytes, const void *data, size_t size)
{
	struct cp_arena arena = {0};
	z_stream z = {.zalloc = zalloc, .zfree = zfree, .opaque = &arena};
	if (out_bytes > UINT_MAX || size > UINT_MAX)
		return -EFBIG;
	if (inflateInit(&z) != Z_OK) {
		cp_arena_reset(&arena);
		return -ENOMEM;
	}
	z.next_in = (unsigned char *)data;
	z.avail_in = (unsigned)size;
	z.next_out = out;
	z.avail_out = (unsigned)out_bytes;
	int ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	cp_arena_reset(&arena);
	return ret == Z_STREAM_END && z.avail_out == 0 ? 0 : -EINVAL;
}
