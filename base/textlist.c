// SPDX-License-Identifier: MIT
// See textlist.h.
#include "textlist.h"

#include "pieces.h"

enum { PIECES_TO_SHARE = 400 }; // some ten megabytes

struct list {
	struct buf *out;
	uint32_t n, items_a_piece;
	bool is_shared; // then each worker has a text of its own, else all goes where it is to be
	void (*put)(const void *arg, uint32_t i, struct buf *out);
	const void *arg;
};

static void write_piece(void *arg, void *worker, uint32_t piece)
{
	const struct list *l = arg;
	struct buf *text = l->is_shared ? worker : l->out;
	uint32_t begin = piece * l->items_a_piece, left = l->n - begin;
	if (l->is_shared)
		text->len = 0;
	for (uint32_t i = 0; i < l->items_a_piece && i < left; i++)
		l->put(l->arg, begin + i, text);
}

static bool take_piece(void *arg, void *worker, uint32_t piece)
{
	const struct list *l = arg;
	const struct buf *text = worker;
	buf_append(l->out, text->ptr, text->len);
	return !l->out->status;
}

void textlist_put(struct buf *out, uint32_t n, uint32_t items_a_piece,
		void (*put)(const void *arg, uint32_t i, struct buf *out), const void *arg)
{
	struct list list = {.out = out, .n = n, .items_a_piece = items_a_piece, .put = put, .arg = arg};
	struct pieces pieces = {.n = n / items_a_piece + (n % items_a_piece != 0), .arg = &list,
			.make = write_piece, .take = take_piece};
	struct buf texts[PIECES_MAX_WORKERS] = {0};
	uint32_t nworkers = pieces_workers(pieces.n, PIECES_TO_SHARE);
	list.is_shared = nworkers > 1;
	pieces_run(&pieces, texts, sizeof(*texts), nworkers);
	for (uint32_t i = 0; i < PIECES_MAX_WORKERS; i++)
		buf_deinit(&texts[i]);
}
