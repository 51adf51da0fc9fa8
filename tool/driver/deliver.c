// SPDX-License-Identifier: MIT
// Delivering reports (see deliver.h). What fits the buffer is complete before its first byte is out, so
// that a report that fails leaves nothing; a longer one (-traces, -raw) flows.
#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/outfile.h"

#include "pipe.h"
#include "svg.h"
#include "tempfile.h"
#include "viewer.h"

enum { FLOW_BYTES = 64 << 10 };

struct delivery {
	struct arena *arena;
	const struct env *env;
	const struct command *command;
	const char *output, *pager;
	int fd; // where bytes go to; -1 until there are any
	struct shell_pipe pipe; // to the pager
	bool is_enough;  // the pager reads no more
	struct err *err; // why bytes do not go there
};

static const char *target_name(const struct delivery *d)
{
	return *d->output ? d->output : "/dev/stdout";
}

static struct err *open_target(struct delivery *d)
{
	if (d->pager) {
		struct err *e = shell_pipe_open(d->arena, d->pager, &d->pipe);
		d->fd = e ? -1 : d->pipe.fd;
		return e;
	}
	if (!*d->output) {
		d->fd = fileno(d->env->out);
		return NULL;
	}
	env_warn(d->env, "Generating report in %s", d->output);
	d->fd = open(d->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return d->fd >= 0 ? NULL : err_new(d->arena, "open %s: %s", d->output,
			err_os(d->arena, errno));
}

// A buffer's flush function: the target is opened when the first bytes come.
static int flow(void *arg, const char *data, size_t len)
{
	struct delivery *d = arg;
	if (d->fd < 0 && !d->err)
		d->err = open_target(d);
	while (len && !d->err && !d->is_enough && !cancelled()) {
		ssize_t n = write(d->fd, data, len);
		if (n >= 0)
			data += n, len -= (size_t)n;
		else if (errno == EPIPE && d->pager)
			d->is_enough = true;
		else if (errno != EINTR)
			d->err = err_new(d->arena, "write %s: %s", target_name(d),
					err_os(d->arena, errno));
	}
	return len ? -EIO : 0;
}

static struct err *close_target(struct delivery *d, bool is_whole)
{
	struct err *e = NULL;
	if (d->fd >= 0 && *d->output && (d->err || !is_whole))
		outfile_discard(d->fd, d->output);
	if (d->fd >= 0 && d->pager)
		e = shell_pipe_close(d->arena, &d->pipe);
	else if (d->fd >= 0 && *d->output && close(d->fd) < 0)
		e = err_new(d->arena, "close %s: %s", d->output, err_os(d->arena, errno));
	d->fd = -1;
	return d->err ? d->err : e;
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

// Whether the report goes to a file that gets its name when the report is complete.
static bool is_filed(const struct delivery *d)
{
	bool is_shown = d->env->out_is_terminal || d->env->is_interactive;
	return !d->pager && !*d->output && (d->command->view == VIEW_VIEWER ||
			(d->command->view == VIEW_FILE && is_shown));
}

static struct err *deliver(struct delivery *d, struct buf *report)
{
	const struct command *c = d->command;
	struct err *e = c->dot_format ? draw(d, report) : NULL;
	if (e)
		return e;
	struct str bytes = {report->ptr ? report->ptr : "", report->len};
	if (!is_filed(d))
		flow(d, bytes.ptr, bytes.len); // none are some: an empty file is one
	else if (c->view == VIEW_VIEWER)
		e = viewer_show(d->arena, d->env, c->viewers, c->suffix, bytes);
	else
		e = to_numbered_file(d, bytes);
	return e;
}

struct err *deliver_report(struct arena *a, const struct session *s, const struct command *c,
		const char *param, const struct config *config, const char *pager)
{
	struct analysis an;
	struct delivery d = {a, s->env, c, config->output, *config->output ? NULL : pager, .fd = -1};
	struct buf report = {0};
	if (!c->dot_format && !is_filed(&d)) // text that nothing is done to need not be in memory at once
		report = (struct buf){.flush = flow, .flush_arg = &d, .flush_bytes = FLOW_BYTES};
	struct err *e = analyze(s, c, param, config, &an);
	if (!e)
		e = report_generate(an.report, &report);
	if (!e && !cancelled())
		e = deliver(&d, &report);
	struct err *at_end = close_target(&d, !e && !cancelled());
	if (cancelled())
		e = err_new(a, "interrupted");
	else if (e || at_end)
		e = err_new(a, "%s", (e ? e : at_end)->message); // out of the analysis' arena
	analysis_end(&an);
	buf_deinit(&report);
	return e;
}
