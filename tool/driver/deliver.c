// SPDX-License-Identifier: MIT
// Delivering reports (see deliver.h). What fits the buffer is complete before its first byte is out, so
// that a report that fails leaves nothing; a longer one (-traces, -raw) flows.
#include "deliver.h"

#include <errno.h>
#include <unistd.h>

#include "pipe.h"
#include "svg.h"
#include "tempfile.h"
#include "viewer.h"

enum { FLOW_BYTES = 1 << 20 };

struct delivery {
	struct arena *arena;
	const struct env *env;
	const struct command *command;
	const char *output, *pager;
};

static int write_out(void *arg, const char *data, size_t len)
{
	FILE *f = arg;
	return fwrite(data, 1, len, f) == len ? 0 : -errno;
}

static struct err *to_stdout(const struct delivery *d, struct buf *report)
{
	FILE *out = d->env->out;
	int rc = 0;
	if (!report->flush)
		rc = write_out(out, report->ptr ? report->ptr : "", report->len);
	else
		rc = buf_flush(report);
	if (!rc && fflush(out) != 0)
		rc = -errno;
	return rc ? err_new(d->arena, "write /dev/stdout: %s", os_error_text(d->arena, -rc)) : NULL;
}

static struct err *to_numbered_file(const struct delivery *d, struct str report)
{
	const char *suffix = arena_printf(d->arena, ".%s", d->command->suffix);
	const char *path;
	struct err *e = tempfile_write(d->arena, "", "profile", suffix, report, &path);
	if (!e)
		env_warn(d->env, "Generating report in %s", path);
	return e;
}

static struct err *to_file(const struct delivery *d, struct str report)
{
	env_warn(d->env, "Generating report in %s", d->output);
	return file_write(d->arena, d->output, report);
}

static struct err *draw(const struct delivery *d, struct buf *report)
{
	struct arena *a = d->arena;
	const char *const argv[] = {"dot", arena_printf(a, "-T%s", d->command->dot_format), NULL};
	struct buf image = {0};
	struct err *e = pipe_through(a, argv, (struct str){report->ptr, report->len}, &image);
	if (!e && d->command->pans)
		svg_make_movable(&image);
	buf_deinit(report);
	*report = image;
	return err_wrap(a, e, "failed to execute dot. Is Graphviz installed? Error");
}

static struct err *deliver(const struct delivery *d, struct buf *report)
{
	const struct command *c = d->command;
	struct err *e = c->dot_format ? draw(d, report) : NULL;
	if (e)
		return e;
	struct str bytes = {report->ptr ? report->ptr : "", report->len};
	if (*d->output)
		return to_file(d, bytes);
	if (d->pager)
		return pipe_to_shell(d->arena, d->pager, bytes);
	if (c->view == VIEW_VIEWER)
		return viewer_show(d->arena, d->env, c->viewers, c->suffix, bytes);
	if (c->view == VIEW_FILE && (d->env->out_is_terminal || d->env->is_interactive))
		return to_numbered_file(d, bytes);
	return to_stdout(d, report);
}

static bool may_flow(const struct delivery *d)
{
	return d->command->view == VIEW_STDOUT && !d->command->dot_format && !*d->output && !d->pager;
}

struct err *deliver_report(struct arena *a, const struct session *s, const struct command *c,
		const char *param, const struct config *config, const char *pager)
{
	struct analysis an;
	struct delivery d = {a, s->env, c, config->output, pager};
	struct buf report = {0};
	if (may_flow(&d))
		report = (struct buf){.flush = write_out, .flush_arg = s->env->out,
				.flush_bytes = FLOW_BYTES};
	struct err *e = analyze(s, c, param, config, &an);
	if (!e)
		e = report_generate(an.report, &report);
	if (!e)
		e = deliver(&d, &report);
	if (e)
		e = err_new(a, "%s", e->message); // out of the analysis' arena
	analysis_end(&an);
	buf_deinit(&report);
	return e;
}
