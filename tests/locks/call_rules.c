// SPDX-License-Identifier: MIT
// call_rules off|on: prints what system calls do that a clock around them must not change: errors and errno,
// interruption by signals, cancellation, calls in signal handlers, in children of fork and vfork. The output is the
// same with the syscall profile on and off.
#include <cprof/pprof.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "waiting.h"

static int silent[2]; // a pipe nothing comes out of
static char byte;

static void say(const char *what, long result)
{
	int error = result < 0 ? errno : 0;
	printf("%s %ld %s\n", what, result, error ? strerror(error) : "-");
}

/// Errors come as they are, and a success leaves errno alone

static void errors(void)
{
	struct iovec none = {&byte, 1};
	struct msghdr message = {.msg_iov = &none, .msg_iovlen = 1};
	struct epoll_event event;
	struct timespec bad_time = {0, -1};
	say("read", read(-1, &byte, 1));
	say("readv", readv(-1, &none, 1));
	say("pread", pread(silent[0], &byte, 1, 0));
	say("write", write(-1, &byte, 1));
	say("writev", writev(-1, &none, 1));
	say("pwrite", pwrite(silent[1], &byte, 1, 0));
	say("recv", recv(silent[0], &byte, 1, 0));
	say("recvmsg", recvmsg(-1, &message, 0));
	say("sendmsg", sendmsg(silent[1], &message, 0));
	say("accept", accept(silent[0], NULL, NULL));
	say("connect", connect(-1, NULL, 0));
	say("ppoll", ppoll(NULL, 0, &bad_time, NULL));
	say("select", select(-1, NULL, NULL, NULL, NULL));
	say("epoll_wait", epoll_wait(silent[0], &event, 1, 0));
	say("nanosleep", nanosleep(&bad_time, NULL));
	say("fsync", fsync(silent[0]));
	say("waitpid", waitpid(-1, NULL, 0));
	printf("clock_nanosleep %d\n", clock_nanosleep(CLOCK_MONOTONIC, 0, &bad_time, NULL));
	errno = EDOM;
	int rc = poll(NULL, 0, 1);
	printf("errno after a success: %d %s\n", rc, errno == EDOM ? "kept" : "changed");
}

/// A signal ends the call, or it goes on: as SA_RESTART says

static volatile sig_atomic_t nsignals;

static void on_signal(int sig)
{
	int saved_errno = errno;
	nsignals++;
	ssize_t n = read(-1, &byte, 1) + write(-1, &byte, 1) + poll(NULL, 0, 0); // calls inside of calls
	nsignals += n != -2;
	errno = saved_errno;
}

static void *interrupt(void *arg)
{
	await_asleep(getpid());
	kill(getpid(), SIGUSR1);
	while (nsignals == 0)
		usleep(100);
	await_asleep(getpid());
	if (write(silent[1], "x", 1) != 1) // for those that went on
		abort();
	return arg;
}

static void interrupted_read(const char *name, int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
	sigset_t usr1;
	pthread_t t;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &action, NULL);
	nsignals = 0;
	pthread_sigmask(SIG_BLOCK, &usr1, NULL); // the thread inherits it
	pthread_create(&t, NULL, interrupt, NULL);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	ssize_t n = read(silent[0], &byte, 1);
	say(name, n);
	if (n < 0)
		say("then", read(silent[0], &byte, 1));
	pthread_join(t, NULL);
	printf("%d signal\n", (int)nsignals);
}

/// Cancellation: in the call, and before one that need not wait

static void cleanup(void *name)
{
	printf("%s cancelled\n", (const char *)name);
}

