// SPDX-License-Identifier: MIT
// See perfmap.h. Each line is offered to the addresses asked for: a map may be much larger than the profile.
#include "tool/attach/perfmap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "format/perfmap_line.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/lines.h"

enum { LINE_BYTES = 4096 }; // of a longer line the rest is no line

struct wanted {
	uint64_t address;
	uint32_t location;
	struct str name; // of the last line that has the address: the memory was used again
};

static int by_address(const void *x, const void *y)
{
	const struct wanted *s = x, *t = y;
	return (s->address > t->address) - (s->address < t->address);
}

static uint32_t find_wanted(const struct profile *p, struct wanted *wanted)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		const struct location *l = &p->locations[i];
		if (l->mapping != NO_INDEX && str_eq(profile_str(p, p->mappings[l->mapping].file), STR("//anon")))
			wanted[n++] = (struct wanted){.address = l->address, .location = i};
	}
	qsort(wanted, n, sizeof(*wanted), by_address);
	return n;
}

/** The map of that process: /tmp is everybody's. NULL: there is none. */
static FILE *open_map(struct arena *a, int pid)
{
	struct stat process, map;
	const char *path = arena_printf(a, "/proc/%d/root/tmp/perf-%d.map", pid, pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (stat(arena_printf(a, "/proc/%d", pid), &process) == 0 && fstat(fd, &map) == 0 && S_ISREG(map.st_mode) &&
			map.st_uid == process.st_uid)
		return fdopen(fd, "r");
	close(fd);
	return NULL;
}

static void offer_line(struct arena *a, struct str line, struct wanted *wanted, uint32_t n)
{
	struct perfmap_line l;
	if (!perfmap_line_parse(line.ptr, line.len, &l))
		return;
	uint32_t first = 0, end = n;
	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		if (wanted[middle].address < l.start)
			first = middle + 1;
		else
			end = middle;
	}
	struct str name = {0};
	for (uint32_t i = first; i < n && wanted[i].address - l.start < l.size_bytes; i++) {
		if (name.len == 0)
			name = str_from(arena_strndup(a, line.ptr + l.name_offset, line.len - l.name_offset));
		wanted[i].name = name;
	}
}

void perfmap_name(struct arena *a, int pid, struct profile *p)
{
	struct wanted *wanted = arena_array(a, struct wanted, p->nlocations);
	uint32_t n = find_wanted(p, wanted);
	FILE *map = n ? open_map(a, pid) : NULL;
	if (!map)
		return;
	char text[LINE_BYTES];
	while (fgets(text, sizeof(text), map))
		offer_line(a, (struct str){text, strcspn(text, "\n")}, wanted, n);
	fclose(map);
	struct function_set functions = {.profile = p, .arena = a};
	for (uint32_t i = 0; i < n; i++) {
		if (wanted[i].name.len == 0)
			continue;
		const struct frame frame = {.function = wanted[i].name};
		const struct line line = {.function = function_set_add(&functions, &frame)};
		location_set_lines(p, wanted[i].location, &line, 1);
		p->mappings[p->locations[wanted[i].location].mapping].has_functions = true;
	}
}
