// SPDX-License-Identifier: MIT
// See process.h. Files of a process in another mount namespace (a container) are reached through its root.
#include "tool/attach/process.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process_times.h"
#include "tool/binutils/objfile.h"
#include "tool/perfdata/recording.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/kernel.h"

enum { MAX_NAMESPACE = 64 };

static const struct str deleted = {" (deleted)", 10};

/** A line without its end; NULL where there is none. */
static const char *first_line(struct arena *a, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	FILE *f = fopen(path, "re");
	ssize_t len = f ? getline(&line, &cap, f) : -1;
	const char *copy = len > 0 ? arena_strndup(a, line, strcspn(line, "\n")) : NULL;
	free(line);
	if (f)
		fclose(f);
	return copy;
}

/** Where a link of /proc leads; empty where it cannot be read. */
static struct str linked_file(struct arena *a, struct str link)
{
	char *path = arena_alloc(a, PATH_MAX, 1);
	ssize_t len = readlink(arena_strndup(a, link.ptr, link.len), path, PATH_MAX);
	struct str file = {path, len > 0 ? (size_t)len : 0};
	return str_has_suffix(file, deleted) ? str_slice(file, 0, file.len - deleted.len) : file;
}

const char *process_name(struct arena *a, int pid)
{
	const char *name = first_line(a, arena_printf(a, "/proc/%d/comm", pid));
	return name ? name : "?";
}

/** Of those in a line as in /proc/PID/task/TID/children. */
static void choose_busiest(const char *children, uint64_t *most_ns, int *busiest)
{
	char *rest;
	for (long child; (child = strtol(children, &rest, 10)) > 0; children = rest) {
		struct process_times times = process_times((int)child);
		if (times.user_ns + times.kernel_ns <= *most_ns)
			continue;
		*most_ns = times.user_ns + times.kernel_ns;
		*busiest = (int)child;
	}
}

int process_busiest_child(struct arena *a, int pid)
{
	uint64_t most_ns = 0;
	int busiest = 0;
	DIR *tasks = opendir(arena_printf(a, "/proc/%d/task", pid));
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		const char *children = first_line(a, arena_printf(a, "/proc/%d/task/%s/children", pid, entry->d_name));
		if (children)
			choose_busiest(children, &most_ns, &busiest);
	}
	if (tasks)
		closedir(tasks);
	return busiest;
}

const char *process_program(struct arena *a, int pid)
{
	struct str file = linked_file(a, str_from(arena_printf(a, "/proc/%d/exe", pid)));
	return arena_strndup(a, file.ptr, file.len);
}

static void name_threads(struct arena *a, int pid, struct perf_recording *r)
{
	DIR *tasks = opendir(arena_printf(a, "/proc/%d/task", pid));
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		int tid = atoi(entry->d_name);
		const char *name = tid > 0 ? first_line(a, arena_printf(a, "/proc/%d/task/%d/comm", pid, tid)) : NULL;
		if (name)
			perf_recording_name_thread(r, tid, str_from(name));
	}
	if (tasks)
		closedir(tasks);
}

/// Mapped files

static bool is_elsewhere(struct arena *a, int pid)
{
	char ours[MAX_NAMESPACE] = "", theirs[MAX_NAMESPACE] = "";
	if (readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) < 0 ||
			readlink(arena_printf(a, "/proc/%d/ns/mnt", pid), theirs, sizeof(theirs) - 1) < 0)
		return false;
	return strcmp(ours, theirs) != 0;
}

static const char *root_of(struct arena *a, int pid)
{
	return arena_printf(a, "/proc/%d/root", pid);
}

static struct str build_id_of(struct arena *a, const char *path)
{
	struct mapped_range whole = {0};
	struct objfile *file;
	return *path == '/' && !objfile_open(a, path, &whole, &file) ? file->build_id : (struct str){0};
}

/** Memory that has the name of a file: JIT compilers' that is shared or mapped twice. */
static bool is_no_file(const char *path)
{
	return str_has_prefix(str_from(path), STR("/dev/zero")) || str_has_prefix(str_from(path), STR("/memfd:")) ||
			str_has_prefix(str_from(path), STR("/SYSV"));
}

static void map_line(struct arena *a, int pid, const char *prefix, const char *line, struct perf_recording *r)
{
	struct perf_mapped m;
	char can_execute;
	int path_at = 0;
	int n = sscanf(line, "%lx-%lx %*c%*c%c%*c %lx %*s %*s %n", &m.start, &m.limit, &can_execute, &m.offset,
			&path_at);
	if (n != 4 || can_execute != 'x' || path_at == 0)
		return;
	const char *path = *(line + path_at) ? line + path_at : "//anon";
	bool is_file = *path == '/' && path[1] != '/' && !is_no_file(path);
	if (is_file && str_has_suffix(str_from(path), deleted)) // replaced, but the one it runs is still there
		path = arena_printf(a, "/proc/%d/map_files/%lx-%lx", pid, m.start, m.limit);
	else if (is_file)
		path = arena_printf(a, "%s%s", prefix, path);
	m.file = str_from(path);
	m.build_id = build_id_of(a, path);
	perf_recording_map(r, pid, &m);
}

static void map_files(struct arena *a, int pid, struct perf_recording *r)
{
	const char *prefix = is_elsewhere(a, pid) ? root_of(a, pid) : "";
	FILE *maps = fopen(arena_printf(a, "/proc/%d/maps", pid), "re");
	char *line = NULL;
	size_t cap = 0;
	while (maps && getline(&line, &cap, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		map_line(a, pid, prefix, line, r);
	}
	free(line);
	if (maps)
		fclose(maps);
}

static void map_kernel(struct arena *a, struct perf_recording *r)
{
	uint64_t start = kernel_symbol_address(STR("_text"));
	if (start)
		perf_recording_map(r, -1, &(struct perf_mapped){start, UINT64_MAX, start, STR("[kernel.kallsyms]_text"),
				kernel_running_build_id(a)});
}

void process_describe(struct arena *a, int pid, bool with_kernel, struct perf_recording *r)
{
	name_threads(a, pid, r);
	map_files(a, pid, r);
	if (with_kernel)
		map_kernel(a, r);
}

void process_rename_mappings(int pid, struct profile *p)
{
	struct arena a = {0};
	struct str root = str_from(root_of(&a, pid)), links = str_from(arena_printf(&a, "/proc/%d/map_files/", pid));
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct str file = profile_str(p, p->mappings[i].file), known = {0};
		if (str_has_prefix(file, root))
			known = str_slice(file, root.len, file.len);
		else if (str_has_prefix(file, links))
			known = linked_file(&a, file);
		if (known.len)
			p->mappings[i].file = profile_intern(p, known);
	}
	arena_deinit(&a);
}
