// SPDX-License-Identifier: MIT
// See cfi.h. A file is used only where it is the one that was mapped, as far as build ids tell.
#include "tool/perfdata/cfi.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/infile.h"
#include "tool/symbolizer/perf_cache.h"
#include "tool/symbolizer/vdso.h"

struct cfi_segment {
	uint64_t offset, bytes, address;
};

struct cfi_file {
	struct str name;
	Elf *elf;       // NULL: there is none, or it is another
	const uint8_t *bytes;
	size_t nbytes;
	Dwarf_CFI *cfi; // NULL: there is none
	struct cfi_segment *segments;
	uint32_t nsegments;
};

struct cfi_row {
	uint32_t file;
	uint64_t address; // the file's
	Dwarf_Frame *frame;
};

void cfi_tables_deinit(struct cfi_tables *t)
{
	for (uint32_t i = 0; i < t->nrows; i++)
		free(t->rows[i].frame);
	for (uint32_t i = 0; i < t->nfiles; i++) {
		struct cfi_file *f = &t->files[i];
		if (f->cfi)
			dwarf_cfi_end(f->cfi);
		elf_end(f->elf);
	}
	hash_index_deinit(&t->by_name);
	hash_index_deinit(&t->by_address);
}

static bool is_the_mapped_one(struct arena *a, Elf *elf, struct str build_id)
{
	const void *id;
	ssize_t bytes = build_id.len ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	return bytes <= 0 || str_eq(hex_encode(a, id, (size_t)bytes), build_id);
}

static void read_segments(struct arena *a, struct cfi_file *f)
{
	size_t n = 0;
	elf_getphdrnum(f->elf, &n);
	f->segments = arena_array(a, struct cfi_segment, n);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(f->elf, (int)i, &ph) && ph.p_type == PT_LOAD)
			f->segments[f->nsegments++] = (struct cfi_segment){ph.p_offset, ph.p_filesz, ph.p_vaddr};
	}
}

/** The file's bytes stay, its descriptor does not: a whole system has more files than a process may have open. */
static Elf *open_file(const char *path)
{
	int fd = infile_open(path);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	if (elf && elf_cntl(elf, ELF_C_FDREAD) != 0) {
		elf_end(elf);
		elf = NULL;
	}
	if (fd >= 0)
		close(fd);
	return elf;
}

// As it was mapped; NULL: it is gone or another, and perf has kept no copy.
static Elf *open_mapped(struct arena *a, const char *path, struct str build_id)
{
	const char *kept = perf_cache_path(a, build_id);
	Elf *elf = open_file(path);
	if (kept && (!elf || !is_the_mapped_one(a, elf, build_id))) {
		elf_end(elf);
		elf = open_file(kept);
	}
	return elf;
}

static void open_tables(struct cfi_tables *t, struct cfi_file *f, const struct address_range *range)
{
	const char *path = arena_strndup(t->arena, range->file.ptr, range->file.len);
	elf_version(EV_CURRENT);
	struct str id = range->build_id.len ? range->build_id : perf_build_id_of(t->arena, t->file, range->file);
	if (vdso_is_file(range->file))
		f->elf = t->is_of_here || id.len ? vdso_elf() : NULL;
	else if (*path == '/')
		f->elf = open_mapped(t->arena, path, id);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !is_the_mapped_one(t->arena, f->elf, id)) {
		elf_end(f->elf);
		f->elf = NULL;
		return;
	}
	f->bytes = (const uint8_t *)elf_rawfile(f->elf, &f->nbytes);
	read_segments(t->arena, f);
	f->cfi = dwarf_getcfi_elf(f->elf);
}

static uint32_t file_of(struct cfi_tables *t, struct address_range *range)
{
	uint64_t hash = hash_bytes(range->file.ptr, range->file.len);
	struct hash_probe probe = hash_index_probe(&t->by_name, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (str_eq(t->files[i].name, range->file))
			return i;
	t->files = arena_make_room(t->arena, t->files, t->nfiles, &t->files_cap, sizeof *t->files);
	t->files[t->nfiles] = (struct cfi_file){.name = range->file};
	open_tables(t, &t->files[t->nfiles], range);
	hash_index_add(&t->by_name, hash, t->nfiles);
	return t->nfiles++;
}

static bool file_address(const struct cfi_file *f, const struct address_range *range, uint64_t address,
		uint64_t *address_out)
{
	uint64_t offset = address - range->start + range->offset;
	for (uint32_t i = 0; i < f->nsegments; i++) {
		const struct cfi_segment *s = &f->segments[i];
		if (offset < s->offset || offset - s->offset >= s->bytes)
			continue;
		*address_out = offset - s->offset + s->address;
		return true;
	}
	return false;
}

static const struct cfi_file *mapped_file(struct cfi_tables *t, struct address_range *range)
{
	if (range->cfi_file == NO_CFI_FILE)
		range->cfi_file = file_of(t, range);
	return &t->files[range->cfi_file];
}

bool cfi_has_file(struct cfi_tables *t, struct address_range *range)
{
	return mapped_file(t, range)->elf;
}

const uint8_t *cfi_code(struct cfi_tables *t, struct address_range *range, uint64_t address, size_t nbytes)
{
	const struct cfi_file *f = mapped_file(t, range);
	uint64_t offset = address - range->start + range->offset;
	bool is_inside = range->limit - address >= nbytes && offset <= f->nbytes && f->nbytes - offset >= nbytes;
	return f->bytes && is_inside ? f->bytes + offset : NULL;
}

Dwarf_Frame *cfi_row(struct cfi_tables *t, struct address_range *range, uint64_t address)
{
	const struct cfi_file *f = mapped_file(t, range);
	uint64_t in_file;
	if (!f->cfi || !file_address(f, range, address, &in_file))
		return NULL;
	uint64_t hash = hash_mix(in_file, range->cfi_file);
	struct hash_probe probe = hash_index_probe(&t->by_address, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (t->rows[i].address == in_file && t->rows[i].file == range->cfi_file)
			return t->rows[i].frame;
	t->rows = arena_make_room(t->arena, t->rows, t->nrows, &t->rows_cap, sizeof *t->rows);
	struct cfi_row *row = &t->rows[t->nrows];
	*row = (struct cfi_row){range->cfi_file, in_file, NULL};
	if (dwarf_cfi_addrframe(f->cfi, in_file, &row->frame) != 0)
		row->frame = NULL;
	hash_index_add(&t->by_address, hash, t->nrows++);
	return row->frame;
}
