// SPDX-License-Identifier: MIT
// Reading protobuf fields. Every length is checked against what is left: the bytes may be anybody's.
#include "pb.h"

bool pb_get_field(struct pb_reader *r, struct pb_field *field_out)
{
	uint64_t key;
	if (r->at == r->end || !pb_get_varint(r, &key))
		return false;
	unsigned number = key >> 3 > UINT32_MAX ? UINT32_MAX : (unsigned)(key >> 3);
	*field_out = (struct pb_field){.number = number, .wire = (enum pb_wire)(key & 7)};
	size_t left = (size_t)(r->end - r->at);
	switch (key & 7) {
	case PB_VARINT:
		return pb_get_varint(r, &field_out->value);
	case PB_FIXED64:
		if (left < 8)
			return false;
		memcpy(&field_out->value, r->at, 8);
		r->at += 8;
		return true;
	case PB_FIXED32: {
		uint32_t v;
		if (left < 4)
			return false;
		memcpy(&v, r->at, 4);
		field_out->value = v;
		r->at += 4;
		return true;
	}
	case PB_BYTES: {
		uint64_t n;
		if (!pb_get_varint(r, &n) || n > (uint64_t)(r->end - r->at))
			return false;
		field_out->bytes = r->at;
		field_out->nbytes = (size_t)n;
		r->at += n;
		return true;
	}
	default:
		return false; // groups (3, 4) are not in profile.proto
	}
}
