// SPDX-License-Identifier: MIT
// The names of a whole profile made readable, each distinct one once. Last step of symbolizer.c.
#include "tool/profile/profile.h"
#include "tool/symbolizer/demangle.h"

// The readable form of a system name. macOS puts a '_' before every name.
static struct str readable(struct arena *a, struct str name, enum demangle_mode mode)
{
	struct str text;
	if (demangle(a, name, mode, &text))
		return text;
	if (str_has_prefix(name, STR("__")) && demangle(a, str_slice(name, 1, name.len), mode, &text))
		return text;
	return demangle_shorten(a, name, mode);
}

void demangle_profile(struct profile *p, struct arena *a, bool force, enum demangle_mode mode)
{
	for (uint32_t i = 0; force && i < p->nfunctions; i++) {
		struct function *f = &p->functions[i];
		if (f->name && f->system_name)
			f->name = f->system_name;
	}
	if (mode == DEMANGLE_NONE)
		return;

	uint32_t nnames = p->nstrings; // new strings are no system names
	strid *done = arena_array(a, strid, nnames);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct function *f = &p->functions[i];
		if ((f->name && f->name != f->system_name) || !f->system_name)
			continue;
		if (!done[f->system_name])
			done[f->system_name] = profile_intern(p,
					readable(a, profile_str(p, f->system_name), mode));
		f->name = done[f->system_name];
	}
}
