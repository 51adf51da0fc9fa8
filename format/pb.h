// SPDX-License-Identifier: MIT
// The protobuf wire format: writing into caller's memory, reading from a byte range. Pure: no I/O, no
// malloc, no globals. Used in the profiled process (format/profwrite) and in the tool alike.
#ifndef CPROF_FORMAT_PB_H
#define CPROF_FORMAT_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

enum { PB_MAX_VARINT_BYTES = 10 };

/** Writes v at `at` (room for PB_MAX_VARINT_BYTES); returns the end. */
static inline uint8_t *pb_put_varint(uint8_t *at, uint64_t v)
{
	while (v >= 0x80) {
		*at++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*at++ = (uint8_t)v;
	return at;
}

static inline size_t pb_varint_bytes(uint64_t v)
{
	// 7 bits a byte; v | 1 so that 0 takes one.
	return ((size_t)(63 - __builtin_clzll(v | 1)) * 9 + 73) / 64;
}

static inline uint8_t *pb_put_tag(uint8_t *at, unsigned field, enum pb_wire wire)
{
	return pb_put_varint(at, (uint64_t)field << 3 | (uint64_t)wire);
}

/** What is still to be read. */
struct pb_reader {
	const uint8_t *at, *end;
};

struct pb_field {
	unsigned number;
	enum pb_wire wire;
	uint64_t value;         // VARINT, FIXED64, FIXED32
	const uint8_t *bytes;   // BYTES
	size_t nbytes;
};

/** Reads one varint; false at a truncated or over-long one (then the reader is not to be used on). */
static inline bool pb_get_varint(struct pb_reader *r, uint64_t *value_out)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (r->at == r->end)
			return false;
		uint8_t byte = *r->at++;
		v |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 63);
		if (byte < 0x80) {
			*value_out = v;
			return true;
		}
	}
	return false;
}

/** Reads one field with its value; false at the end (r->at == r->end before the call) or at damage. */
bool pb_get_field(struct pb_reader *r, struct pb_field *field_out);

#endif
