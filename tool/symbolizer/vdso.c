// SPDX-License-Identifier: MIT
// See vdso.h.
#include "tool/symbolizer/vdso.h"

#include <elfutils/libdwelf.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hex.h"

bool vdso_is_file(struct str file)
{
	return str_eq(file, STR("[vdso]"));
}

/** Up to the section headers, which come last. */
static size_t image_bytes(const Elf64_Ehdr *header)
{
	return header ? header->e_shoff + (size_t)header->e_shnum * header->e_shentsize : 0;
}

Elf *vdso_elf(void)
{
	char *image = (char *)getauxval(AT_SYSINFO_EHDR);
	elf_version(EV_CURRENT);
	return image ? elf_memory(image, image_bytes((const Elf64_Ehdr *)image)) : NULL;
}

struct str vdso_build_id(struct arena *a)
{
	const void *id;
	Elf *elf = vdso_elf();
	ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	struct str digits = bytes > 0 ? hex_encode(a, id, (size_t)bytes) : (struct str){0};
	elf_end(elf);
	return digits;
}

int vdso_open(struct arena *a, const char **path_out)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	size_t bytes = image_bytes((const Elf64_Ehdr *)image);
	int fd = image ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	if (fd >= 0 && write(fd, image, bytes) != (ssize_t)bytes) {
		close(fd);
		fd = -1;
	}
	*path_out = fd < 0 ? NULL : arena_printf(a, "/proc/self/fd/%d", fd);
	return fd;
}
