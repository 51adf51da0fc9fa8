// SPDX-License-Identifier: MIT
// Bounded reading of bytes that may say anything: perf.data, DWARF. Numbers are in the machine's byte order.
#ifndef CPROF_FORMAT_READER_H
#define CPROF_FORMAT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// What is left to read. Reading beyond the end gives zeroes and sets `failed`.
struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct reader reader_of(const void *data, size_t len)
{
	const uint8_t *at = data; // NULL of no bytes, to which C allows to add nothing, not even 0
	return (struct reader){at, at ? at + len : at, false};
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/** The next n bytes as a reader of their own. */
static inline struct reader read_part(struct reader *r, uint64_t n)
{
	if (n > reader_left(r)) {
		r->failed = true;
		n = 0;
	}
	struct reader part = reader_of(r->at, n);
	r->at += n;
	return part;
}

static inline void read_bytes(struct reader *r, void *to, size_t n)
{
	struct reader part = read_part(r, n);
	if (reader_left(&part) == n)
		memcpy(to, part.at, n);
	else
		memset(to, 0, n);
}

static inline uint64_t read_u64(struct reader *r)
{
	uint64_t v;
	read_bytes(r, &v, sizeof v);
	return v;
}

static inline uint32_t read_u32(struct reader *r)
{
	uint32_t v;
	read_bytes(r, &v, sizeof v);
	return v;
}

static inline uint16_t read_u16(struct reader *r)
{
	uint16_t v;
	read_bytes(r, &v, sizeof v);
	return v;
}

static inline uint8_t read_u8(struct reader *r)
{
	if (r->at < r->end)
		return *r->at++;
	r->failed = true;
	return 0;
}

/** LEB128; bits beyond the 64th are dropped. */
static inline uint64_t read_uleb(struct reader *r)
{
	uint64_t v = 0;
	if (r->at < r->end && *r->at < 0x80)
		return *r->at++; // nearly all of them
	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = read_u8(r);
		v |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		if (byte < 0x80)
			return v;
	}
}

static inline int64_t read_sleb(struct reader *r)
{
	uint64_t v = 0;
	for (unsigned shift = 0;;) {
		uint8_t byte = read_u8(r);
		v |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		shift += 7;
		if (byte < 0x80)
			return (int64_t)(byte & 0x40 && shift < 64 ? v | UINT64_MAX << shift : v);
	}
}

/** A NUL-terminated string, or all that is left. */
static inline const char *read_string(struct reader *r, size_t *len_out)
{
	const char *s = (const char *)r->at;
	size_t len = strnlen(s, reader_left(r));
	r->at += len < reader_left(r) ? len + 1 : len;
	*len_out = len;
	return s;
}

#endif
