// SPDX-License-Identifier: MIT
// See tool_outputs.h.
#include "tool/binutils/tool_outputs.h"

#include "base/filter.h"
#include "tool/binutils/subprocess.h"

struct tool_output {
	struct tool_output *next;
	const char *const *argv;
	bool was_run;
	struct buf text;
	struct err *error;
};

static bool are_same(const char *const x[], const char *const y[])
{
	size_t i = 0;
	while (x[i] && y[i] && strcmp(x[i], y[i]) == 0)
		i++;
	return !x[i] && !y[i];
}

static const char *const *copy(struct arena *a, const char *const argv[])
{
	size_t n = 0;
	while (argv[n])
		n++;
	const char **words = arena_array(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		words[i] = arena_strdup(a, argv[i]);
	return words;
}

static void note(struct tool_outputs *o, const char *const argv[])
{
	struct tool_output *new = arena_new(&o->arena, struct tool_output);
	new->argv = copy(&o->arena, argv);
	if (o->last)
		o->last->next = new;
	else
		o->first = new;
	o->last = new;
}

struct err *tool_outputs_get(struct tool_outputs *o, struct arena *a, const char *const argv[], struct buf *out)
{
	if (!o)
		return subprocess_output(a, argv, 0, out);
	struct tool_output *t = o->first;
	while (t && !are_same(t->argv, argv))
		t = t->next;
	if (!t)
		note(o, argv);
	else if (t->error)
		return err_new(a, "%s", t->error->message);
	else
		buf_append(out, t->text.ptr, t->text.len);
	return NULL;
}

bool tool_outputs_are_missing(const struct tool_outputs *o)
{
	return o->last && !o->last->was_run;
}

void tool_outputs_run(struct tool_outputs *o, int client_fd)
{
	for (struct tool_output *t = o->first; t; t = t->next) {
		if (t->was_run)
			continue;
		if (!filter_is_wanted(client_fd))
			return;
		t->error = subprocess_output(&o->arena, t->argv, client_fd, &t->text);
		t->was_run = true;
	}
}

void tool_outputs_deinit(struct tool_outputs *o)
{
	for (struct tool_output *t = o->first; t; t = t->next)
		buf_deinit(&t->text);
	arena_deinit(&o->arena);
	*o = (struct tool_outputs){0};
}
