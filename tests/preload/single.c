// SPDX-License-Identifier: MIT
// single HOW PLUGIN [DELAY_US]: a program of one thread to libc, of which PLUGIN keeps a block. HOW is
//
//   term    SIGTERM ends it, or SIGALRM DELAY_US later
//   exit    a handler does DELAY_US later, within dlopen() or dlclose() of PLUGIN or where we read what they changed.
//           (Where it has destructors, or there are threads, libc itself may hang there.)
//   user    it has changed users all the time when SIGALRM ends it DELAY_US later; our threads are away meanwhile
//   second  it makes a thread, and has ours then, too; SIGTERM ends it
//   burn    with a CPU profile, whose thread libc does not know: PLUGIN burns CPU time, then SIGTERM ends it
//   burns   the same in a second thread, too
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/time.h>
#include <unistd.h>

static void *volatile kept;

static void *stay(void *burn)
{
	if (burn)
		((void (*)(void))burn)();
	for (;;)
		pause();
	return NULL;
}

static void leave(int sig)
{
	exit(sig);
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = -2; // . and ..
	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	void *plugin = dlopen(argv[2], RTLD_NOW);
	void *(*keep)(void) = plugin ? (void *(*)(void))dlsym(plugin, "plugin_keep") : NULL;
	if (!keep)
		return 3;
	void (*burn)(void) = !strncmp(argv[1], "burn", 4) ? (void (*)(void))dlsym(plugin, "plugin_burn") : NULL;
	if (burn)
		burn();
	kept = keep();
	bool is_user = !strcmp(argv[1], "user");
	// Its own, the one that keeps the heap profile's file, and the CPU profile's.
	int nthreads = 2 + (burn || is_user);
	if (!__libc_single_threaded || count_threads() != nthreads)
		return 4;
	if (!strcmp(argv[1], "second") || !strcmp(argv[1], "burns")) {
		pthread_t other;
		if (pthread_create(&other, NULL, stay, (void *)burn) != 0 || count_threads() <= nthreads + 1)
			return 5;
		if (burn)
			burn();
	}
	bool exits = !strcmp(argv[1], "exit");
	if (exits)
		signal(SIGALRM, leave);
	if (argc > 3) {
		const struct itimerval delay = {.it_value.tv_usec = atoi(argv[3])};
		setitimer(ITIMER_REAL, &delay, NULL);
	}
	for (; exits; plugin = dlopen(argv[2], RTLD_NOW))
		dlclose(plugin);
	while (is_user && seteuid(geteuid()) == 0)
		;
	raise(SIGTERM);
	return 6;
}
