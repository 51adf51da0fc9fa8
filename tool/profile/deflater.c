// SPDX-License-Identifier: MIT
// See deflater.h. ISA-L is twice as fast as libdeflate, which wants all bytes at once. Where it is not installed, zlib
// does the same, several times slower.
#include "tool/profile/deflater.h"

#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/late.h"
#include "base/mem.h"

enum { LEVEL = 3, LEVEL_BYTES = ISAL_DEF_LVL3_SMALL, FAST_LEVEL = 1, FAST_LEVEL_BYTES = ISAL_DEF_LVL1_SMALL };
enum { ROOM_BYTES = 4096 };

struct deflater {
	bool is_fast;
	struct isal_zstream isal;
	uint8_t *level_buf; // ISA-L's
	z_stream zlib;
	bool has_zlib;
};

// ISA-L, loaded for the first profile that is written. NULL pointers where it is not installed.
static struct {
	__typeof__(&isal_deflate_init) init;
	__typeof__(&isal_deflate) deflate;
} isal;

static void load_isal(void)
{
	const struct late_function functions[] = {
			{"isal_deflate_init", &isal.init}, {"isal_deflate", &isal.deflate}};
	late_load("libisal.so.2", functions, sizeof(functions) / sizeof(functions[0]));
}

static void begin_zlib(struct deflater *d)
{
	if (!d->has_zlib && deflateInit2(&d->zlib, d->is_fast ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			-MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	d->has_zlib = true;
	deflateReset(&d->zlib);
}

struct deflater *deflater_new(bool is_fast)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load_isal);
	struct deflater *d = mem_zeroed(1, sizeof(*d));
	d->is_fast = is_fast;
	if (isal.deflate)
		d->level_buf = mem_resize(NULL, is_fast ? FAST_LEVEL_BYTES : LEVEL_BYTES, 1);
	return d;
}

void deflater_free(struct deflater *d)
{
	if (!d)
		return;
	if (d->has_zlib)
		deflateEnd(&d->zlib);
	free(d->level_buf);
	free(d);
}

void deflater_begin(struct deflater *d)
{
	if (!isal.deflate)
		return begin_zlib(d);
	isal.init(&d->isal);
	d->isal.level = d->is_fast ? FAST_LEVEL : LEVEL;
	d->isal.level_buf = d->level_buf;
	d->isal.level_buf_size = d->is_fast ? FAST_LEVEL_BYTES : LEVEL_BYTES;
}

/* Both libraries leave room only where they have nothing more to say. */
static size_t step_isal(struct deflater *d, enum deflate_end end, uint8_t *out)
{
	d->isal.flush = end == DEFLATE_PIECE ? FULL_FLUSH : NO_FLUSH;
	d->isal.end_of_stream = end == DEFLATE_ALL;
	d->isal.next_out = out;
	d->isal.avail_out = ROOM_BYTES;
	isal.deflate(&d->isal);
	return ROOM_BYTES - d->isal.avail_out;
}

static size_t step_zlib(struct deflater *d, enum deflate_end end, uint8_t *out)
{
	d->zlib.next_out = out;
	d->zlib.avail_out = ROOM_BYTES;
	deflate(&d->zlib, end == DEFLATE_ALL ? Z_FINISH : end == DEFLATE_PIECE ? Z_FULL_FLUSH : Z_NO_FLUSH);
	return ROOM_BYTES - d->zlib.avail_out;
}

void deflater_put(struct deflater *d, const struct buf *plain, enum deflate_end end, struct buf *out)
{
	size_t n;
	d->isal.next_in = d->zlib.next_in = (uint8_t *)plain->ptr;
	d->isal.avail_in = d->zlib.avail_in = (uint32_t)plain->len;
	do {
		buf_reserve(out, ROOM_BYTES);
		uint8_t *at = (uint8_t *)out->ptr + out->len;
		n = isal.deflate ? step_isal(d, end, at) : step_zlib(d, end, at);
		out->len += n;
	} while (n == ROOM_BYTES);
}
