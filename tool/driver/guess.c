// SPDX-License-Identifier: MIT
// See guess.h.
#include "guess.h"

#include "base/cancel.h"

#include "shell_command.h"

// What changes stacks takes long to make, and cannot be ended; call trees, and what is not trimmed, may be as large as
// the profile.
static bool is_worthwhile(const struct config *c)
{
	const char *const must_be_empty[] = {c->hide, c->show, c->show_from, c->prune_from, c->tagshow, c->taghide,
			c->tagroot, c->tagleaf};
	for (size_t i = 0; i < sizeof(must_be_empty) / sizeof(must_be_empty[0]); i++)
		if (*must_be_empty[i])
			return false;
	bool is_by_functions = !*c->granularity || strcmp(c->granularity, "functions") == 0;
	return is_by_functions && !c->call_tree && c->trim && c->nodefraction > 0;
}

static bool has_filter(const struct config *c)
{
	return *c->focus || *c->ignore || *c->tagfocus || *c->tagignore;
}

static bool is_equal(const struct config *x, const struct config *y)
{
	struct arena a = {0};
	bool is = true;
	for (const struct config_field *f = config_fields; f->name && is; f++)
		is = strcmp(config_get(&a, x, f), config_get(&a, y, f)) == 0;
	arena_deinit(&a);
	return is;
}

bool guess_is_due(struct guess *g, const struct config *config)
{
	if (!is_worthwhile(config) || (g->is_done && is_equal(&g->config, config)))
		return false;
	g->config = *config;
	g->is_done = false;
	return true;
}

static int discard(void *arg, const char *data, size_t len)
{
	return 0;
}

// Of samples that a filter leaves the first two: these are made from sorted stacks.
enum { FILTERED_REPORTS = 2 };

// As the user would type them. Which name is asked for matters little: what costs is to add up all samples.
static const struct {
	const char *line, *granularity;
} reports[] = {
		{"tree", ""},
		{"dot", ""},
		{"disasm a^", ""},
		{"weblist a^", ""},
		{"top", "lines"},
		{"top", "files"},
};

static void make(const struct session *s, struct config config, size_t i)
{
	struct arena a = {0};
	struct analysis an = {0};
	struct shell_command c;
	struct buf out = {.flush = discard, .flush_bytes = 64 << 10};
	config.granularity = reports[i].granularity;
	if (!shell_parse(&a, reports[i].line, &config, &c) && !analyze(s, c.command, c.param, &c.config, &an))
		report_generate(an.report, &out);
	analysis_end(&an);
	buf_deinit(&out);
	arena_deinit(&a);
}

void guess_make(void *guess)
{
	struct guess *g = guess;
	struct env quiet = *g->session->env;
	struct session s = *g->session;
	s.env = &quiet;
	quiet.err = fopen("/dev/null", "we"); // warnings are for who asks
	size_t n = has_filter(&g->config) ? FILTERED_REPORTS : sizeof(reports) / sizeof(reports[0]);
	for (size_t i = 0; i < n && quiet.err && !cancelled(); i++)
		make(&s, g->config, i);
	if (quiet.err)
		fclose(quiet.err);
	g->is_done = !cancelled();
}
