// SPDX-License-Identifier: MIT
// Context: SIG. From a pc to its FDE and CIE; see cfi.h.
#include <errno.h>

#include "cfi.h"

// DWARF exception header encodings: the low half says the size, the high half what it is relative to.
enum {
	ENC_OMIT = 0xff,
	ENC_SIZE_MASK = 0x0f,
	ENC_PTR = 0x00,
	ENC_UDATA2 = 0x02,
	ENC_UDATA4 = 0x03,
	ENC_UDATA8 = 0x04,
	ENC_SDATA2 = 0x0a,
	ENC_SDATA4 = 0x0b,
	ENC_SDATA8 = 0x0c,
	ENC_BASE_MASK = 0x70,
	ENC_PCREL = 0x10,
	ENC_TABLE = 0x3b, // of the sorted table: relative to .eh_frame_hdr, signed 4 bytes
};

enum { EXTENDED_LENGTH = 0xffffffff, TABLE_ROW_BYTES = 8 };

static uintptr_t encoded_value(struct cp_cursor *c, uint8_t encoding)
{
	switch (encoding & ENC_SIZE_MASK) {
	case ENC_PTR:
	case ENC_UDATA8:
	case ENC_SDATA8:
		return (uintptr_t)cp_cursor_uint(c, 8);
	case ENC_UDATA2:
		return (uintptr_t)cp_cursor_uint(c, 2);
	case ENC_UDATA4:
		return (uintptr_t)cp_cursor_uint(c, 4);
	case ENC_SDATA2:
		return (uintptr_t)cp_cursor_int(c, 2);
	case ENC_SDATA4:
		return (uintptr_t)cp_cursor_int(c, 4);
	default:
		c->bad = true;
		return 0;
	}
}

uintptr_t cp_cfi_pointer(struct cp_cursor *c, uint8_t encoding)
{
	uintptr_t base = 0;
	if ((encoding & ENC_BASE_MASK) == ENC_PCREL)
		base = (uintptr_t)c->at;
	else if (encoding & ENC_BASE_MASK)
		c->bad = true;
	return base + encoded_value(c, encoding);
}

/** The bytes from addr to the end of the segment; empty and bad where addr is outside. */
static struct cp_cursor segment_from(const struct cp_module *m, uintptr_t addr)
{
	const uint8_t *end = (const uint8_t *)m->frames_end;
	if (addr < m->frames_start || addr >= m->frames_end)
		return (struct cp_cursor){end, end, true};
	return (struct cp_cursor){(const uint8_t *)addr, end, false};
}

/** Narrows c, which stands on the length of a CIE or FDE, to that entry's body. */
static void enter_entry(struct cp_cursor *c)
{
	uint64_t length = cp_cursor_uint(c, 4);
	if (length == EXTENDED_LENGTH)
		length = cp_cursor_uint(c, 8);
	if (length == 0 || length > cp_cursor_left(c)) {
		c->bad = true;
		length = 0;
	}
	c->end = c->at + length;
}

