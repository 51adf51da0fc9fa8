// SPDX-License-Identifier: MIT
// last THREADS [fork|raw]: its main thread ends by pthread_exit() while THREADS others work, or a
// child's one thread does; with "raw" by a system call, status 9. Once a thread of the profiler's was one of those
// libc waits for then, and such a program never ended. Whoever is the last prints so, by an exit handler, when the data
// of its own is gone. The wall-clock profile woke those that sleep, since the number of such a process finds no memory.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RAW_STATUS = 9 };

static pthread_key_t key;
static atomic_int ndata;

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(2);
}

static void at_exit(void)
{
	say(ndata == 0 ? "the last has ended\n" : "data is left\n");
}

/** It takes as many rounds as libc makes. */
static void free_data(void *data)
{
	static _Thread_local int round;
	if (++round < 3)
		pthread_setspecific(key, data);
	else
		ndata--;
}

static void *work(void *arg)
{
	ndata++;
	pthread_setspecific(key, &key);
	for (int i = 0; i < 5; i++) {
		if (usleep(20000) != 0)
			say("woken\n");
	}
	return arg;
}

static void *work_in_child(void *arg)
{
	int status = -1;
	pid_t child = fork();
	if (child == 0)
		pthread_exit(NULL);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		_exit(3);
	return arg;
}

static void *end_at_once(void *arg)
{
	pthread_exit(arg);
}

/** At the first pthread_exit() libc loads what unwinds: of the children forked meanwhile three in a hundred died, also
 *  without us. */
static void have_unwinder(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
		pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int nthreads = argc > 1 ? atoi(argv[1]) : 0;
	if (pthread_key_create(&key, free_data) != 0 || atexit(at_exit) != 0)
		return 1;
	bool is_raw = argc > 2 && argv[2][0] == 'r', is_fork = argc > 2 && !is_raw;
	if (is_fork)
		have_unwinder();
	for (int i = 0; i < nthreads; i++) {
		if (pthread_create(&thread, NULL, is_fork ? work_in_child : work, NULL) != 0)
			return 1;
		pthread_detach(thread);
	}
	if (is_raw)
		syscall(SYS_exit, RAW_STATUS);
	pthread_exit(NULL);
}
