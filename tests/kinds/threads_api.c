// SPDX-License-Identifier: MIT
// What the dump of all threads says of each of them, and what asking does to them.
#include <arpa/inet.h>
#include <cprof/pprof.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

/** Until the dump has a block that begins as the format says and holds `inside`. The test's time limit ends
 *  it if that never comes: no sleep, no timed assertion. */
static char *await_block(const char *name, const char *state, const char *inside)
{
	char head[64];
	snprintf(head, sizeof(head), " \"%s\" [%s", name, state);
	for (;;) {
		char *text = profile_text(cprof_lookup("threads"), 2);
		ck_assert_ptr_nonnull(text);
		char *block = strstr(text, head);
		char *end = block ? strstr(block, "\n\n") : NULL;
		if (end) {
			*end = '\0';
			char *found = strstr(block, inside) ? strdup(block) : NULL;
			free(text);
			if (found)
				return found;
		} else {
			free(text);
		}
		usleep(2000);
	}
}

static void name_self(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

static int pipe_fds[2], socket_fds[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t never;

static void *read_pipe(void *arg)
{
	char c;
	name_self("reader");
	return (void *)read(pipe_fds[0], &c, 1); // SA_RESTART: it is not disturbed
}

static void *receive(void *arg)
{
	char c;
	name_self("receiver");
	return (void *)recv(socket_fds[0], &c, 1, 0);
}

static void *poll_two(void *arg)
{
	struct pollfd fds[] = {{.fd = -1}, {.fd = pipe_fds[0], .events = POLLIN}, {.fd = socket_fds[0]}};
	name_self("poller");
	poll(fds, 3, -1);
	return arg;
}

static void *select_many(void *arg)
{
	fd_set to_read, to_write;
	FD_ZERO(&to_read);
	FD_ZERO(&to_write);
	for (int fd = pipe_fds[0], n = 0; n < 5; n++)
		FD_SET(dup(fd), &to_read);
	name_self("selector");
	select(FD_SETSIZE, &to_read, &to_write, NULL, NULL);
	return arg;
}

static struct sockaddr_in listening = {.sin_family = AF_INET};

static void *accept_one(void *arg)
{
	socklen_t len = sizeof(listening);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	listening.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(fd, (struct sockaddr *)&listening, len);
	getsockname(fd, (struct sockaddr *)&listening, &len);
	listen(fd, 1);
	name_self("acceptor");
	accept(fd, NULL, NULL);
	return arg;
}

static struct sockaddr_un crowded = {.sun_family = AF_UNIX};

/** To one who accepts nobody: the first that waits is let in. */
static void *connect_two(void *arg)
{
	name_self("connector");
	for (int i = 0; i < 2; i++)
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&crowded, sizeof(crowded));
	return arg;
}

static void *lock_mutex(void *arg)
{
	name_self("locker");
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static _Atomic bool is_over;

static void *block_signals(void *arg)
{
	sigset_t all;
	name_self(arg ? "deaf sleeper" : "deaf");
	sigfillset(&all);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, _NSIG / 8); // the function would let our signal through
	while (arg ? sem_wait(&never) != 0 : !is_over)
		;
	return NULL;
}

static _Atomic int ninterrupted;

static void *sleep_long(void *arg)
{
	struct timespec left = {1000, 0};
	name_self("sleeper");
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		ninterrupted++;
	return NULL;
}

static __attribute__((noinline)) pthread_t start_with(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	ck_assert_int_eq(pthread_create(&t, NULL, fn, arg), 0);
	return t;
}

static pthread_t start(void *(*fn)(void *))
{
	return start_with(fn, NULL);
}

START_TEST(what_they_wait_for_is_told)
{
	char expected[64];
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fds), 0);
	pthread_t reader = start(read_pipe), receiver = start(receive);
	start(sleep_long);

	snprintf(expected, sizeof(expected), "read fd %d pipe:[", pipe_fds[0]);
	free(await_block("reader", expected, "\nread_pipe+0x"));
	snprintf(expected, sizeof(expected), "recv fd %d socket:[", socket_fds[0]);
	free(await_block("receiver", expected, "\nreceive+0x"));
	free(await_block("sleeper", "sleep", "\nsleep_long+0x"));
	free(await_block("sleeper", "sleep", "\ncreated by start_with+0x"));

	void *nread;
	ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
	ck_assert_int_eq(write(socket_fds[1], "x", 1), 1);
	pthread_join(reader, &nread);
	ck_assert_ptr_eq(nread, (void *)1); // not -1: nobody got EINTR
	pthread_join(receiver, &nread);
	ck_assert_ptr_eq(nread, (void *)1);
}
END_TEST

