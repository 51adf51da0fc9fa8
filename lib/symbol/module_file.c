// SPDX-License-Identifier: MIT
// Context: CTL. See module_file.h.
#include "module_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sigsafe/file.h"

static int open_elf(struct cp_elf *elf_out, const char *path)
{
	long fd = cp_open(path, O_RDONLY | O_NOCTTY, 0);
	if (fd < 0)
		return (int)fd;
	int ret = cp_elf_open(elf_out, (struct cp_elf_source){.fd = (int)fd});
	if (ret < 0)
		cp_module_file_close(elf_out);
	return ret;
}

static bool is_same_file(const struct cp_elf *elf, const struct cp_module *module)
{
	uint8_t id[CP_BUILD_ID_MAX_BYTES];
	if (!cp_elf_has_text_at(elf, module->start - module->load_bias))
		return false;
	return module->build_id_bytes == 0 ||
			(cp_elf_build_id(elf, id, sizeof(id)) == module->build_id_bytes &&
					memcmp(id, module->build_id, module->build_id_bytes) == 0);
}

static int open_same(struct cp_elf *elf_out, const char *path, const struct cp_module *module)
{
	int ret = open_elf(elf_out, path);
	if (ret == 0 && !is_same_file(elf_out, module)) {
		cp_module_file_close(elf_out);
		ret = -ESTALE;
	}
	return ret;
}

int cp_module_file_open(struct cp_elf *elf_out, const struct cp_module *module)
{
	// The program itself can be had where its file was removed or replaced, too. (Started as
	// "ld.so program", it is not what /proc/thread-self/exe says.)
	if (module->is_main && open_same(elf_out, "/proc/thread-self/exe", module) == 0)
		return 0;
	return open_same(elf_out, module->path, module);
}

int cp_module_file_open_debug(struct cp_elf *elf_out, const struct cp_module *module)
{
	static const char folder[] = "/usr/lib/debug/.build-id/";
	static const char suffix[] = ".debug", digits[] = "0123456789abcdef";
	char path[sizeof(folder) + 2 * CP_BUILD_ID_MAX_BYTES + sizeof("/") + sizeof(suffix)];
	char *at = path + sizeof(folder) - 1;
	if (module->build_id_bytes < 2)
		return -ENOENT;
	memcpy(path, folder, sizeof(folder));
	for (size_t i = 0; i < module->build_id_bytes; i++) {
		if (i == 1)
			*at++ = '/';
		*at++ = digits[module->build_id[i] >> 4];
		*at++ = digits[module->build_id[i] & 15];
	}
	memcpy(at, suffix, sizeof(suffix));
	return open_elf(elf_out, path);
}

void cp_module_file_close(const struct cp_elf *elf)
{
	cp_close(elf->source.fd);
}
