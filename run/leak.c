// SPDX-License-Identifier: MIT
// The analyzer in a process of its own: run/ knows nothing of it but its command line and the first line of its
// report. The program's own standard output stays its own, so the report goes to stderr.
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

extern char **environ;

/** Starts it with its output into `output`; 0 or an errno. */
static int start_analyzer(const char *file, int output, pid_t *pid_out)
{
	// What libc keeps for itself to the end: buffers of stdio, locales, the stacks of threads that have ended.
	char *argv[] = {(char *)"cprof", (char *)"-stacks", (char *)"-lines", (char *)"-compact_labels",
			(char *)"-relative_percentages", (char *)"-sample_index=inuse_space",
			(char *)"-ignore=^(_IO_file_doallocate|setlocale|bindtextdomain|textdomain|_dl_allocate_tls)$",
			(char *)file, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	// It would tell of each binary without symbols.
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none); // ours are blocked: see child.c
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int error = posix_spawn(pid_out, "/proc/self/exe", &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static void read_all(int fd, struct buf *text)
{
	ssize_t n;
	do {
		buf_reserve(text, 4096);
		n = read(fd, text->ptr + text->len, 4096);
		text->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	buf_byte(text, '\0');
}

/** The analyzer's report, empty where it failed. 0 or an errno. */
static int read_report(const char *file, struct buf *report)
{
	int ends[2], status;
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	int error = start_analyzer(file, ends[1], &pid);
	close(ends[1]);
	if (error == 0)
		read_all(ends[0], report);
	close(ends[0]);
	while (error == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return error;
}

void leak_print(const char *file, const char *whose, bool is_exact)
{
	struct buf report = {0};
	unsigned nshown, nstacks;
	char total[64];
	int error = read_report(file, &report);
	if (error)
		fprintf(stderr, "cprof: -leak: %s\n", strerror(error));
	else if (sscanf(report.ptr, "Showing %u of %u stacks; all: %63s", &nshown, &nstacks, total) != 3)
		fprintf(stderr, "cprof: -leak: no report; try: cprof -stacks %s\n", file);
	else if (nstacks == 0)
		fprintf(stderr, "cprof: %snothing leaked%s\n", whose, is_exact ? "" : ", of what was sampled");
	else
		fprintf(stderr, "cprof: %snever freed, by where it was allocated:\n%s\n"
				"cprof: %sin all %s%s never freed, from %u place%s%s\n",
				whose, strchr(report.ptr, '\n') + 1, whose, is_exact ? "" : "about ", total, nstacks,
				nstacks == 1 ? "" : "s", nshown < nstacks ? "; the largest are shown" : "");
	buf_deinit(&report);
}
