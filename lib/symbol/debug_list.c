// SPDX-License-Identifier: MIT
// Context: CTL. See debug_list.h.
#include "debug_list.h"

#include <stddef.h>

#include "sigsafe/atomic.h"

static _Atomic(const struct r_debug_extended *) known;

/** The program's dynamic section tells. */
static const struct r_debug_extended *find(const struct dl_phdr_info *program)
{
	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		if (program->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		const Elf64_Dyn *d = (const Elf64_Dyn *)(program->dlpi_addr + program->dlpi_phdr[i].p_vaddr);
		while (d->d_tag != DT_NULL && d->d_tag != DT_DEBUG)
			d++;
		return d->d_tag == DT_DEBUG ? (const struct r_debug_extended *)d->d_un.d_ptr : NULL;
	}
	return NULL;
}

const struct r_debug_extended *debug_list(const struct dl_phdr_info *program)
{
	const struct r_debug_extended *own = load(&known, relaxed);
	if (!own && program) {
		own = find(program);
		store(&known, own, relaxed);
	}
	return own;
}

const struct r_debug_extended *debug_list_others(const struct r_debug_extended *own)
{
	return own && own->base.r_version >= 2 ? own->r_next : NULL; // since glibc 2.35
}

bool debug_list_is_in_flux(void)
{
	const struct r_debug_extended *ns = debug_list(NULL);
	while (ns && ns->base.r_state == RT_CONSISTENT)
		ns = debug_list_others(ns);
	return ns != NULL;
}

struct debug_list_state debug_list_state(void)
{
	struct debug_list_state state = {0};
	for (const struct r_debug_extended *ns = debug_list(NULL); ns; ns = debug_list_others(ns))
		for (const struct link_map *l = ns->base.r_map; l; l = l->l_next) {
			state.nmodules++;
			state.sum += (uintptr_t)l ^ l->l_addr;
		}
	return state;
}
