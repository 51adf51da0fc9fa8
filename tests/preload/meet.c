// SPDX-License-Identifier: MIT
// meet PROGRAM ARGS: a thread waits for a mutex that this one holds while it sleeps; then becomes PROGRAM.
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int is_there;

static void *wait_for_it(void *arg)
{
	atomic_store(&is_there, 1);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

__attribute__((noinline)) static void hold_it(pthread_t *thread)
{
	pthread_mutex_lock(&mutex);
	pthread_create(thread, NULL, wait_for_it, NULL);
	while (!atomic_load(&is_there))
		usleep(100);
	usleep(50000);
	pthread_mutex_unlock(&mutex);
	__asm__ volatile(""); // no tail call
}

int main(int argc, char **argv)
{
	pthread_t thread;
	hold_it(&thread);
	pthread_join(thread, NULL);
	if (argc > 1)
		execv(argv[1], argv + 1);
	return 0;
}
