// SPDX-License-Identifier: MIT
// Reading lines (see shell_input.h): libedit where somebody types, getline() where nobody does.
#include "shell_input.h"

#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/path.h"
#include "base/term.h"

enum { HISTORY_LINES = 1000, AGAIN_US = 20000 };

struct shell_input {
	const struct env *env;
	const struct profile *profile; // for the tab key
	char *line; // of getline, or a copy of libedit's
	size_t line_cap;
	EditLine *edit; // NULL: not a terminal
	History *history;
	const char *history_path; // NULL: nowhere
};

static volatile sig_atomic_t is_reading;

static void set_alarm_us(int us)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = us}, NULL);
}

static char *prompt(EditLine *edit)
{
	static char text[] = "(pprof) ";
	return text;
}

static void list_items(struct shell_input *in, const struct completions *c)
{
	size_t widest = 1;
	for (size_t i = 0; i < c->n; i++)
		widest = strlen(c->items[i]) > widest ? strlen(c->items[i]) : widest;
	size_t columns = (size_t)term_width(in->env->out) / (widest + 2);
	if (!columns)
		columns = 1;
	fputc('\n', in->env->out);
	for (size_t i = 0; i < c->n; i++) {
		bool is_last = i % columns == columns - 1 || i + 1 == c->n;
		fprintf(in->env->out, "%-*s%s", is_last ? 0 : (int)widest + 2, c->items[i],
				is_last ? "\n" : "");
	}
	fflush(in->env->out);
}

// The tab key: puts in what all candidates share; where that is nothing new, lists them.
static unsigned char on_tab(EditLine *edit, int key)
{
	struct shell_input *in;
	el_get(edit, EL_CLIENTDATA, &in);
	const LineInfo *info = el_line(edit);
	struct arena a = {0};
	size_t typed = (size_t)(info->cursor - info->buffer);
	char *line = arena_strndup(&a, info->buffer, typed);
	line += strspn(line, " \t");
	struct completions c = complete(&a, in->profile, line);
	size_t word_len = strlen(line) - c.begin, common = completions_common(&c);
	unsigned char result = CC_ERROR;
	char *word = line + c.begin;
	bool adds = common > word_len || (common == word_len && common && strncmp(c.items[0], word,
			common) != 0);
	if (c.n == 1 || adds) {
		char *text = arena_strndup(&a, c.items[0], common);
		bool is_done = c.n == 1 && text[common - 1] != '=';
		el_deletestr(edit, (int)word_len);
		el_insertstr(edit, is_done ? arena_printf(&a, "%s ", text) : text);
		result = CC_REFRESH;
	} else if (c.n > 1) {
		list_items(in, &c);
		result = CC_REDISPLAY;
	}
	arena_deinit(&a);
	return result;
}

/** Ends the read, and once more where that had not begun yet: a ^C just then was lost. */
static void on_interrupt(int sig)
{
	int saved_errno = errno;
	if (is_reading)
		set_alarm_us(AGAIN_US);
	errno = saved_errno;
}

static const char *read_line(EditLine *edit, int *len_out)
{
	is_reading = true;
	const char *text = el_gets(edit, len_out);
	is_reading = false;
	set_alarm_us(0); // also one that comes now sets no other
	return text;
}

static void open_history(struct arena *a, struct shell_input *in)
{
	const char *home = env_or(in->env, "HOME", "");
	const char *state = env_or(in->env, "XDG_STATE_HOME", "");
	HistEvent event;
	in->history = history_init();
	history(in->history, &event, H_SETSIZE, HISTORY_LINES);
	history(in->history, &event, H_SETUNIQUE, 1);
	el_set(in->edit, EL_HIST, history, in->history);
	if (!*state && *home)
		state = path_join(a, home, ".local/state");
	if (!*state)
		return;
	const char *dir = path_join(a, state, "cprof");
	if (path_make_dirs(dir))
		return;
	in->history_path = path_join(a, dir, "history");
	history(in->history, &event, H_LOAD, in->history_path);
}

static void open_editor(struct arena *a, struct shell_input *in)
{
	const struct env *env = in->env;
	in->edit = el_init("cprof", env->in, env->out, env->err);
	if (!in->edit)
		return;
	el_set(in->edit, EL_PROMPT, prompt);
	el_set(in->edit, EL_EDITOR, "emacs");
	el_set(in->edit, EL_CLIENTDATA, in);
	el_set(in->edit, EL_ADDFN, "complete", "commands, options, functions", on_tab);
	el_set(in->edit, EL_BIND, "^I", "complete", NULL);
	el_set(in->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	open_history(a, in);
	el_source(in->edit, NULL);
}

struct shell_input *shell_input_open(struct arena *a, const struct env *env, const struct profile *p)
{
	struct shell_input *in = arena_new(a, struct shell_input);
	in->env = env;
	in->profile = p;
	if (env->in_is_terminal)
		open_editor(a, in);
	return in;
}

// ^C gives up the line, not the session.
static const char *edit_line(struct shell_input *in)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt}, old, old_alarm;
	const char *text;
	int len;
	sigaction(SIGINT, &interrupt, &old);
	sigaction(SIGALRM, &interrupt, &old_alarm);
	for (;;) {
		text = read_line(in->edit, &len);
		if (text || len != -1)
			break;
		fputc('\n', in->env->out);
		el_reset(in->edit);
	}
	sigaction(SIGALRM, &old_alarm, NULL);
	sigaction(SIGINT, &old, NULL);
	if (!text || len <= 0)
		return NULL;
	HistEvent event;
	if (text[strspn(text, " \t\n")])
		history(in->history, &event, H_ENTER, text);
	free(in->line);
	in->line = strdup(text);
	return in->line;
}

const char *shell_input_line(struct shell_input *in)
{
	if (in->edit) {
		if (!edit_line(in)) {
			fputc('\n', in->env->out);
			return NULL;
		}
	} else if (getline(&in->line, &in->line_cap, in->env->in) < 0) {
		return NULL;
	}
	in->line[strcspn(in->line, "\n")] = '\0';
	return in->line;
}

void shell_input_close(struct shell_input *in)
{
	HistEvent event;
	if (in->edit) {
		mode_t old = umask(077);
		if (in->history_path)
			history(in->history, &event, H_SAVE, in->history_path);
		umask(old);
		el_end(in->edit);
		history_end(in->history);
	}
	free(in->line);
}
