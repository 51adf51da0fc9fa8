// SPDX-License-Identifier: MIT
// Names and numbers of the summary (see view.h).
#include "view.h"

#include <stdio.h>

#include "base/path.h"
#include "base/utf8.h"
#include "tool/measurement/measurement.h"

const struct state_look state_looks[NSTATES] = {
		[STATE_RUNNING] = {"running", '#', "\033[32m"},
		[STATE_RUNNABLE] = {"ready", '+', "\033[92m"},
		[STATE_LOCK] = {"locks", 'L', "\033[31m"},
		[STATE_WAITING] = {"waiting", 'w', "\033[33m"},
		[STATE_SYSCALL] = {"syscalls", 's', "\033[34m"},
		[STATE_NETWORK] = {"network", 'n', "\033[36m"},
		[STATE_SLEEP] = {"asleep", 'z', "\033[90m"},
		[STATE_UNKNOWN] = {"unknown", '?', "\033[35m"},
};

void view_heading(const struct view *v, const char *title)
{
	buf_printf(v->out, v->has_colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n", title);
}

void view_duration(const struct view *v, int64_t ns, int columns)
{
	char text[MEASUREMENT_LABEL_BYTES];
	size_t len = measurement_format(text, ns, STR("ns"), STR("auto"));
	buf_printf(v->out, "%*.*s", columns, (int)len, text);
}

// Its bytes that do no harm on a terminal; one place a character.
void view_text(const struct view *v, struct str text, size_t columns)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	for (; at < end && columns; columns--) {
		unsigned n = utf8_sequence(at, end);
		bool is_control = n == 1 ? (unsigned char)*at < 0x20 || *at == 0x7f
					 : n == 2 && (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
		if (n && !is_control)
			buf_append(v->out, at, n);
		else
			buf_byte(v->out, '?');
		at += n ? n : 1;
	}
}

void view_thread(const struct view *v, uint32_t thread, int columns)
{
	const struct timeline_thread *th = &v->timeline->threads[thread];
	struct str name = timeline_str(v->timeline, th->name);
	if (!name.len)
		name = path_base(timeline_str(v->timeline, v->timeline->program));
	enum { TID_COLUMNS = 8, LONGEST = 15 };
	if (!columns) {
		view_text(v, name, LONGEST);
		buf_printf(v->out, " (%u)", th->tid);
		return;
	}
	buf_printf(v->out, "%*u ", TID_COLUMNS - 1, th->tid);
	size_t before = v->out->len, room = (size_t)columns - TID_COLUMNS;
	view_text(v, name, room);
	size_t used = v->out->len - before;
	buf_pad(v->out, ' ', used < room ? room - used : 0);
}

// "libz.so.1+0x12ab": where nobody knows more.
static struct str place(const struct timeline *t, uint32_t location, char *room, size_t bytes)
{
	const struct profile *p = t->symbols;
	const struct location *l = &p->locations[location];
	struct str name = timeline_function_name(t, location);
	if (name.len)
		return name;
	const struct mapping *m = l->mapping == NO_INDEX ? NULL : &p->mappings[l->mapping];
	struct str file = m ? path_base(profile_str(p, m->file)) : STR("");
	uint64_t offset = m ? l->address - m->start + m->offset : l->address;
	int n = snprintf(room, bytes, "%.*s%s0x%lx", STR_FMT(str_slice(file, 0, 40)), m ? "+" : "", offset);
	return (struct str){room, (size_t)n};
}

// What starts threads and programs is in every stack.
static bool is_start(const struct timeline *t, uint32_t location)
{
	static const char *const names[] = {"_start", "__libc_start_main", "__libc_start_call_main", "start_thread",
			"clone", "__clone3"};
	const struct profile *p = t->symbols;
	uint32_t m = p->locations[location].mapping;
	struct str name = timeline_function_name(t, location);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_eq(name, str_from(names[i])))
			return true;
	}
	return !name.len && m != NO_INDEX &&
			str_has_prefix(path_base(profile_str(p, p->mappings[m].file)), STR("libc.so"));
}

// Down to main, or to what the thread was started with.
static uint32_t worth_showing(const struct timeline *t, uint32_t stack)
{
	const uint32_t *frames = timeline_frames(t, stack);
	uint32_t n = t->stacks[stack].n, end = n;
	for (uint32_t i = 0; i < n; i++) {
		if (str_eq(timeline_function_name(t, frames[i]), STR("main")))
			return i + 1;
	}
	while (end > 0 && is_start(t, frames[end - 1]))
		end--;
	return end ? end : n;
}

void view_stack(const struct view *v, uint32_t stack, size_t columns)
{
	const struct timeline *t = v->timeline;
	const uint32_t *frames = timeline_frames(t, stack);
	char room[80];
	size_t used = 0;
	uint32_t n = worth_showing(t, stack);
	if (!n)
		view_text(v, STR("(no stack)"), columns);
	for (uint32_t i = 0; i < n; i++) {
		struct str name = place(t, frames[i], room, sizeof(room));
		const char *between = i ? " < " : "";
		size_t need = strlen(between) + name.len;
		if (i && used + need + 4 > columns) {
			buf_cstr(v->out, " ...");
			break;
		}
		buf_cstr(v->out, between);
		view_text(v, name, columns > used ? columns - used : 0);
		used += need;
	}
}
