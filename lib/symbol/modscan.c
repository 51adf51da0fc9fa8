// SPDX-License-Identifier: MIT
// Context: CTL. dl_iterate_phdr -> modules; see modscan.h.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "modscan.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sys.h"

enum { PAGE_BYTES = 4096, FIRST_CAPACITY = 128, NAME_BYTES_EACH = 128 };

/** The readable bytes of the segment that holds [vaddr, vaddr + size), 0: none does. */
static bool holding_segment(const struct dl_phdr_info *info, uintptr_t vaddr, size_t size,
		uintptr_t *start_out, uintptr_t *end_out)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_R) || vaddr < ph->p_vaddr ||
			size > ph->p_filesz || vaddr - ph->p_vaddr > ph->p_filesz - size)
			continue;
		*start_out = info->dlpi_addr + ph->p_vaddr;
		*end_out = *start_out + ph->p_filesz;
		return true;
	}
	return false;
}

/** Copies the GNU build id out of one note segment. */
static void read_build_id(const uint8_t *note, size_t bytes, size_t align, struct cp_module *m)
{
	while (bytes >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) head;
		memcpy(&head, note, sizeof(head));
		size_t name_bytes = ((size_t)head.n_namesz + 3) & ~(size_t)3;
		size_t desc_at = (sizeof(head) + name_bytes + align - 1) & ~(align - 1);
		size_t next = (desc_at + head.n_descsz + align - 1) & ~(align - 1);
		if (desc_at > bytes || head.n_descsz > bytes - desc_at)
			return;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
			!memcmp(note + sizeof(head), "GNU", 4) && head.n_descsz <= CP_BUILD_ID_MAX_BYTES) {
			memcpy(m->build_id, note + desc_at, head.n_descsz);
			m->build_id_bytes = (uint8_t)head.n_descsz;
			return;
		}
		if (next >= bytes)
			return;
		note += next;
		bytes -= next;
	}
}

static void read_frames_header(const struct dl_phdr_info *info, const ElfW(Phdr) *ph, struct cp_module *m)
{
	if (!holding_segment(info, ph->p_vaddr, ph->p_filesz, &m->frames_start, &m->frames_end))
		return;
	m->eh_frame_hdr = info->dlpi_addr + ph->p_vaddr;
	m->eh_frame_hdr_bytes = ph->p_filesz;
}

static void read_code_segment(const struct dl_phdr_info *info, const ElfW(Phdr) *ph, struct cp_module *m)
{
	uintptr_t page = ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t start = (info->dlpi_addr + ph->p_vaddr) & page;
	uintptr_t end = (info->dlpi_addr + ph->p_vaddr + ph->p_memsz + PAGE_BYTES - 1) & page;
	if (!m->end || start < m->start) {
		m->start = start;
		m->file_offset = ph->p_offset & page;
	}
	if (end > m->end)
		m->end = end;
}

bool modscan_describe(const struct dl_phdr_info *info, struct cp_module *m)
{
	*m = (struct cp_module){.load_bias = info->dlpi_addr};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start, end;
		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X)
			read_code_segment(info, ph, m);
		else if (ph->p_type == PT_GNU_EH_FRAME)
			read_frames_header(info, ph, m);
		else if (ph->p_type == PT_NOTE && !m->build_id_bytes &&
			holding_segment(info, ph->p_vaddr, ph->p_filesz, &start, &end))
			read_build_id((const uint8_t *)(info->dlpi_addr + ph->p_vaddr), ph->p_filesz,
				ph->p_align == 8 ? 8 : 4, m);
	}
	return m->end != 0;
}

/** Room for a name of `bytes` and its zero, NULL: the names are full. */
static char *name_room(struct modscan *scan, size_t bytes)
{
	if (bytes >= scan->names_capacity - scan->names_bytes) {
		scan->full = true;
		return NULL;
	}
	char *room = scan->names + scan->names_bytes;
	scan->names_bytes += bytes + 1;
	room[bytes] = '\0';
	return room;
}

