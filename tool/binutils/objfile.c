// SPDX-License-Identifier: MIT
// Opens an executable file far enough to know its build id and its segments. ELF is read with
// libelf; Mach-O and PE are only recognised (pprof accepts them as the program of a profile).
#include "tool/binutils/objfile.h"

#include <errno.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/infile.h"
#include "tool/binutils/elf_image.h"

enum { PAGE_BYTES = 4096, MAX_BUILD_ID_BYTES = 64 };

static struct str build_id_in_notes(struct arena *a, Elf_Data *notes)
{
	GElf_Nhdr note;
	size_t at = 0, name_at, desc_at;
	while (notes && (at = gelf_getnote(notes, at, &note, &name_at, &desc_at)) > 0) {
		const char *base = notes->d_buf;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
				memcmp(base + name_at, "GNU", 4) == 0 && note.n_descsz > 0 &&
				note.n_descsz <= MAX_BUILD_ID_BYTES)
			return hex_encode(a, (const uint8_t *)base + desc_at, note.n_descsz);
	}
	return (struct str){0};
}

static struct str read_build_id(struct arena *a, Elf *elf)
{
	struct str id = {0};
	size_t nphdrs = 0;
	elf_getphdrnum(elf, &nphdrs);
	for (size_t i = 0; i < nphdrs && id.len == 0; i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_NOTE)
			id = build_id_in_notes(a, elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
					ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR));
	}
	// Debug files and objects may have the section alone.
	for (Elf_Scn *scn = NULL; id.len == 0 && (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE)
			id = build_id_in_notes(a, elf_getdata(scn, NULL));
	}
	return id;
}

static bool text_address(Elf *elf, uint64_t *address_out)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;
		const char *name;
		if (gelf_getshdr(scn, &sh) && (name = elf_strptr(elf, names, sh.sh_name)) &&
				strcmp(name, ".text") == 0) {
			*address_out = sh.sh_addr;
			return true;
		}
	}
	return false;
}

static void read_segments(struct arena *a, Elf *elf, struct elf_image *e)
{
	uint64_t text = 0;
	bool has_text = text_address(elf, &text);
	size_t nphdrs = 0;
	elf_getphdrnum(elf, &nphdrs);
	e->loads = arena_array(a, struct elf_segment, nphdrs);
	for (size_t i = 0; i < nphdrs; i++) {
		GElf_Phdr ph;
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		struct elf_segment *s = &e->loads[e->nloads++];
		*s = (struct elf_segment){ph.p_offset, ph.p_vaddr, ph.p_filesz, ph.p_memsz,
				(ph.p_flags & PF_X) != 0};
		if (has_text && !e->text && s->executable && text >= s->vaddr &&
				text - s->vaddr < s->memsz)
			e->text = s;
	}
}

static bool find_symbol(Elf *elf, const char *wanted, uint64_t *value_out)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB || sh.sh_entsize == 0)
			continue;
		Elf_Data *data = elf_getdata(scn, NULL);
		for (int i = 0; data && (uint64_t)i < sh.sh_size / sh.sh_entsize; i++) {
			GElf_Sym sym;
			const char *name;
			if (gelf_getsym(data, i, &sym) && (name = elf_strptr(elf, sh.sh_link, sym.st_name)) &&
					strcmp(name, wanted) == 0) {
				*value_out = sym.st_value;
				return true;
			}
		}
	}
	return false;
}

// Only kernels are mapped off page boundaries; for them a symbol tells where the mapping starts.
static bool may_be_kernel(const char *path, const struct mapped_range *r)
{
	return strstr(path, "vmlinux") || r->start % PAGE_BYTES || r->limit % PAGE_BYTES ||
			r->offset % PAGE_BYTES;
}

static struct err *open_elf(struct arena *a, int fd, struct objfile *f)
{
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	GElf_Ehdr eh;
	if (!elf || !gelf_getehdr(elf, &eh)) {
		struct err *e = err_new(a, "error reading ELF file %s: error parsing %s: %s", f->path,
				f->path, elf_errmsg(-1));
		elf_end(elf);
		return e;
	}
	struct elf_image *image = arena_new(a, struct elf_image);
	image->type = eh.e_type;
	read_segments(a, elf, image);
	f->build_id = read_build_id(a, elf);
	const struct mapped_range *r = &f->range;
	if (may_be_kernel(f->path, r)) {
		const char *symbol = r->kernel_relocation_symbol;
		image->has_kernel_offset = find_symbol(elf, symbol && *symbol ? symbol : "_stext",
				&image->kernel_offset);
	}
	elf_end(elf);
	f->elf = image;
	// Whether a base can be told at all; which one, the first address decides.
	uint64_t base;
	struct err *e = elf_image_base(a, image, image->text, r, &base);
	return err_wrap(a, e, "error reading ELF file %s: could not identify base for %s", f->path,
			f->path);
}

static bool is_foreign_magic(const uint8_t m[4])
{
	uint32_t le = (uint32_t)m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 | (uint32_t)m[3] << 24;
	uint32_t be = __builtin_bswap32(le);
	const uint32_t macho32 = 0xfeedface, macho64 = 0xfeedfacf, fat = 0xcafebabe;
	return le == macho32 || be == macho32 || le == macho64 || be == macho64 || le == fat ||
			be == fat || (m[0] == 'M' && m[1] == 'Z');
}

struct err *objfile_open(struct arena *a, const char *path, const struct mapped_range *range,
		struct objfile **out)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return err_new(a, "stat %s: %s", path, err_os(a, errno));
	int fd = infile_open(path);
	if (fd < 0 && errno == EISDIR)
		return err_new(a, "error reading magic number from %s: read %s: is a directory", path, path);
	if (fd < 0 && errno == EINVAL)
		return err_new(a, "error reading magic number from %s: it is not a regular file", path);
	if (fd < 0)
		return err_new(a, "error opening %s: open %s: %s", path, path, err_os(a, errno));

	struct objfile *f = arena_new(a, struct objfile);
	f->path = arena_strdup(a, path);
	f->range = *range;
	uint8_t magic[4] = {0};
	struct err *e = NULL;
	ssize_t n = pread(fd, magic, sizeof magic, 0);
	if (n < (ssize_t)sizeof magic)
		e = err_new(a, "error reading magic number from %s: %s", path,
				n > 0 ? "unexpected EOF" : "EOF");
	else if (memcmp(magic, ELFMAG, SELFMAG) == 0)
		e = open_elf(a, fd, f);
	else if (!is_foreign_magic(magic))
		e = err_new(a, "unrecognized binary format: %s", path);
	else
		f->has_base = true;
	close(fd);
	*out = e ? NULL : f;
	return e;
}

struct err *objfile_address(struct arena *a, struct objfile *f, uint64_t address,
		uint64_t *file_address_out)
{
	if (!f->has_base) {
		const struct mapped_range *r = &f->range;
		if (address < r->start || address >= r->limit)
			return err_new(a, "specified address %lx is outside the mapping range [%lx, %lx] "
					"for file \"%s\"", address, r->start, r->limit, f->path);
		const struct elf_segment *segment;
		struct err *e = elf_image_segment(a, f->elf, r, address, &segment);
		if (e)
			return err_wrap(a, e, "failed to find program header for file \"%s\", address %lx",
					f->path, address);
		e = elf_image_base(a, f->elf, segment, r, &f->base);
		if (e)
			return e;
		f->is_data = segment && !segment->executable;
		f->has_base = true;
	}
	*file_address_out = address - f->base;
	return NULL;
}
