// SPDX-License-Identifier: MIT
// The search for binaries (see locate.h): by build id first, then by name, in each directory of the
// search path, in the layouts of pprof, perf, LLVM and gdb.
#include "locate.h"

#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "tool/binutils/objfile.h"

struct search {
	struct arena *arena;
	const struct env *env;
	struct profile *profile;
	struct mapping *mapping;
	const char *file, *base, *build_id; // of the mapping, "" for none
};

const char *binary_search_path(struct arena *a, const struct env *env)
{
	char *home = path_join(a, env_or(env, "HOME", ""), "pprof/binaries");
	return env_or(env, "PPROF_BINARY_PATH", home);
}

// Takes the file if it is an object with the mapping's build id.
static bool try(struct search *s, const char *path)
{
	const struct mapping *m = s->mapping;
	struct str relocation = profile_str(s->profile, m->kernel_relocation_symbol);
	struct mapped_range range = {
			.start = m->start,
			.limit = m->limit,
			.offset = m->offset,
			.kernel_relocation_symbol = relocation.len
					? arena_strndup(s->arena, relocation.ptr, relocation.len)
					: NULL,
	};
	struct objfile *object;
	// Most places have nothing: that needs no words, and none of libc's tables of them.
	if (access(path, F_OK) != 0 || objfile_open(s->arena, path, &range, &object))
		return false;
	if (*s->build_id && !str_eq(object->build_id, str_from(s->build_id))) {
		env_warn(s->env, "Ignoring local file %s: build-id mismatch (%s != %.*s)", path,
				s->build_id, STR_FMT(object->build_id));
		return false;
	}
	s->mapping->file = profile_intern(s->profile, str_from(path));
	return true;
}

static bool try_all_in(struct search *s, const char *dir)
{
	glob_t found;
	bool taken = false;
	if (glob(path_join(s->arena, dir, "*"), 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && !taken; i++)
		taken = try(s, found.gl_pathv[i]);
	globfree(&found);
	return taken;
}

static bool try_by_build_id(struct search *s, const char *dir)
{
	struct arena *a = s->arena;
	const char *id = s->build_id;
	const char *id_dir = path_join(a, dir, id);
	if (try(s, path_join(a, id_dir, s->base)) || try_all_in(s, id_dir))
		return true;
	// perf: the file's path is a directory of build ids.
	if (try(s, path_join(a, path_join(a, dir, s->file), id)))
		return true;
	// LLVM, debuginfod: ab/cdef….debug
	return strlen(id) > 2 && try(s, path_join(a, dir, arena_printf(a, "%.2s/%s.debug", id, id + 2)));
}

static bool try_by_name(struct search *s, const char *dir)
{
	struct arena *a = s->arena;
	const char *below = path_dir(a, str_from(s->file));
	if (try(s, path_join(a, dir, s->base)) || try(s, path_join(a, dir, s->file)))
		return true;
	// gdb's places of separate debug files.
	const char *debug = arena_concat(a, s->base, ".debug", NULL);
	return try(s, path_join(a, dir, arena_concat(a, s->file, ".debug", NULL))) ||
	       try(s, path_join(a, dir, arena_concat(a, below, "/.debug/", debug, NULL))) ||
	       try(s, path_join(a, dir, arena_concat(a, "usr/lib/debug/", below, "/", debug, NULL)));
}

static void locate(struct search *s, const char *search_path)
{
	struct str rest = str_from(search_path);
	while (rest.len) {
		struct str part = str_cut(&rest, ':');
		const char *dir = arena_strndup(s->arena, part.ptr, part.len);
		if (*s->build_id && try_by_build_id(s, dir))
			return;
		if (*s->file && try_by_name(s, dir))
			return;
	}
}

static const char *cstr(struct arena *a, struct str s)
{
	return arena_strndup(a, s.ptr, s.len);
}

// Profiles of the Go runtime may have no mappings; the one given is right for non-PIE binaries.
static void add_mapping(struct profile *p)
{
	profile_add_mapping(p, (struct mapping){.id = 1});
	for (uint32_t i = 0; i < p->nlocations; i++)
		p->locations[i].mapping = 0;
}

void locate_binaries(struct arena *a, const struct env *env, const struct request *r,
		struct profile *p)
{
	const char *search_path = binary_search_path(a, env);
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping *m = &p->mappings[i];
		struct str file = profile_str(p, m->file);
		struct search s = {
				.arena = a,
				.env = env,
				.profile = p,
				.mapping = m,
				.file = cstr(a, file),
				.base = file.len ? cstr(a, path_base(file)) : "",
				.build_id = cstr(a, profile_str(p, m->build_id)),
		};
		locate(&s, search_path);
	}
	if (!p->nmappings)
		add_mapping(p);
	struct mapping *main_binary = &p->mappings[0];
	if (*r->exec_name)
		main_binary->file = profile_intern(p, str_from(r->exec_name));
	// A build id that is there is more likely right than the user's.
	if (*r->build_id && !main_binary->build_id)
		main_binary->build_id = profile_intern(p, str_from(r->build_id));
}
