// SPDX-License-Identifier: MIT
// Context: SIG. Program headers -> module; see module_elf.h.
#include <string.h>

#include "module_elf.h"

enum { PAGE_BYTES = 4096 };

static const uintptr_t page_mask = ~(uintptr_t)(PAGE_BYTES - 1);

/** The readable bytes of the segment that holds [vaddr, vaddr + size); false: none does. */
static bool holding_segment(uintptr_t load_bias, const Elf64_Phdr *ph, size_t phnum, uintptr_t vaddr, size_t size,
		uintptr_t *start_out, uintptr_t *end_out)
{
	for (size_t i = 0; i < phnum; i++) {
		if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_R) || vaddr < ph[i].p_vaddr ||
			size > ph[i].p_filesz || vaddr - ph[i].p_vaddr > ph[i].p_filesz - size)
			continue;
		*start_out = load_bias + ph[i].p_vaddr;
		*end_out = *start_out + ph[i].p_filesz;
		return true;
	}
	return false;
}

static void add_code(struct cp_module *m, const Elf64_Phdr *ph)
{
	uintptr_t start = (m->load_bias + ph->p_vaddr) & page_mask;
	uintptr_t end = (m->load_bias + ph->p_vaddr + ph->p_memsz + PAGE_BYTES - 1) & page_mask;
	if (!m->end || start < m->start) {
		m->start = start;
		m->file_offset = ph->p_offset & page_mask;
	}
	if (end > m->end)
		m->end = end;
}

bool cp_module_describe(uintptr_t load_bias, const Elf64_Phdr *ph, size_t phnum, struct cp_module *m)
{
	memset(m, 0, sizeof(*m));
	m->load_bias = load_bias;
	for (size_t i = 0; i < phnum; i++) {
		if (ph[i].p_type == PT_LOAD && ph[i].p_flags & PF_X) {
			add_code(m, &ph[i]);
		} else if (ph[i].p_type == PT_GNU_EH_FRAME &&
			holding_segment(load_bias, ph, phnum, ph[i].p_vaddr, ph[i].p_filesz, &m->frames_start,
				&m->frames_end)) {
			m->eh_frame_hdr = load_bias + ph[i].p_vaddr;
			m->eh_frame_hdr_bytes = ph[i].p_filesz;
		}
	}
	return m->end != 0;
}

/** Looks through one segment of notes. */
static bool copy_build_id(const uint8_t *note, size_t bytes, size_t align, struct cp_module *m)
{
	while (bytes >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr head;
		memcpy(&head, note, sizeof(head));
		size_t desc_at = (sizeof(head) + head.n_namesz + align - 1) & ~(align - 1);
		size_t next = (desc_at + head.n_descsz + align - 1) & ~(align - 1);
		if (desc_at > bytes || head.n_descsz > bytes - desc_at)
			return false;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == sizeof("GNU") &&
			!memcmp(note + sizeof(head), "GNU", sizeof("GNU")) &&
			head.n_descsz <= CP_BUILD_ID_MAX_BYTES) {
			memcpy(m->build_id, note + desc_at, head.n_descsz);
			m->build_id_bytes = (uint8_t)head.n_descsz;
			return true;
		}
		if (next >= bytes)
			return false;
		note += next;
		bytes -= next;
	}
	return false;
}

void cp_module_read_build_id(const Elf64_Phdr *ph, size_t phnum, struct cp_module *m)
{
	for (size_t i = 0; i < phnum; i++) {
		uintptr_t start, end;
		if (ph[i].p_type != PT_NOTE || !holding_segment(m->load_bias, ph, phnum, ph[i].p_vaddr,
						       ph[i].p_filesz, &start, &end))
			continue;
		if (copy_build_id((const uint8_t *)(m->load_bias + ph[i].p_vaddr), ph[i].p_filesz,
			    ph[i].p_align == 8 ? 8 : 4, m))
			return;
	}
}

bool cp_module_describe_image(uintptr_t image, struct cp_module *m)
{
	Elf64_Ehdr head;
	memcpy(&head, (const void *)image, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_phentsize != sizeof(Elf64_Phdr) ||
		head.e_phoff % 8 || head.e_phoff > PAGE_BYTES ||
		head.e_phnum > (PAGE_BYTES - head.e_phoff) / sizeof(Elf64_Phdr))
		return false;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(image + head.e_phoff);
	for (size_t i = 0; i < head.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD) // the first is the lowest
			return cp_module_describe(image - (ph[i].p_vaddr & page_mask), ph, head.e_phnum, m);
	return false;
}