/** The program: the kernel knows its path, the loader only where it was started by hand (ld.so prog). */
static const char *program_path(struct modscan *scan)
{
	char path[PATH_MAX];
	long n = cp_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof(path));
	if (n < 0)
		n = 0;
	char *room = name_room(scan, (size_t)n);
	return room ? memcpy(room, path, (size_t)n) : NULL;
}

static const char *absolute_path(struct modscan *scan, const char *name)
{
	char cwd[PATH_MAX] = "";
	size_t prefix = 0, bytes = strlen(name);
	if (name[0] != '/') {
		long n = cp_syscall(SYS_getcwd, cwd, sizeof(cwd), 0, 0);
		if (n > 1) { // counts the zero
			prefix = (size_t)n;
			cwd[prefix - 1] = '/';
		}
	}
	char *room = name_room(scan, prefix + bytes);
	if (!room)
		return NULL;
	memcpy(room, cwd, prefix);
	memcpy(room + prefix, name, bytes);
	return room;
}

static void add(struct modscan *scan, const struct dl_phdr_info *info, bool is_main)
{
	if (scan->count == scan->capacity) {
		scan->full = true;
		return;
	}
	struct cp_module *m = &scan->modules[scan->count];
	if (!modscan_describe(info, m))
		return;
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	m->is_main = is_main;
	if (vdso && vdso >= m->start && vdso < m->end)
		m->path = "[vdso]";
	else if (!info->dlpi_name || !info->dlpi_name[0])
		m->path = program_path(scan);
	else
		m->path = absolute_path(scan, info->dlpi_name);
	scan->count++;
}

static int on_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct modscan *scan = arg;
	bool first = !scan->adds;
	if (first && size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
		scan->adds = info->dlpi_adds;
		scan->subs = info->dlpi_subs;
		if (scan->adds + scan->subs == scan->known_version) {
			scan->unchanged = true;
			return 1;
		}
	}
	add(scan, info, first);
	return 0;
}

/** Where the loader does not list the vDSO (musl), its ELF header is in the auxiliary vector. */
static void add_vdso(struct modscan *scan)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	if (!image)
		return;
	for (uint32_t i = 0; i < scan->count; i++)
		if ((uintptr_t)image >= scan->modules[i].start && (uintptr_t)image < scan->modules[i].end)
			return;
	const ElfW(Ehdr) *ehdr = (const void *)image;
	struct dl_phdr_info info = {
		.dlpi_name = "[vdso]",
		.dlpi_phdr = (const void *)(image + ehdr->e_phoff),
		.dlpi_phnum = ehdr->e_phnum,
	};
	for (int i = 0; i < info.dlpi_phnum; i++)
		if (info.dlpi_phdr[i].p_type == PT_LOAD) {
			info.dlpi_addr = (uintptr_t)image + info.dlpi_phdr[i].p_offset - info.dlpi_phdr[i].p_vaddr;
			add(scan, &info, false);
			return;
		}
}

static int prepare(struct modscan *scan, uint32_t capacity)
{
	size_t modules_bytes = capacity * sizeof(struct cp_module);
	size_t pages_bytes = modules_bytes + (size_t)capacity * NAME_BYTES_EACH;
	char *pages = cp_pages_alloc(pages_bytes);
	*scan = (struct modscan){
		.modules = (struct cp_module *)pages,
		.capacity = capacity,
		.names = pages ? pages + modules_bytes : NULL,
		.names_capacity = pages_bytes - modules_bytes,
		.pages_bytes = pages_bytes,
	};
	return pages ? 0 : -ENOMEM;
}

int modscan_read(struct modscan *scan, uint64_t known_version)
{
	for (uint32_t capacity = FIRST_CAPACITY;; capacity *= 2) {
		int err = prepare(scan, capacity);
		if (err)
			return err;
		scan->known_version = known_version;
		dl_iterate_phdr(on_module, scan);
		if (!scan->unchanged)
			add_vdso(scan);
		if (!scan->full)
			return 0;
		modscan_free(scan);
	}
}

void modscan_free(struct modscan *scan)
{
	cp_pages_free(scan->modules, scan->pages_bytes);
	*scan = (struct modscan){0};
}
