// SPDX-License-Identifier: MIT
// The table of pages, and how one is made (see page.h).
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/html.h"

enum { TOP_ROWS = 500 };

static void edit_top(struct config *c)
{
	c->nodecount = TOP_ROWS;
}

static void edit_lines(struct config *c)
{
	c->granularity = "lines";
}

static void edit_flamegraph(struct config *c)
{
	if (!*c->granularity)
		c->granularity = "filefunctions";
}

const struct page_kind page_kinds[] = {
		{"top", "Top", "top", "top.js", edit_top, page_top},
		{"graph", "Graph", "dot", "graph.js", NULL, page_graph},
		{"flamegraph", "Flame Graph", "folded", "flamegraph.js", edit_flamegraph, page_flamegraph},
		{"peek", "Peek", "peek", NULL, edit_lines, page_peek},
		{"source", "Source", "weblist", "source.js", NULL, page_source},
		{"disasm", "Disassemble", "disasm", NULL, NULL, page_disasm},
		{NULL},
};

const struct page_kind *page_find(const char *path)
{
	for (const struct page_kind *k = page_kinds; k->path; k++) {
		if (strcmp(k->path, path) == 0)
			return k;
	}
	return NULL;
}

static struct str contents(const struct buf *b)
{
	return (struct str){b->ptr ? b->ptr : "", b->len};
}

static struct err *write_with(struct page *p, const struct session *s)
{
	const struct command *c = command_find(p->kind->command, strlen(p->kind->command));
	const char *param = c->has_param ? p->config.focus : NULL;
	struct buf body = {0}, legend = {0};
	struct analysis an;
	struct config config = p->config;
	if (p->kind->edit)
		p->kind->edit(&config);
	struct err *e = analyze(s, c, param, &config, &an);
	if (!e)
		e = p->kind->write(p, an.report, &body, &legend);
	fflush(s->env->err);
	if (!e)
		e = page_frame(p, an.report, contents(&legend), contents(&body));
	if (e)
		e = err_new(p->arena, "%s", e->message); // out of the analysis' arena
	analysis_end(&an);
	buf_deinit(&body);
	buf_deinit(&legend);
	return e;
}

struct err *page_write_failed(struct page *p, int status, const char *message)
{
	struct buf body = {0};
	p->response->status = status;
	buf_deinit(&p->response->body);
	buf_deinit(&p->response->graph);
	p->response->body = p->response->graph = (struct buf){0};
	buf_cstr(&body, "<p class=\"error\">");
	put_html(&body, str_from(message));
	buf_cstr(&body, "</p>\n");
	struct err *e = page_frame(p, NULL, STR(""), contents(&body));
	buf_deinit(&body);
	return e;
}

struct err *page_write(struct page *p)
{
	// What reports warn of is told on the page: nobody looks at the terminal.
	struct env env = *p->web->session->env;
	struct session s = *p->web->session;
	env.err = open_memstream(&p->warnings, &p->warnings_len);
	if (!env.err)
		return err_new(p->arena, "out of memory");
	env.err_has_colour = false;
	s.env = &env;
	if (!s.profile->nsamples)
		env_say(&env, "The profile has no samples.");
	struct err *e = write_with(p, &s);
	fclose(env.err);
	if (e)
		e = page_write_failed(p, STATUS_BAD, e->message);
	free(p->warnings);
	return e;
}
