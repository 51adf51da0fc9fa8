// SPDX-License-Identifier: MIT
// A growable byte buffer: where reports and encoded profiles are built before a byte is written out.
#ifndef CPROF_BASE_BUF_H
#define CPROF_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

struct buf {
	char *ptr; // malloc'ed, ours
	size_t len;
	size_t cap;
	// Where set, the buffer hands its content on before it grows to more than flush_bytes, and starts anew:
	// that is how -traces and -raw stream. Returns 0 or a negative errno, kept in `status`.
	int (*flush)(void *arg, const char *data, size_t len);
	void *flush_arg;
	size_t flush_bytes;
	int status;
};

void buf_deinit(struct buf *b);

void buf_grow(struct buf *b, size_t extra);

/** At least `extra` writable bytes at ptr + len. */
static inline void buf_reserve(struct buf *b, size_t extra)
{
	if (b->cap - b->len < extra)
		buf_grow(b, extra);
}

void buf_append(struct buf *b, const void *data, size_t len);
void buf_byte(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
void buf_pad(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** All that can be read from there. */
void buf_read_all(struct buf *b, int fd);

/** Decimal and 0x-hexadecimal, much faster than printf. */
void buf_i64(struct buf *b, int64_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_hex(struct buf *b, uint64_t v);

/** Hands on what is left; returns the status of all hand-overs (0 or a negative errno). */
int buf_flush(struct buf *b);

#endif
