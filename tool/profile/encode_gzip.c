// SPDX-License-Identifier: MIT
// A profile as one gzip member, handed on as it is made. A small one is deflated in one go; a large one in pieces,
// on as many threads as there are processors.
#include "tool/profile/encode.h"

#include <libdeflate.h>
#include <zlib.h>

#include "base/pieces.h"
#include "tool/profile/deflater.h"
#include "tool/profile/encode_batches.h"

// Of a large profile size matters less than time.
enum { FAST_FROM_BATCHES = 96, SHARED_FROM_BATCHES = 256, BATCHES_A_PIECE = 16 };

struct packer {
	const struct profile *p;
	const struct names *names;
	uint32_t nbatches, batches_a_piece;
	bool is_shared;
	struct buf *out;
	uint32_t crc, nbytes; // of what was taken; gzip wants no more than 32 bits of its length
};

struct worker {
	struct deflater *deflater;
	struct buf plain;  // a batch
	struct buf packed; // a piece that waits for its turn
	// Of the piece.
	uint32_t crc;
	size_t nbytes;
};

static void pack_piece(void *arg, void *worker, uint32_t piece)
{
	const struct packer *packer = arg;
	struct worker *w = worker;
	struct buf *to = packer->is_shared ? &w->packed : packer->out;
	uint32_t batch = piece * packer->batches_a_piece, end = batch + packer->batches_a_piece;
	if (end > packer->nbatches)
		end = packer->nbatches;
	if (!w->deflater)
		w->deflater = deflater_new(packer->nbatches > FAST_FROM_BATCHES);
	deflater_begin(w->deflater);
	w->packed.len = w->nbytes = w->crc = 0;
	for (; batch < end && !to->status; batch++) {
		enum deflate_end at_end = batch + 1 < end ? DEFLATE_MORE
				: end < packer->nbatches  ? DEFLATE_PIECE
							  : DEFLATE_ALL;
		w->plain.len = 0;
		encode_batch(packer->names, packer->p, batch, &w->plain);
		w->crc = libdeflate_crc32(w->crc, w->plain.ptr, w->plain.len);
		w->nbytes += w->plain.len;
		deflater_put(w->deflater, &w->plain, at_end, to);
	}
}

static bool take_piece(void *arg, void *worker, uint32_t piece)
{
	struct packer *packer = arg;
	const struct worker *w = worker;
	packer->crc = piece ? (uint32_t)crc32_combine(packer->crc, w->crc, (z_off_t)w->nbytes) : w->crc;
	packer->nbytes += (uint32_t)w->nbytes;
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
	static const char head[10] = {0x1f, (char)0x8b, 8, [9] = (char)0xff}; // deflate; made on no system
	struct names *names = encode_begin(p);
	struct packer packer = {.p = p, .names = names, .nbatches = encode_nbatches(names, p), .out = out};
	struct pieces pieces = {.n = 1, .arg = &packer, .make = pack_piece, .take = take_piece};
	struct worker workers[PIECES_MAX_WORKERS] = {0};
	uint32_t n = pieces_workers(packer.nbatches, SHARED_FROM_BATCHES);
	packer.is_shared = n > 1;
	packer.batches_a_piece = packer.is_shared ? BATCHES_A_PIECE : packer.nbatches;
	if (packer.is_shared)
		pieces.n = (packer.nbatches + BATCHES_A_PIECE - 1) / BATCHES_A_PIECE;
	buf_append(out, head, sizeof(head));
	pieces_run(&pieces, workers, sizeof(*workers), n);
	put_u32(out, packer.crc);
	put_u32(out, packer.nbytes);
	for (uint32_t i = 0; i < n; i++) {
		deflater_free(workers[i].deflater);
		buf_deinit(&workers[i].plain);
		buf_deinit(&workers[i].packed);
	}
	encode_end(names);
}