/** The last row of the sorted table whose pc is not above pc: its FDE's address, 0: none. */
static uintptr_t search_table(const struct cp_module *m, const uint8_t *rows, size_t count, uintptr_t pc)
{
	int64_t wanted = (int64_t)(pc - m->eh_frame_hdr);
	size_t low = 0, high = count; // row low - 1 is at or below pc, row high above
	while (low < high) {
		size_t mid = (low + high) / 2;
		int32_t start;
		memcpy(&start, rows + mid * TABLE_ROW_BYTES, sizeof(start));
		if (start <= wanted)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return 0;
	int32_t fde;
	memcpy(&fde, rows + (low - 1) * TABLE_ROW_BYTES + 4, sizeof(fde));
	return m->eh_frame_hdr + (uintptr_t)(intptr_t)fde;
}

static int find_entry(const struct cp_module *m, uintptr_t pc, uintptr_t *addr_out)
{
	struct cp_cursor c = segment_from(m, m->eh_frame_hdr);
	if (m->eh_frame_hdr_bytes < cp_cursor_left(&c))
		c.end = c.at + m->eh_frame_hdr_bytes;
	uint64_t version = cp_cursor_uint(&c, 1);
	uint8_t frame_encoding = (uint8_t)cp_cursor_uint(&c, 1);
	uint8_t count_encoding = (uint8_t)cp_cursor_uint(&c, 1);
	uint64_t table_encoding = cp_cursor_uint(&c, 1);
	if (c.bad || version != 1 || table_encoding != ENC_TABLE || count_encoding == ENC_OMIT)
		return -EINVAL;
	cp_cfi_pointer(&c, frame_encoding);
	uint64_t count = cp_cfi_pointer(&c, count_encoding);
	if (c.bad || count > cp_cursor_left(&c) / TABLE_ROW_BYTES)
		return -EINVAL;
	*addr_out = search_table(m, c.at, count, pc);
	return *addr_out ? 0 : -ENOENT;
}

/** The letters after 'z' say what the CIE's augmentation data holds. */
static int read_augmentation(struct cp_cursor *c, const char *letters, struct cp_fde *fde)
{
	if (*letters == '\0')
		return 0;
	if (*letters++ != 'z')
		return -EINVAL; // "eh" of GCC 2
	fde->has_augmentation_data = true;
	uint64_t bytes = cp_cursor_uleb(c);
	struct cp_cursor data = *c;
	cp_cursor_skip(c, bytes);
	data.end = c->at;
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			fde->pointer_encoding = (uint8_t)cp_cursor_uint(&data, 1);
			break;
		case 'P':
			encoded_value(&data, (uint8_t)cp_cursor_uint(&data, 1));
			break;
		case 'L':
			cp_cursor_skip(&data, 1);
			break;
		case 'S':
			fde->is_signal_frame = true;
			break;
		case 'B': // aarch64: signed with the other key
		case 'G': // aarch64: tagged stack
			break;
		default:
			return -EINVAL;
		}
	}
	return data.bad ? -EINVAL : 0;
}

static int read_cie(const struct cp_module *m, uintptr_t addr, struct cp_fde *fde)
{
	struct cp_cursor c = segment_from(m, addr);
	enter_entry(&c);
	uint64_t id = cp_cursor_uint(&c, 4);
	uint64_t version = cp_cursor_uint(&c, 1);
	const char *letters = (const char *)c.at;
	while (cp_cursor_uint(&c, 1) != 0)
		;
	if (c.bad || id != 0 || (version != 1 && version != 3))
		return -EINVAL;
	fde->code_align = cp_cursor_uleb(&c);
	fde->data_align = cp_cursor_sleb(&c);
	uint64_t ra_column = version == 1 ? cp_cursor_uint(&c, 1) : cp_cursor_uleb(&c);
	int err = read_augmentation(&c, letters, fde);
	if (err || c.bad || ra_column != CP_DWARF_RA)
		return -EINVAL;
	fde->initial = c;
	return 0;
}

static int read_fde(const struct cp_module *m, uintptr_t addr, struct cp_fde *fde)
{
	struct cp_cursor c = segment_from(m, addr);
	enter_entry(&c);
	uintptr_t id_at = (uintptr_t)c.at;
	uint64_t cie_distance = cp_cursor_uint(&c, 4);
	if (c.bad || cie_distance == 0 || read_cie(m, id_at - cie_distance, fde))
		return -EINVAL;
	fde->pc_start = cp_cfi_pointer(&c, fde->pointer_encoding);
	fde->pc_end = fde->pc_start + encoded_value(&c, fde->pointer_encoding);
	if (fde->has_augmentation_data)
		cp_cursor_skip(&c, cp_cursor_uleb(&c));
	fde->program = c;
	return c.bad ? -EINVAL : 0;
}

int cp_cfi_find(const struct cp_module *m, uintptr_t pc, struct cp_fde *fde_out)
{
	*fde_out = (struct cp_fde){0};
	if (!m->eh_frame_hdr)
		return -ENOENT;
	uintptr_t addr;
	int err = find_entry(m, pc, &addr);
	if (!err)
		err = read_fde(m, addr, fde_out);
	if (err)
		return err;
	return pc >= fde_out->pc_start && pc < fde_out->pc_end ? 0 : -ENOENT;
}
