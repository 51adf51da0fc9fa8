// SPDX-License-Identifier: MIT
// Writing protobuf messages of any depth into a buffer. For perfetto.c, whose messages nest.
#ifndef CPROF_TOOL_TRACE_PBOUT_H
#define CPROF_TOOL_TRACE_PBOUT_H

#include "base/buf.h"
#include "format/pb.h"

static inline void pbout_varint(struct buf *b, unsigned field, uint64_t v)
{
	buf_reserve(b, 2 * PB_MAX_VARINT_BYTES);
	uint8_t *at = (uint8_t *)b->ptr + b->len;
	uint8_t *end = pb_put_varint(pb_put_tag(at, field, PB_VARINT), v);
	b->len += (size_t)(end - at);
}

static inline void pbout_fixed64(struct buf *b, unsigned field, uint64_t v)
{
	buf_reserve(b, PB_MAX_VARINT_BYTES + sizeof(v));
	uint8_t *at = (uint8_t *)b->ptr + b->len;
	uint8_t *end = pb_put_tag(at, field, PB_FIXED64);
	memcpy(end, &v, sizeof(v));
	b->len += (size_t)(end - at) + sizeof(v);
}

static inline void pbout_string(struct buf *b, unsigned field, struct str s)
{
	buf_reserve(b, 2 * PB_MAX_VARINT_BYTES);
	uint8_t *at = (uint8_t *)b->ptr + b->len;
	uint8_t *end = pb_put_varint(pb_put_tag(at, field, PB_BYTES), s.len);
	b->len += (size_t)(end - at);
	buf_str(b, s);
}

/** Begins a message; returns what pbout_end() wants. Not for buffers that flow. */
static inline size_t pbout_begin(struct buf *b, unsigned field)
{
	buf_reserve(b, PB_MAX_VARINT_BYTES + 1);
	uint8_t *at = (uint8_t *)b->ptr + b->len;
	b->len += (size_t)(pb_put_tag(at, field, PB_BYTES) - at) + 1; // most lengths take one byte
	return b->len;
}

static inline void pbout_end(struct buf *b, size_t begin)
{
	size_t len = b->len - begin, extra = pb_varint_bytes(len) - 1;
	if (extra) {
		buf_reserve(b, extra);
		memmove(b->ptr + begin + extra, b->ptr + begin, len);
		b->len += extra;
	}
	pb_put_varint((uint8_t *)b->ptr + begin - 1, len);
}

#endif
