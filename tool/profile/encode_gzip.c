// SPDX-License-Identifier: MIT
// A profile as one gzip member, encoded and deflated a piece a thread, and handed on as it is made: ISA-L
// ends a piece at a whole byte, so that the next may begin there, and is twice as fast as libdeflate. Where it
// is not installed, zlib does the same, several times slower.
#include "tool/profile/encode.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/late.h"
#include "base/mem.h"
#include "base/pieces.h"
#include "tool/profile/encode_pieces.h"

// Of a large profile size matters less than time.
enum { LEVEL = 3, LEVEL_BYTES = ISAL_DEF_LVL3_SMALL };
enum { FAST_LEVEL = 1, FAST_LEVEL_BYTES = ISAL_DEF_LVL1_SMALL, FAST_FROM_PIECES = 16, PIECES_TO_SHARE = 32 };

struct packer {
	const struct profile *p;
	const struct names *names;
	uint32_t npieces;
	struct buf *out;
	uint32_t crc, nbytes; // of what was taken; gzip wants no more than 32 bits of its length
};

struct worker {
	struct buf plain, packed;
	uint8_t *level_buf; // ISA-L's
	uint32_t crc;
};

// ISA-L, loaded for the first profile that is written. NULL pointers where it is not installed.
static struct {
	__typeof__(&isal_deflate_stateless_init) init;
	__typeof__(&isal_deflate_stateless) deflate;
} isal;

static void load_isal(void)
{
	const struct late_function functions[] = {
			{"isal_deflate_stateless_init", &isal.init}, {"isal_deflate_stateless", &isal.deflate}};
	late_load("libisal.so.2", functions, sizeof(functions) / sizeof(functions[0]));
}

/* Without ISA-L. */
static bool try_zlib(struct worker *w, bool is_last, bool is_fast)
{
	z_stream z = {.next_in = (Bytef *)w->plain.ptr, .avail_in = (uInt)w->plain.len,
			.next_out = (Bytef *)w->packed.ptr, .avail_out = (uInt)w->packed.cap};
	if (deflateInit2(&z, is_fast ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
			Z_DEFAULT_STRATEGY) != Z_OK)
		mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	int status = deflate(&z, is_last ? Z_FINISH : Z_FULL_FLUSH);
	w->packed.len = z.total_out;
	deflateEnd(&z);
	return is_last ? status == Z_STREAM_END : status == Z_OK && z.avail_out;
}

static bool try_deflate(struct worker *w, bool is_last, bool is_fast)
{
	struct isal_zstream stream;
	if (!isal.deflate)
		return try_zlib(w, is_last, is_fast);
	isal.init(&stream);
	stream.level = is_fast ? FAST_LEVEL : LEVEL;
	stream.level_buf_size = is_fast ? FAST_LEVEL_BYTES : LEVEL_BYTES;
	if (!w->level_buf)
		w->level_buf = mem_resize(NULL, stream.level_buf_size, 1);
	stream.level_buf = w->level_buf;
	stream.flush = FULL_FLUSH;
	stream.end_of_stream = is_last;
	stream.next_in = (uint8_t *)w->plain.ptr;
	stream.avail_in = (uint32_t)w->plain.len;
	stream.next_out = (uint8_t *)w->packed.ptr;
	stream.avail_out = w->packed.cap > UINT32_MAX ? UINT32_MAX : (uint32_t)w->packed.cap;
	bool is_done = isal.deflate(&stream) == COMP_OK;
	w->packed.len = stream.total_out;
	return is_done;
}

static void pack_piece(void *arg, void *worker, uint32_t piece)
{
	const struct packer *packer = arg;
	struct worker *w = worker;
	size_t room;
	w->plain.len = w->packed.len = 0;
	encode_piece(packer->names, packer->p, piece, &w->plain);
	w->crc = libdeflate_crc32(0, w->plain.ptr, w->plain.len);
	room = w->plain.len + w->plain.len / 64 + 4096;
	do {
		w->packed.len = 0;
		buf_reserve(&w->packed, room);
		room *= 2;
	} while (!try_deflate(w, piece + 1 == packer->npieces, packer->npieces > FAST_FROM_PIECES));
}

static bool take_piece(void *arg, void *worker, uint32_t piece)
{
	struct packer *packer = arg;
	const struct worker *w = worker;
	packer->crc = (uint32_t)crc32_combine(packer->crc, w->crc, (z_off_t)w->plain.len);
	packer->nbytes += (uint32_t)w->plain.len;
	buf_append(packer->out, w->packed.ptr, w->packed.len);
	return !packer->out->status;
}

static void put_u32(struct buf *out, uint32_t v)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		buf_byte(out, (char)(v >> shift));
}

void profile_encode_gzip(const struct profile *p, struct buf *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const char head[10] = {0x1f, (char)0x8b, 8, [9] = (char)0xff}; // deflate; made on no system
	struct names *names = encode_begin(p);
	struct packer packer = {.p = p, .names = names, .npieces = encode_npieces(names, p), .out = out};
	struct pieces pieces = {.n = packer.npieces, .arg = &packer, .make = pack_piece, .take = take_piece};
	struct worker workers[PIECES_MAX_WORKERS] = {0};
	uint32_t n = pieces_workers(packer.npieces, PIECES_TO_SHARE);
	pthread_once(&once, load_isal);
	buf_append(out, head, sizeof(head));
	pieces_run(&pieces, workers, sizeof(*workers), n);
	put_u32(out, packer.crc);
	put_u32(out, packer.nbytes);
	for (uint32_t i = 0; i < n; i++) {
		buf_deinit(&workers[i].plain);
		buf_deinit(&workers[i].packed);
		free(workers[i].level_buf);
	}
	encode_end(names);
}