START_TEST(what_is_polled_and_listened_at_is_told)
{
	char expected[128], *block;
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fds), 0);
	start(poll_two);
	start(select_many);
	start(accept_one);
	snprintf(crowded.sun_path, sizeof(crowded.sun_path), "/tmp/threads_api.%d", getpid());
	int crowd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(crowd, (struct sockaddr *)&crowded, sizeof(crowded)), 0);
	listen(crowd, 0);
	start(connect_two);
	block = await_block("connector", "connect fd ", "\nconnect_two+0x");
	unlink(crowded.sun_path);
	snprintf(expected, sizeof(expected), "] to %s", crowded.sun_path);
	ck_assert_ptr_nonnull(strstr(block, expected));
	free(block);
	snprintf(expected, sizeof(expected), "poll fd %d pipe:[", pipe_fds[0]);
	block = await_block("poller", expected, "\npoll_two+0x");
	snprintf(expected, sizeof(expected), "], fd %d socket:[", socket_fds[0]);
	ck_assert_ptr_nonnull(strstr(block, expected));
	free(block);
	block = await_block("selector", "select fd ", "\nselect_many+0x");
	ck_assert_ptr_nonnull(strstr(block, "] and 2 more"));
	free(block);
	block = await_block("acceptor", "accept fd ", "\naccept_one+0x");
	snprintf(expected, sizeof(expected), "] at 127.0.0.1:%d", ntohs(listening.sin_port));
	ck_assert_ptr_nonnull(strstr(block, expected));
	free(block);
}
END_TEST

START_TEST(the_owner_of_a_mutex_is_named)
{
	char expected[96];
	pthread_mutex_lock(&mutex);
	pthread_t locker = start(lock_mutex);
	snprintf(expected, sizeof(expected), "futex %p, mutex held by thread %d \"threads_api\"", (void *)&mutex,
			getpid());
	free(await_block("locker", expected, "\nlock_mutex+0x"));
	pthread_mutex_unlock(&mutex);
	pthread_join(locker, NULL);
}
END_TEST

START_TEST(who_cannot_answer_is_listed_and_why)
{
	sem_init(&never, 0, 0);
	pthread_t deaf = start(block_signals);
	free(await_block("deaf", "running", "stack unavailable: it blocks the signal"));
	char *text = profile_text(cprof_lookup("threads"), 1);
	ck_assert_ptr_nonnull(strstr(text, "threads profile: total 2\n"));
	ck_assert_ptr_nonnull(strstr(text, "#\t[thread blocks the profiling signal]\n"));
	free(text);
	ck_assert_uint_eq(cprof_profile_count(cprof_lookup("threads")), 2);
	is_over = true;
	pthread_join(deaf, NULL);
}
END_TEST

START_TEST(who_sleeps_is_not_disturbed)
{
	const struct cprof_labels *before = cprof_set_labels(cprof_labels("who", "sleeper", (char *)NULL));
	sem_init(&never, 0, 0);
	start(sleep_long);
	start_with(block_signals, &never);
	cprof_set_labels(before);
	free(await_block("sleeper", "sleep", "\nsleep_long+0x"));
	int ninterrupted_before = ninterrupted;
	for (int i = 0; i < 20; i++) {
		free(await_block("sleeper", "sleep", "{\"who\":\"sleeper\"}:\n"));
		free(await_block("sleeper", "sleep", "\nclock_nanosleep")); // since 2.41 libc's own functions are below
		ck_assert_uint_eq(cprof_profile_count(cprof_lookup("deadlock")), 0);
	}
	ck_assert_int_eq(ninterrupted, ninterrupted_before);
	free(await_block("deaf sleeper", "futex", "\nblock_signals+0x"));
}
END_TEST

static volatile sig_atomic_t foreign;

static void on_foreign(int sig)
{
	foreign++;
}

