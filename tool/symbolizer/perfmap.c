// SPDX-License-Identifier: MIT
// See perfmap.h. Each line is offered to the addresses asked for: a map may be much larger than the profile.
#include "tool/symbolizer/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/lower_bound.h"
#include "format/perfmap_line.h"

enum { LINE_BYTES = 4096 }; // of a longer line the rest is no line

static const struct str prefix = {"/tmp/perf-", 10}, suffix = {".map", 4};

static struct str pid_of(struct str file)
{
	if (file.len <= prefix.len + suffix.len || !str_has_prefix(file, prefix) || !str_has_suffix(file, suffix))
		return (struct str){0};
	struct str pid = str_slice(file, prefix.len, file.len - suffix.len);
	for (size_t i = 0; i < pid.len; i++)
		if (pid.ptr[i] < '0' || pid.ptr[i] > '9')
			return (struct str){0};
	return pid;
}

bool perfmap_is_file(struct str file)
{
	return pid_of(file).len > 0;
}

// /tmp is everybody's: the file is the process's user's where that still runs, else root's or our own.
static bool is_trusted(struct arena *a, struct str pid, const struct stat *map)
{
	struct stat process;
	if (!S_ISREG(map->st_mode))
		return false;
	if (stat(arena_printf(a, "/proc/%.*s", STR_FMT(pid)), &process) == 0 && map->st_uid == process.st_uid)
		return true;
	return map->st_uid == 0 || map->st_uid == geteuid();
}

static struct err *open_map(struct arena *a, struct str file, FILE **out)
{
	struct str pid = pid_of(file);
	const char *path = arena_printf(a, "%.*s", STR_FMT(file));
	// A container has its own /tmp.
	const char *inside = arena_printf(a, "/proc/%.*s/root%s", STR_FMT(pid), path);
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
	struct stat map;
	int fd = open(inside, flags);
	if (fd < 0)
		fd = open(path, flags);
	if (fd < 0 && errno == ENOENT)
		return err_new(a, "there is none; JIT compilers write it where they are told to "
				"(node --perf-basic-prof, python3 -X perf, jcmd PID Compiler.perfmap)");
	if (fd < 0)
		return err_new(a, "open %s: %s", path, strerror(errno));
	if (fstat(fd, &map) != 0 || !is_trusted(a, pid, &map)) {
		close(fd);
		return err_new(a, "it is not a file of the process's user, of root or of the current user");
	}
	*out = fdopen(fd, "r");
	return NULL;
}

static void offer_line(struct arena *a, struct str line, const uint64_t *addresses, uint32_t n,
		struct frames *frames)
{
	struct perfmap_line l;
	if (!perfmap_line_parse(line.ptr, line.len, &l))
		return;
	struct frame *frame = NULL;
	for (uint32_t i = lower_bound(addresses, n, l.start); i < n && addresses[i] - l.start < l.size_bytes; i++) {
		if (!frame) {
			frame = arena_new(a, struct frame);
			frame->function =
					str_from(arena_strndup(a, line.ptr + l.name_offset, line.len - l.name_offset));
		}
		frames[i] = (struct frames){frame, 1}; // the last line that has it: the memory was used again
	}
}

struct err *perfmap_lookup(struct arena *a, struct str file, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out)
{
	FILE *map = NULL;
	char text[LINE_BYTES];
	memset(frames_out, 0, n * sizeof *frames_out);
	struct err *e = open_map(a, file, &map);
	while (map && fgets(text, sizeof(text), map))
		offer_line(a, (struct str){text, strcspn(text, "\n")}, addresses, n, frames_out);
	if (map)
		fclose(map);
	return e;
}
