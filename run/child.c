// SPDX-License-Identifier: MIT
// All signals are blocked and taken one by one, so nothing happens in a handler and none is missed.
//
// What the terminal sends (^C, ^\, ^Z) it sends to the whole foreground group: the child has it already.
// What a process sends to us is meant for the child. When the child stops we stop, so that the shell
// sees the job stopped; when we are continued the child is, and the other way round.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pause.h"

/** As execvp() does: a file that is neither ELF nor "#!" is a shell script. */
static void exec_program(struct arena *a, const char *path, char **argv, char **env)
{
	execve(path, argv, env);
	if (errno != ENOEXEC)
		return;
	size_t n = 0;
	while (argv[n])
		n++;
	char **sh = arena_array(a, char *, n + 2);
	sh[0] = (char *)"/bin/sh";
	sh[1] = (char *)path;
	for (size_t i = 1; i <= n; i++)
		sh[i + 1] = argv[i];
	execve(sh[0], sh, env);
}

extern char **environ;

/** In the child, as soon as nobody can write to go_fd any more (-1: at once). The other pipe closes at exec, or
 *  carries errno. */
static void become(struct arena *a, const struct child_program *p, int go_fd, int error_fd)
{
	char **env = p->make_environment ? p->make_environment(p->arg, getpid()) : environ;
	char word;
	while (go_fd >= 0 && read(go_fd, &word, 1) < 0 && errno == EINTR)
		;
	exec_program(a, p->path, p->argv, env);
	int error = errno;
	while (write(error_fd, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/** The terminal sends to the whole foreground group. */
static bool is_from_terminal(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return info->si_code == SI_KERNEL;
	default:
		return false;
	}
}

static void forward(pid_t pid, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		sigqueue(pid, info->si_signo, info->si_value);
	else
		kill(pid, info->si_signo);
}

/** The child changed state; true: it has ended. */
static bool reap(struct child *c)
{
	for (;;) {
		int status;
		siginfo_t change = {0};
		if (waitid(P_PID, (id_t)c->pid, &change, WNOHANG | WNOWAIT | WEXITED | WSTOPPED) != 0)
			return true; // there is no child
		if (change.si_pid == c->pid && change.si_code != CLD_STOPPED)
			c->own_times = process_times(c->pid);
		if (change.si_pid != c->pid ||
				wait4(c->pid, &status, WNOHANG | WUNTRACED, &c->usage) != c->pid)
			return false;
		if (!WIFSTOPPED(status)) {
			c->status = status;
			return true;
		}
		pause_with(c->pid);
	}
}

static void wait_for(struct child *c, const sigset_t *all)
{
	while (!reap(c)) {
		siginfo_t info;
		int sig = sigwaitinfo(all, &info);
		if (sig <= 0 || sig == SIGCHLD)
			continue;
		if (!is_from_terminal(&info))
			forward(c->pid, &info);
	}
}

/** Once all is prepared; waits until it runs. */
static void start(struct child *c, const struct child_program *p, int go_fd, int error_fd)
{
	int error;
	if (p->prepare) {
		p->prepare(p->arg, c->pid);
		close(go_fd);
	}
	if (read(error_fd, &error, sizeof(error)) == sizeof(error))
		c->start_error = error;
}

struct child child_run(struct arena *a, const struct child_program *p)
{
	struct child c = {0};
	sigset_t all, before;
	struct sigaction chld_before, chld = {.sa_handler = SIG_DFL};
	int error_pipe[2], go_pipe[2] = {-1, -1};
	if (pipe2(error_pipe, O_CLOEXEC) != 0 || (p->prepare && pipe2(go_pipe, O_CLOEXEC) != 0)) {
		c.start_error = errno;
		return c;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	// Ignored (as some parents leave it), children end without a status.
	sigaction(SIGCHLD, &chld, &chld_before);
	c.pid = fork();
	if (c.pid == 0) {
		sigaction(SIGCHLD, &chld_before, NULL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(go_pipe[1]);
		become(a, p, go_pipe[0], error_pipe[1]);
	}
	if (c.pid < 0)
		c.start_error = errno;
	close(go_pipe[0]);
	close(error_pipe[1]);
	if (c.pid > 0) {
		start(&c, p, go_pipe[1], error_pipe[0]);
		wait_for(&c, &all);
	}
	close(error_pipe[0]);
	// Signals stay blocked: the ^C that ended the child must not keep us from saying what was written.
	return c;
}

int child_mirror_end(const struct child *c)
{
	if (!WIFSIGNALED(c->status))
		return WEXITSTATUS(c->status);
	// The same end to whoever waits for us, but one core file is enough.
	int sig = WTERMSIG(c->status);
	prctl(PR_SET_DUMPABLE, 0);
	struct rlimit no_core = {0};
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, sig);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(sig);
	return 128 + sig; // what cannot kill us
}
