// SPDX-License-Identifier: MIT
// What the events of a recording are called: as short as tells them apart. See file.h.
#include <linux/perf_event.h>

#include "tool/perfdata/file.h"

// As the user gave it, or made from numbers where the file does not say.
static struct str given_name(const struct perf_file *f, const struct perf_event *e)
{
	static const char *const hardware[] = {"cycles", "instructions", "cache-references", "cache-misses",
			"branches", "branch-misses", "bus-cycles"};
	static const char *const software[] = {"cpu-clock", "task-clock", "page-faults", "context-switches",
			"cpu-migrations", "minor-faults", "major-faults"};
	if (e->name.len)
		return e->name;
	if (e->type == PERF_TYPE_HARDWARE && e->config < sizeof hardware / sizeof *hardware)
		return str_from(hardware[e->config]);
	if (e->type == PERF_TYPE_SOFTWARE && e->config < sizeof software / sizeof *software)
		return str_from(software[e->config]);
	return str_from(arena_printf(f->arena, "event-%u-%#lx", e->type, e->config));
}

// "task-clock:u" -> "task-clock": how it was restricted is no part of what it is. But "sched:sched_switch".
static struct str without_modifiers(struct str name)
{
	const char *colon = name.len ? memrchr(name.ptr, ':', name.len) : NULL;
	if (!colon)
		return name;
	struct str before = str_slice(name, 0, (size_t)(colon - name.ptr));
	struct str modifiers = str_slice(name, before.len + 1, name.len);
	while (modifiers.len && memchr("ukhGHpPDSWeb", modifiers.ptr[0], 12))
		modifiers = str_slice(modifiers, 1, modifiers.len);
	return modifiers.len ? name : before;
}

// Reports and -base find a sample type by its name: there must not be two of one.
static struct str telling_name(struct arena *a, const struct str *given, uint32_t n, uint32_t i)
{
	struct str name = without_modifiers(given[i]);
	uint32_t nalike = 0, nsame = 0; // without modifiers; with them, before it
	for (uint32_t k = 0; k < n; k++) {
		nalike += str_eq(without_modifiers(given[k]), name);
		nsame += k < i && str_eq(given[k], given[i]);
	}
	if (nalike == 1)
		return name;
	return nsame ? str_from(arena_printf(a, "%.*s#%u", STR_FMT(given[i]), nsame + 1)) : given[i];
}

struct str *perf_event_names(const struct perf_file *f)
{
	struct str *given = arena_array(f->arena, struct str, f->nevents);
	struct str *names = arena_array(f->arena, struct str, f->nevents);
	for (uint32_t i = 0; i < f->nevents; i++)
		given[i] = given_name(f, &f->events[i]);
	for (uint32_t i = 0; i < f->nevents; i++)
		names[i] = telling_name(f->arena, given, f->nevents, i);
	return names;
}
