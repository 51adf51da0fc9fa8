// SPDX-License-Identifier: MIT
// See range_list.h.
#include "tool/symbolizer/range_list.h"

#include <dwarf.h>

struct range_list range_list_at(struct reader section, uint64_t offset, unsigned version,
		unsigned address_bytes, uint64_t base)
{
	read_part(&section, offset);
	return (struct range_list){section, version, address_bytes, base, false};
}

static uint64_t read_address(struct range_list *l)
{
	return l->address_bytes == 8 ? read_u64(&l->r) : read_u32(&l->r);
}

// Pairs of numbers: a range, or (the largest address, a new base), or two zeroes at the end.
static bool next_pair(struct range_list *l, uint64_t *begin, uint64_t *end)
{
	uint64_t largest = l->address_bytes == 8 ? UINT64_MAX : UINT32_MAX;
	while (!l->r.failed) {
		*begin = read_address(l);
		*end = read_address(l);
		if (*begin == 0 && *end == 0)
			return false;
		if (*begin == largest) {
			l->base = *end;
			continue;
		}
		*begin += l->base;
		*end += l->base;
		return !l->r.failed;
	}
	return false;
}

static bool next_entry(struct range_list *l, uint64_t *begin, uint64_t *end)
{
	while (!l->r.failed) {
		switch (read_u8(&l->r)) {
		case DW_RLE_end_of_list:
			return false;
		case DW_RLE_base_address:
			l->base = read_address(l);
			break;
		case DW_RLE_offset_pair:
			*begin = l->base + read_uleb(&l->r);
			*end = l->base + read_uleb(&l->r);
			return !l->r.failed;
		case DW_RLE_start_end:
			*begin = read_address(l);
			*end = read_address(l);
			return !l->r.failed;
		case DW_RLE_start_length:
			*begin = read_address(l);
			*end = *begin + read_uleb(&l->r);
			return !l->r.failed;
		default:
			l->unknown = true;
			return false;
		}
	}
	return false;
}

bool range_list_next(struct range_list *l, uint64_t *begin_out, uint64_t *end_out)
{
	while (l->version >= 5 ? next_entry(l, begin_out, end_out) : next_pair(l, begin_out, end_out))
		if (*begin_out < *end_out)
			return true;
	return false;
}
