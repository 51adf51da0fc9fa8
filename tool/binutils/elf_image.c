// SPDX-License-Identifier: MIT
// See elf_image.h. Called by objfile.c only.
#include "tool/binutils/elf_image.h"

#include <elf.h>

enum { PAGE_BYTES = 4096 };

static const uint64_t upper_half = UINT64_C(1) << 63;
static const uint64_t page_offset_ppc64 = UINT64_C(0xc000000000000000);

static bool same_page_offset(uint64_t a, uint64_t b)
{
	return a % PAGE_BYTES == b % PAGE_BYTES;
}

// Kernels: mapped at an address of their own, at 0, or described relative to a symbol.
static struct err *kernel_base(struct arena *a, const struct elf_image *e,
		const struct elf_segment *segment, const struct mapped_range *r, uint64_t *base_out)
{
	if (segment->vaddr == r->start - r->offset) {
		*base_out = r->offset;
		return NULL;
	}
	if (r->start == 0 && r->limit != 0) {
		*base_out = -(e->has_kernel_offset ? e->kernel_offset : segment->vaddr);
		return NULL;
	}
	bool symbol_at_start = e->has_kernel_offset && same_page_offset(r->start, e->kernel_offset);
	bool moved = r->start >= segment->vaddr && r->limit > r->start &&
			(r->offset == 0 || r->offset == page_offset_ppc64 || r->offset == r->start);
	if (moved) {
		*base_out = r->start - (symbol_at_start ? e->kernel_offset : segment->vaddr);
		return NULL;
	}
	if (r->start % PAGE_BYTES != 0 && symbol_at_start) {
		*base_out = r->start - e->kernel_offset;
		return NULL;
	}
	return err_new(a, "don't know how to handle EXEC segment: {off=0x%lx vaddr=0x%lx "
			"filesz=0x%lx memsz=0x%lx} start=0x%lx limit=0x%lx offset=0x%lx",
			segment->offset, segment->vaddr, segment->filesz, segment->memsz, r->start,
			r->limit, r->offset);
}

struct err *elf_image_base(struct arena *a, const struct elf_image *e,
		const struct elf_segment *segment, const struct mapped_range *r, uint64_t *base_out)
{
	*base_out = 0;
	// A mapping invented to span everything: the addresses are the file's own already.
	if (r->start == 0 && r->offset == 0 && (r->limit == UINT64_MAX || r->limit == 0))
		return NULL;

	switch (e->type) {
	case ET_EXEC:
		if (!segment)
			return NULL;
		if (e->has_kernel_offset || r->start == 0 || r->start >= upper_half)
			return kernel_base(a, e, segment, r, base_out);
		break; // a user program: as ET_DYN
	case ET_DYN:
		break;
	case ET_REL:
		if (r->offset != 0)
			return err_new(a, "don't know how to handle mapping.Offset");
		*base_out = r->start;
		return NULL;
	default:
		return err_new(a, "don't know how to handle FileHeader.Type %d", e->type);
	}

	*base_out = r->start - r->offset;
	if (segment)
		*base_out += segment->offset - segment->vaddr;
	return NULL;
}

// Whether a mapping of file bytes [offset, offset + size) can be one of this segment. The loader
// maps whole pages, so neighbours overlap; the exclusions tell them apart.
static bool segment_fits(const struct elf_segment *s, uint64_t offset, uint64_t size)
{
	uint64_t limit = offset + size, segment_limit = s->offset + s->memsz;
	if (s->filesz == 0 || offset >= segment_limit || s->offset >= limit)
		return false;
	uint64_t in_page = s->vaddr % PAGE_BYTES;
	uint64_t aligned = s->offset > in_page ? s->offset - in_page : 0;
	if (offset < aligned)
		return false;
	bool only_last_page = offset > s->offset && segment_limit < offset + PAGE_BYTES;
	return !(only_last_page && limit >= segment_limit + PAGE_BYTES);
}

struct err *elf_image_segment(struct arena *a, const struct elf_image *e,
		const struct mapped_range *r, uint64_t address,
		const struct elf_segment **segment_out)
{
	*segment_out = NULL;
	if (e->has_kernel_offset || r->start >= r->limit || r->limit >= upper_half) {
		*segment_out = e->text;
		return NULL;
	}
	if (e->nloads == 0)
		return NULL;

	const struct elf_segment *only = NULL, *at_address = NULL;
	size_t nfit = 0, nat_address = 0;
	uint64_t file_offset = address - r->start + r->offset;
	for (size_t i = 0; i < e->nloads; i++) {
		const struct elf_segment *s = &e->loads[i];
		if (!segment_fits(s, r->offset, r->limit - r->start))
			continue;
		nfit++;
		only = s;
		if (file_offset >= s->offset && file_offset - s->offset < s->memsz) {
			nat_address++;
			at_address = s;
		}
	}
	if (nfit == 0)
		return err_new(a, "no program header matches mapping info");
	if (nfit > 1 && nat_address == 0)
		return err_new(a, "no program header matches file offset %lx", file_offset);
	if (nfit > 1 && nat_address > 1)
		return err_new(a, "found second program header that matches file offset %lx. Is this "
				"a stripped binary, or does the first program segment contain "
				"uninitialized data?", file_offset);
	*segment_out = nfit == 1 ? only : at_address;
	return NULL;
}
