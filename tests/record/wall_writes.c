// SPDX-License-Identifier: MIT
// wall_writes DIR [cpu]: what a thread writes while the wall-clock profile asks it where it is, or perf ticks often. A
// signal that finds write() in the kernel, where it has moved a part already, makes it return that part, SA_RESTART or
// not: Python's unbuffered standard output lost megabytes so. Blocking transfers must be whole, in order, and still end
// at the program's own signals. On stdout: the transfers, those that were not whole, whether one was garbled, and the
// calls that its own signals ended, of how many.
#include <cprof/profile.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, PART = BLOCK / 4, ROUNDS = 50, NALARMS = 20, ALARM_US = 20000 };

#define MUST(condition) ((condition) ? (void)0 : (perror(#condition), exit(1)))

static unsigned char block[BLOCK];
static int file;
static int ntransfers;
static atomic_int nbroken;
static atomic_bool is_garbled;

static ssize_t by_write(int fd)
{
	return write(fd, block, BLOCK);
}

static ssize_t by_writev(int fd)
{
	struct iovec parts[] = {{block, PART}, {block + PART, 1}, {block + PART + 1, BLOCK - PART - 1}};
	return writev(fd, parts, 3);
}

static ssize_t by_send(int fd)
{
	return send(fd, block, BLOCK, MSG_NOSIGNAL);
}

static ssize_t by_sendto(int fd)
{
	return sendto(fd, block, BLOCK, 0, NULL, 0);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec parts[] = {{block, PART}, {block + PART, 0}, {block + PART, BLOCK - PART}};
	return sendmsg(fd, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 3}, 0);
}

static ssize_t by_sendfile(int fd)
{
	off_t offset = 0;
	return sendfile(fd, file, &offset, BLOCK);
}

static ssize_t by_sendfile_here(int fd)
{
	MUST(lseek(file, 0, SEEK_SET) == 0);
	return sendfile(fd, file, NULL, BLOCK);
}

/** In turns a little and all at once, so that writers meet a full buffer. */
static void *read_all(void *arg)
{
	int fd = *(int *)arg;
	static unsigned char got[BLOCK];
	size_t at = 0;
	ssize_t n;
	while ((n = read(fd, got, at % 2 ? BLOCK : 4000)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			is_garbled = is_garbled || got[i] != block[(at + (size_t)i) % BLOCK];
		at += (size_t)n;
	}
	return NULL;
}

static void *receive_all(void *arg)
{
	int fd = *(int *)arg;
	static unsigned char got[BLOCK];
	ssize_t n;
	while ((n = recv(fd, got, BLOCK, MSG_WAITALL)) > 0) {
		nbroken += n != BLOCK;
		is_garbled = is_garbled || memcmp(got, block, BLOCK) != 0;
	}
	return NULL;
}

static __attribute__((noinline)) void transfer(
		int from, int to, void *(*reader)(void *), ssize_t (*const *writers)(int), int nwriters)
{
	pthread_t thread;
	MUST(pthread_create(&thread, NULL, reader, &from) == 0);
	for (int i = 0; i < ROUNDS * nwriters; i++) {
		ntransfers++;
		nbroken += writers[i % nwriters](to) != BLOCK;
	}
	close(to);
	pthread_join(thread, NULL);
	close(from);
}

static void note(int sig)
{
}

/** Nobody reads: the program's signal alone ends the call. */
static __attribute__((noinline)) int end_by_alarms(void)
{
	struct itimerval often = {{.tv_usec = ALARM_US}, {.tv_usec = ALARM_US}}, never = {{0}, {0}};
	int fds[2], nended = 0;
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = note}, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < NALARMS; i++) {
		MUST(pipe(fds) == 0);
		ssize_t n = write(fds[1], block, BLOCK);
		nended += n > 0 && n < BLOCK;
		nended += write(fds[1], block, 1) == -1 && errno == EINTR;
		close(fds[0]);
		close(fds[1]);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return nended;
}

int main(int argc, char **argv)
{
	static ssize_t (*const any[])(int) = {by_write, by_writev};
	static ssize_t (*const sockets[])(int) = {by_write, by_send, by_sendto, by_sendmsg, by_sendfile,
			by_sendfile_here};
	int fds[2];
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = (unsigned char)(i * 131 >> 7);
	file = memfd_create("block", MFD_CLOEXEC);
	MUST(write(file, block, BLOCK) == BLOCK);
	int session = cprof_profile_start(&(struct cprof_profile_options){
			.modes = argc > 2 ? CPROF_PROFILE_CPU : CPROF_PROFILE_WALL, .path = argv[1],
			.wall_rate_hz = 1000, .cpu_rate_hz = 4000, .quiet = true});
	MUST(pipe(fds) == 0);
	transfer(fds[0], fds[1], read_all, any, 2);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	transfer(fds[0], fds[1], read_all, sockets, 6);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	transfer(fds[0], fds[1], receive_all, sockets, 6);
	int nended = end_by_alarms();
	cprof_profile_stop(session);
	printf("%d %d %d %d %d\n", ntransfers, nbroken, is_garbled, nended, 2 * NALARMS);
	return session > 0 ? 0 : 1;
}
