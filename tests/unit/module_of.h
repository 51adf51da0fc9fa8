// SPDX-License-Identifier: MIT
// A module's record as lib/symbol wants it, of what the test's own process has loaded.
#ifndef CPROF_TESTS_MODULE_OF_H
#define CPROF_TESTS_MODULE_OF_H

#include <check.h>
#include <link.h>
#include <string.h>

#include "sigsafe/modmap.h"

static int take_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct cp_module *m = arg;
	bool is_it = m->is_main ? info->dlpi_name[0] == '\0' : strstr(info->dlpi_name, m->path) != NULL;
	if (!is_it)
		return 0;
	m->path = strcmp(m->path, "vdso") == 0 ? "[vdso]" : info->dlpi_name;
	m->load_bias = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
			m->start = info->dlpi_addr + p->p_vaddr;
			m->end = m->start + p->p_memsz;
		}
	}
	return 1;
}

/** "": the program; "vdso"; or part of a path. */
static struct cp_module module_of(const char *path)
{
	struct cp_module m = {.path = path, .is_main = path[0] == '\0'};
	ck_assert_int_eq(dl_iterate_phdr(take_module, &m), 1);
	return m;
}

#endif
