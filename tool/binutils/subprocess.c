// SPDX-License-Identifier: MIT
// See subprocess.h. Called by the runners of objdump, nm, addr2line and llvm-symbolizer.
#include "tool/binutils/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/program.h"

// "[objdump --version]", Go's way to print arguments.
static const char *describe(struct arena *a, const char *const argv[])
{
	struct buf b = {0};
	buf_byte(&b, '[');
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_byte(&b, ' ');
		buf_cstr(&b, argv[i]);
	}
	buf_byte(&b, ']');
	char *text = arena_strndup(a, b.ptr, b.len);
	buf_deinit(&b);
	return text;
}

struct err *subprocess_output(struct arena *a, const char *const argv[], int client_fd, struct buf *out)
{
	int status;
	int error = filter_run(argv, STR(""), STREAM_NULL, client_fd, out, &status);
	if (error)
		return err_new(a, "%s: %s", describe(a, argv), err_os(a, error));
	if (WIFSIGNALED(status))
		return err_new(a, "%s: signal: %d", describe(a, argv), WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_new(a, "%s: exit status %d", describe(a, argv), WEXITSTATUS(status));
	return NULL;
}

struct err *conversation_start(struct arena *a, const char *const argv[], struct conversation *c)
{
	*c = (struct conversation){0};
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	int error = 0;
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		error = errno;
	else
		error = program_start(argv, to[0], from[1], STREAM_NULL, &c->pid);
	close(to[0]);
	close(from[1]);
	if (error) {
		close(to[1]);
		close(from[0]);
		return err_new(a, "%s: %s", describe(a, argv), err_os(a, error));
	}
	c->to = fdopen(to[1], "w");
	c->from = fdopen(from[0], "r");
	return NULL;
}

bool conversation_send(struct conversation *c, const char *line)
{
	// A tool that died must not take us along: SIGPIPE is held back during the write.
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	sigaction(SIGPIPE, &ignore, &before);
	bool ok = fprintf(c->to, "%s\n", line) >= 0 && fflush(c->to) == 0;
	sigaction(SIGPIPE, &before, NULL);
	return ok;
}

bool conversation_read(struct conversation *c, struct str *line_out)
{
	ssize_t n = getline(&c->line, &c->line_cap, c->from);
	if (n <= 0 || c->line[n - 1] != '\n')
		return false;
	*line_out = str_trim((struct str){c->line, (size_t)n});
	return true;
}

void conversation_end(struct conversation *c)
{
	if (!c->to)
		return;
	fclose(c->to);
	fclose(c->from);
	free(c->line);
	program_wait(c->pid);
	*c = (struct conversation){0};
}
