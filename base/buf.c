// SPDX-License-Identifier: MIT
// The growing and the number formatting behind struct buf. Out of memory ends the process (see arena.h).
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void buf_deinit(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){0};
}

void buf_grow(struct buf *b, size_t extra)
{
	if (b->flush && b->len && b->len + extra > b->flush_bytes) {
		buf_flush(b);
		if (b->cap >= extra)
			return;
	}
	size_t cap = b->cap ? b->cap : 4096;
	while (cap - b->len < extra) {
		if (cap > SIZE_MAX / 2) {
			fprintf(stderr, "cprof: out of memory (asked for %zu bytes)\n", extra);
			exit(2);
		}
		cap *= 2;
	}
	char *ptr = realloc(b->ptr, cap);
	if (!ptr) {
		fprintf(stderr, "cprof: out of memory (asked for %zu bytes)\n", cap);
		exit(2);
	}
	b->ptr = ptr;
	b->cap = cap;
}

static void hand_on(struct buf *b, const char *data, size_t len)
{
	int rc = b->status ? 0 : b->flush(b->flush_arg, data, len);
	if (rc)
		b->status = rc;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	if (b->flush && len > b->flush_bytes / 2) { // more than it is worth to copy
		buf_flush(b);
		return hand_on(b, data, len);
	}
	buf_reserve(b, len);
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
}

void buf_read_all(struct buf *b, int fd)
{
	ssize_t n;
	do {
		buf_reserve(b, 1 << 16);
		n = read(fd, b->ptr + b->len, b->cap - b->len);
		b->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
}

void buf_byte(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->ptr[b->len++] = c;
}

void buf_str(struct buf *b, struct str s)
{
	buf_append(b, s.ptr, s.len);
}

void buf_cstr(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_pad(struct buf *b, char c, size_t n)
{
	if (!n)
		return;
	buf_reserve(b, n);
	memset(b->ptr + b->len, c, n);
	b->len += n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	buf_reserve(b, 128);
	size_t room = b->cap - b->len;
	int len = vsnprintf(b->ptr + b->len, room, fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len >= room) {
		buf_reserve(b, (size_t)len + 1);
		vsnprintf(b->ptr + b->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	if (len > 0)
		b->len += (size_t)len;
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_byte(b, '-');
	buf_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_u64(struct buf *b, uint64_t v)
{
	char tmp[20];
	size_t at = sizeof(tmp);
	do {
		tmp[--at] = (char)('0' + v % 10);
	} while (v /= 10);
	buf_append(b, tmp + at, sizeof(tmp) - at);
}

void buf_hex(struct buf *b, uint64_t v)
{
	char tmp[18];
	size_t at = sizeof(tmp);
	do {
		tmp[--at] = "0123456789abcdef"[v & 15];
	} while (v >>= 4);
	tmp[--at] = 'x';
	tmp[--at] = '0';
	buf_append(b, tmp + at, sizeof(tmp) - at);
}

int buf_flush(struct buf *b)
{
	if (b->flush && b->len) {
		hand_on(b, b->ptr, b->len);
		b->len = 0;
	}
	return b->status;
}