#define CANCELLED(name, call)                                   \
	static void *cancelled_##name(void *arg)                \
	{                                                       \
		atomic_store(&waiter_tid, gettid());            \
		pthread_cleanup_push(cleanup, (char *)#name);          \
		printf(#name " returned %ld\n", (long)(call));  \
		pthread_cleanup_pop(0);                         \
		return arg;                                     \
	}

CANCELLED(read, read(silent[0], &byte, 1))
CANCELLED(recv, recv(((int *)arg)[0], &byte, 1, 0))
CANCELLED(accept, accept(((int *)arg)[1], NULL, NULL))
CANCELLED(poll, poll(&(struct pollfd){silent[0], POLLIN, 0}, 1, -1))
CANCELLED(select, select(0, NULL, NULL, NULL, NULL))
CANCELLED(epoll_wait, epoll_wait(((int *)arg)[2], &(struct epoll_event){0}, 1, -1))
CANCELLED(nanosleep, nanosleep(&(struct timespec){60, 0}, NULL))
CANCELLED(sleep, sleep(60))
CANCELLED(pause, pause())

static void *cancelled_before(void *arg)
{
	pthread_cleanup_push(cleanup, (char *)"a write that need not wait");
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_wait(arg); // it is pending now
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	printf("write returned %ld\n", (long)write(silent[1], "x", 1));
	pthread_cleanup_pop(0);
	return arg;
}

static void cancel(void *(*function)(void *), void *arg)
{
	pthread_t t;
	void *result;
	atomic_store(&waiter_tid, 0);
	pthread_create(&t, NULL, function, arg);
	while (!atomic_load(&waiter_tid))
		usleep(100);
	await_asleep(atomic_load(&waiter_tid));
	pthread_cancel(t);
	pthread_join(t, &result);
	printf("%s\n", result == PTHREAD_CANCELED ? "ended" : "went on");
}

static void cancellations(void)
{
	static void *(*const functions[])(void *) = {cancelled_read, cancelled_recv, cancelled_accept, cancelled_poll,
			cancelled_select, cancelled_epoll_wait, cancelled_nanosleep, cancelled_sleep, cancelled_pause};
	int pair[2], fds[3];
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fds[0] = pair[0];
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[2] = epoll_create1(0);
	if (bind(fds[1], (struct sockaddr *)&(sa_family_t){AF_UNIX}, sizeof(sa_family_t)) < 0 || listen(fds[1], 1) < 0)
		abort();
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		cancel(functions[i], fds);
	sem_t is_cancelled;
	pthread_t t;
	sem_init(&is_cancelled, 0, 0);
	pthread_create(&t, NULL, cancelled_before, &is_cancelled);
	pthread_cancel(t);
	sem_post(&is_cancelled);
	pthread_join(t, NULL);
}

/// Children

static void children(void)
{
	int status;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(read(-1, &byte, 1) == -1 && errno == EBADF && poll(NULL, 0, 1) == 0 ? 7 : 1);
	waitpid(pid, &status, 0);
	printf("fork %d\n", WEXITSTATUS(status));
	pid = vfork();
	if (pid == 0)
		_exit(read(-1, &byte, 1) == -1 && poll(NULL, 0, 1) == 0 ? 8 : 1);
	waitpid(pid, &status, 0);
	printf("vfork %d\n", WEXITSTATUS(status));
	status = system("exit 9");
	printf("system %d\n", WEXITSTATUS(status));
}

/// While somebody switches it on and off, and a timer's handler makes calls

static void on_alarm(int sig)
{
	int saved_errno = errno;
	if (write(-1, &byte, 1) != -1 || poll(NULL, 0, 0) != 0)
		abort();
	nsignals++;
	errno = saved_errno;
}

static void handlers(bool is_on)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
	int bad = 0;
	nsignals = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; nsignals < 500; i++) {
		bad += read(-1, &byte, 1) != -1 || errno != EBADF;
		if (is_on && i % 64 == 0)
			cprof_set_syscall_profile_rate(i / 64 % 2);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("handlers: %d bad\n", bad);
}

int main(int argc, char **argv)
{
	bool is_on = argc > 1 && strcmp(argv[1], "on") == 0;
	if (pipe(silent) < 0 || (is_on && cprof_set_syscall_profile_rate(1) != 0))
		return 2;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	errors();
	interrupted_read("interrupted read", 0);
	interrupted_read("restarted read", SA_RESTART);
	while (poll(&(struct pollfd){silent[0], POLLIN, 0}, 1, 0) == 1)
		say("left", read(silent[0], &byte, 1));
	cancellations();
	children();
	handlers(is_on);
	if (is_on && cprof_profile_count(cprof_lookup("syscall")) == 0)
		return 3;
	printf("done\n");
	return 0;
}
