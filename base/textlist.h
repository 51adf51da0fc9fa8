// SPDX-License-Identifier: MIT
// Long texts of many items, written on all processors.
#ifndef CPROF_BASE_TEXTLIST_H
#define CPROF_BASE_TEXTLIST_H

#include "base/buf.h"

/**
 * Appends what put() writes for each of the items 0 to n - 1, in order; ends early where `out` cannot hand
 * on what it has. put() runs beside itself for other items, into other buffers, so it must not write to
 * what `arg` points to. A piece, that one thread writes at a time, should be some dozens of kilobytes.
 */
void textlist_put(struct buf *out, uint32_t n, uint32_t items_a_piece,
		void (*put)(const void *arg, uint32_t i, struct buf *out), const void *arg);

#endif