START_TEST(the_programs_own_use_of_the_signal_goes_on)
{
	free(profile_text(cprof_lookup("threads"), 1));
	struct sigaction action = {.sa_handler = on_foreign}, old;
	for (int sig = SIGRTMIN + 1; sig <= SIGRTMAX; sig++) {
		ck_assert_int_eq(sigaction(sig, &action, &old), 0);
		ck_assert_ptr_eq(old.sa_handler, SIG_DFL); // ours is not seen
		raise(sig);
	}
	ck_assert_int_eq(foreign, SIGRTMAX - SIGRTMIN);
	char *text = profile_text(cprof_lookup("threads"), 1);
	ck_assert_ptr_nonnull(strstr(text, "total 1\n"));
	ck_assert_int_eq(foreign, SIGRTMAX - SIGRTMIN);
	free(text);
}
END_TEST

static void *dump_on(void *arg)
{
	for (;;)
		free(profile_text(cprof_lookup("threads"), 1));
	return NULL;
}

START_TEST(nothing_is_pending_after_exec)
{
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			start(dump_on);
			usleep((useconds_t)(i * 300));
			execl("/bin/true", "true", (char *)NULL);
			_exit(99);
		}
		int status;
		waitpid(pid, &status, 0);
		ck_assert_int_eq(status, 0); // not killed by a real-time signal
	}
}
END_TEST

START_TEST(a_signal_prints_the_dump)
{
	static char text[1 << 16];
	size_t nread = 0;
	int fds[2], status;
	signal(SIGQUIT, SIG_DFL); // ignored where a script runs the tests in the background
	start(sleep_long);
	free(await_block("sleeper", "sleep", ""));
	ck_assert_int_eq(cprof_dump_threads_on_signal(SIGKILL), -EINVAL);
	ck_assert_int_eq(cprof_dump_threads_on_signal(SIGQUIT), 0);
	ck_assert_int_eq(cprof_dump_threads_on_signal(SIGUSR1), -EBUSY);
	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	raise(SIGQUIT);
	while (!strstr(text, " \"sleeper\" [sleep") || !strstr(text, "\ncreated by start_with+0x"))
		nread += (size_t)read(fds[0], text + nread, sizeof(text) - 1 - nread);
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		raise(SIGQUIT); // nobody is there to print: it does what it always did
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}
END_TEST

static char dump[300 << 10]; // more than a pipe takes at once

static void *write_dump(void *fd)
{
	struct cprof_writer writer = cprof_to_fd((int)(intptr_t)fd);
	memset(dump, 'x', sizeof(dump));
	int ret = writer.write(writer.arg, dump, sizeof(dump));
	close((int)(intptr_t)fd);
	return (void *)(intptr_t)ret;
}

// Standard error does not block where somebody who shares it wants it so: of a dump what did not fit was missing.
START_TEST(a_pipe_that_does_not_block_gets_all)
{
	char part[4096];
	size_t nread = 0;
	int fds[2];
	pthread_t thread;
	void *result;
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	fcntl(fds[0], F_SETFL, 0);
	pthread_create(&thread, NULL, write_dump, (void *)(intptr_t)fds[1]);
	usleep(100000);
	for (ssize_t n; (n = read(fds[0], part, sizeof(part))) > 0;)
		nread += (size_t)n;
	pthread_join(thread, &result);
	ck_assert_int_eq((intptr_t)result, 0);
	ck_assert_uint_eq(nread, sizeof(dump));
}
END_TEST

static void *choose_on(void *arg)
{
	for (;;)
		cprof_dump_threads_on_signal(SIGQUIT);
	return arg;
}

START_TEST(a_forks_child_may_choose_whoever_chose_meanwhile)
{
	signal(SIGQUIT, SIG_DFL);
	start(choose_on);
	while (cprof_dump_threads_on_signal(SIGQUIT) != -EBUSY)
		;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;
		if (pid == 0)
			_exit(cprof_dump_threads_on_signal(SIGQUIT) != 0);
		waitpid(pid, &status, 0); // the test's time limit ends it if the child waits for ever
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

UNIT_MAIN("threads", what_they_wait_for_is_told, what_is_polled_and_listened_at_is_told,
		the_owner_of_a_mutex_is_named, who_cannot_answer_is_listed_and_why, who_sleeps_is_not_disturbed,
		a_signal_prints_the_dump, a_pipe_that_does_not_block_gets_all,
		a_forks_child_may_choose_whoever_chose_meanwhile, the_programs_own_use_of_the_signal_goes_on,
		nothing_is_pending_after_exec)
