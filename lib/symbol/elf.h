// SPDX-License-Identifier: MIT
// Context: CTL. An ELF file nobody vouches for.
//
// Nothing is mapped: a mapped file that somebody truncates is a SIGBUS in the program we profile.
#ifndef CPROF_SYMBOL_ELF_H
#define CPROF_SYMBOL_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where the bytes come from: a file descriptor, or (fd < 0) memory. */
struct cp_elf_source {
	int fd;
	const uint8_t *mem;
	uint64_t mem_bytes;
};

struct cp_elf {
	struct cp_elf_source source;
	Elf64_Ehdr header;
	uint64_t nsections; // the real count, which the header may hold elsewhere
	size_t head_bytes;
	_Alignas(8) char head[1024]; // how it begins: the header, mostly those of segments, and the build id
};

/** 0; -ENOEXEC: no ELF file of this machine's class. */
int cp_elf_open(struct cp_elf *elf, struct cp_elf_source source);

/** Up to n bytes of the file; returns how many there were. */
size_t cp_elf_read(const struct cp_elf *elf, uint64_t offset, void *buf, size_t n);

/** False: there is no such section. */
bool cp_elf_section(const struct cp_elf *elf, uint64_t index, Elf64_Shdr *section_out);

/** On the way through the headers of a kind: a few are read at a time. */
struct cp_elf_headers {
	const struct cp_elf *elf; // private, all of it
	uint64_t offset, nleft;   // in the file, to be read
	size_t entry_bytes;
	size_t at, nread; // of `some`
	_Alignas(8) char some[1024];
};

struct cp_elf_headers cp_elf_sections(const struct cp_elf *elf);

/** The next, an Elf64_Shdr, until it is called again; NULL: there are no more. */
const void *cp_elf_next_header(struct cp_elf_headers *h);

/** Copies up to max bytes of the GNU build id; returns its length, 0: none. */
size_t cp_elf_build_id(const struct cp_elf *elf, uint8_t *id_out, size_t max);

/** True if an executable segment of the file begins at vaddr (its page). */
bool cp_elf_has_text_at(const struct cp_elf *elf, uint64_t vaddr);

/** Copies the string at offset, NUL-terminated; returns its length, 0: none or longer than max - 1. */
size_t cp_elf_string(const struct cp_elf *elf, const Elf64_Shdr *strings, uint64_t offset, char *buf,
		size_t max);

#endif
