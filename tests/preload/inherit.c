// SPDX-License-Identifier: MIT
// Forks while another thread holds the loader's lock, which stays taken in the child: inherit PLUGIN OTHER_PLUGIN
//
// The first child works in PLUGIN, which was loaded before. The second, made when the lock is free again, works in
// OTHER_PLUGIN, which it loads itself. Prints their process ids. Ends with status 0 if both did.
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 30 };

static sem_t is_inside, is_over;

static int stay(struct dl_phdr_info *info, size_t size, void *arg)
{
	sem_post(&is_inside);
	sem_wait(&is_over);
	return 1;
}

static void *go_inside(void *arg)
{
	dl_iterate_phdr(stay, NULL);
	return NULL;
}

static void work_in(void *plugin)
{
	void (*burn)(void) = plugin ? (void (*)(void))dlsym(plugin, "plugin_burn") : NULL;
	if (!burn) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	burn();
}

static pid_t begin_child(void)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		alarm(LIMIT_S); // where it hangs
	else
		printf("%d\n", pid);
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;
	waitpid(pid, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *plugin = dlopen(argc == 3 ? argv[1] : "", RTLD_NOW);
	sem_init(&is_inside, 0, 0);
	sem_init(&is_over, 0, 0);
	pthread_create(&thread, NULL, go_inside, NULL);
	sem_wait(&is_inside);
	pid_t first = begin_child();
	if (first == 0) {
		work_in(plugin);
		exit(0);
	}
	sem_post(&is_over);
	pthread_join(thread, NULL);
	pid_t second = begin_child();
	if (second == 0) {
		work_in(dlopen(argv[2], RTLD_NOW));
		exit(0);
	}
	return status_of(first) != 0 || status_of(second) != 0;
}
