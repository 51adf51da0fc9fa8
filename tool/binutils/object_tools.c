// SPDX-License-Identifier: MIT
// See object_tools.h. The order of names and the version checks are pprof's.
#include "tool/binutils/object_tools.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "tool/binutils/subprocess.h"

enum { MIN_LLVM_OBJDUMP_MAJOR = 8 }; // older ones lack --demangle

struct object_tools {
	struct arena *arena;
	struct str config;
	struct tool_outputs *outputs;
	struct tool llvm_symbolizer, addr2line, nm, objdump;
	bool objdump_is_llvm;
	bool looked_for_symbolizer, looked_for_addr2line, looked_for_nm, looked_for_objdump;
};

struct object_tools *object_tools_new(struct arena *a, const char *config)
{
	struct object_tools *t = arena_new(a, struct object_tools);
	t->arena = a;
	t->config = str_from(config ? config : "");
	return t;
}

void object_tools_note_in(struct object_tools *t, struct tool_outputs *outputs)
{
	t->outputs = outputs;
}

struct err *object_tools_output(struct object_tools *t, struct arena *a, const char *const argv[], struct buf *out)
{
	return tool_outputs_get(t ? t->outputs : NULL, a, argv, out);
}

static bool is_executable(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && access(path, X_OK) == 0;
}

static const char *search_path(struct arena *a, const char *name)
{
	struct str rest = str_from(getenv("PATH"));
	while (rest.len) {
		struct str dir = str_cut(&rest, ':');
		const char *path = dir.len ? arena_printf(a, "%.*s/%s", STR_FMT(dir), name) : name;
		if (is_executable(path))
			return path;
	}
	return NULL;
}

// The directories given for `name` itself come before those given for all tools; where nothing was
// given for all, $PATH is searched.
static bool find(struct object_tools *t, const char *kind, const char *name, struct tool *tool)
{
	*tool = (struct tool){.path = name};
	for (int general = 0; general < 2 && !tool->found; general++) {
		struct str rest = t->config;
		bool more = true;
		while (more && !tool->found) {
			more = rest.len && memchr(rest.ptr, ',', rest.len);
			struct str dir = str_cut(&rest, ',');
			bool prefixed = dir.len && memchr(dir.ptr, ':', dir.len);
			struct str owner = prefixed ? str_cut(&dir, ':') : STR("");
			if (!str_eq(owner, general ? STR("") : str_from(kind)))
				continue;
			const char *path;
			if (dir.len == 0)
				path = search_path(t->arena, name);
			else
				path = arena_printf(t->arena, "%.*s/%s", STR_FMT(dir), name);
			if (!path || !is_executable(path))
				continue;
			*tool = (struct tool){.path = path, .found = true, .named = dir.len != 0};
		}
	}
	return tool->found;
}

const struct tool *object_tools_llvm_symbolizer(struct object_tools *t)
{
	if (!t->looked_for_symbolizer)
		find(t, "llvm-symbolizer", "llvm-symbolizer", &t->llvm_symbolizer);
	t->looked_for_symbolizer = true;
	return &t->llvm_symbolizer;
}

const struct tool *object_tools_addr2line(struct object_tools *t)
{
	if (!t->looked_for_addr2line)
		find(t, "addr2line", "addr2line", &t->addr2line);
	t->looked_for_addr2line = true;
	return &t->addr2line;
}

const struct tool *object_tools_nm(struct object_tools *t)
{
	if (!t->looked_for_nm && !find(t, "nm", "llvm-nm", &t->nm))
		find(t, "nm", "nm", &t->nm);
	t->looked_for_nm = true;
	return &t->nm;
}

static bool is_recent_llvm(const char *version)
{
	const char *at = strstr(version, "LLVM version ");
	if (!at)
		return false;
	at += strlen("LLVM version ");
	if (isdigit((unsigned char)*at))
		return strtol(at, NULL, 10) >= MIN_LLVM_OBJDUMP_MAJOR;
	return strstr(at, "trunk") != NULL;
}

static void find_objdump(struct object_tools *t)
{
	static const char *const names[] = {"llvm-objdump", "objdump"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct tool tool;
		if (!find(t, "objdump", names[i], &tool))
			continue;
		struct buf version = {0};
		const char *const argv[] = {tool.path, "--version", NULL};
		struct err *e = subprocess_output(t->arena, argv, 0, &version);
		buf_byte(&version, '\0');
		t->objdump_is_llvm = !e && is_recent_llvm(version.ptr);
		bool usable = t->objdump_is_llvm || (!e && strstr(version.ptr, "GNU objdump"));
		buf_deinit(&version);
		if (usable) {
			t->objdump = tool;
			return;
		}
	}
	t->objdump = (struct tool){.path = ""};
}

const struct tool *object_tools_objdump(struct object_tools *t, bool *is_llvm_out)
{
	if (!t->looked_for_objdump)
		find_objdump(t);
	t->looked_for_objdump = true;
	*is_llvm_out = t->objdump_is_llvm;
	return &t->objdump;
}
