// SPDX-License-Identifier: MIT
// Reads the -symbolize option and runs the steps it asks for. See symbolizer.h.
#include "tool/symbolizer/symbolizer.h"

#include <ctype.h>

#include "tool/profile/profile.h"
#include "tool/symbolizer/demangle.h"
#include "tool/symbolizer/local.h"
#include "tool/symbolizer/remote.h"

struct mode {
	bool none, local, fast, remote, force;
	enum demangle_mode demangle;
};

static bool parse_demangle(struct str value, struct mode *m)
{
	static const struct {
		struct str name;
		enum demangle_mode mode;
	} modes[] = {{STR("full"), DEMANGLE_FULL}, {STR("none"), DEMANGLE_NONE},
			{STR("templates"), DEMANGLE_TEMPLATES}};
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (!str_eq(value, modes[i].name))
			continue;
		m->demangle = modes[i].mode;
		m->force = true;
		return true;
	}
	return str_eq(value, STR("default"));
}

// One word between colons; false where it is none we know.
static bool parse_word(struct str word, struct mode *m)
{
	if (word.len == 0)
		return true;
	if (str_eq(word, STR("none")) || str_eq(word, STR("no")))
		m->none = true;
	else if (str_eq(word, STR("local")))
		m->remote = false, m->local = true;
	else if (str_eq(word, STR("fastlocal")))
		m->remote = false, m->local = m->fast = true;
	else if (str_eq(word, STR("remote")))
		m->remote = true, m->local = false;
	else if (str_eq(word, STR("force")))
		m->force = true;
	else if (str_has_prefix(word, STR("demangle=")))
		return parse_demangle(str_slice(word, 9, word.len), m);
	else // pprof takes "full" for "demangle=full"
		return parse_demangle(word, m);
	return true;
}

static struct mode parse_mode(struct arena *a, const struct symbolize_options *o)
{
	struct mode m = {.local = true, .remote = true, .demangle = DEMANGLE_SIMPLE};
	char *lower = arena_strdup(a, o->mode ? o->mode : "");
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	struct str rest = str_from(lower);
	while (rest.len && !m.none) {
		if (parse_word(str_cut(&rest, ':'), &m))
			continue;
		o->warn(o->arg, arena_printf(a, "ignoring unrecognized symbolization option: %s", o->mode));
		o->warn(o->arg, "expecting -symbolize=[local|fastlocal|remote|none][:force]"
				"[:demangle=[none|full|templates|default]");
	}
	return m;
}

struct err *symbolize(struct profile *p, struct arena *a, const struct symbolize_options *o)
{
	struct mode m = parse_mode(a, o);
	if (m.none)
		return NULL;
	if (m.local)
		local_symbolize(p, a, m.fast, m.force, o);
	if (m.remote && o->post) {
		struct err *e = remote_symbolize(p, a, m.force, o);
		if (e)
			return e;
	}
	demangle_profile(p, a, m.force, m.demangle);
	return NULL;
}
