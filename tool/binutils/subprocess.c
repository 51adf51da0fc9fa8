// SPDX-License-Identifier: MIT
// See subprocess.h. Called by the runners of objdump, nm, addr2line and llvm-symbolizer.
#include "tool/binutils/subprocess.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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

// in_fd and out_fd become standard input and output; -1 is /dev/null.
static int spawn(const char *const argv[], int in_fd, int out_fd, pid_t *pid_out)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	if (in_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, in_fd, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	// SIGPIPE may be ignored here; tools expect to die of it.
	sigset_t defaults;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_t attr;
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int error = posix_spawnp(pid_out, argv[0], &actions, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void read_all(int fd, struct buf *out)
{
	for (;;) {
		buf_reserve(out, 1 << 16);
		ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		out->len += (size_t)n;
	}
}

struct err *subprocess_output(struct arena *a, const char *const argv[], struct buf *out)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_new(a, "%s: %s", describe(a, argv), err_os(a, errno));
	pid_t pid;
	int error = spawn(argv, -1, fds[1], &pid);
	close(fds[1]);
	if (error) {
		close(fds[0]);
		return err_new(a, "%s: %s", describe(a, argv), err_os(a, error));
	}
	read_all(fds[0], out);
	close(fds[0]);
	int status = wait_for(pid);
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
		error = spawn(argv, to[0], from[1], &c->pid);
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
	struct str s = {c->line, (size_t)n};
	while (s.len && isspace((unsigned char)s.ptr[s.len - 1]))
		s.len--;
	while (s.len && isspace((unsigned char)s.ptr[0]))
		s = str_slice(s, 1, s.len);
	*line_out = s;
	return true;
}

void conversation_end(struct conversation *c)
{
	if (!c->to)
		return;
	fclose(c->to);
	fclose(c->from);
	free(c->line);
	wait_for(c->pid);
	*c = (struct conversation){0};
}
