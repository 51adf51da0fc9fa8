// SPDX-License-Identifier: MIT
// Hazard 21: a thread that is accounted for has not ended yet. Other destructors of thread-specific
// data come after ours, and the kernel takes the thread away later still, on a loaded machine much
// later. The task scan met such a thread, took it for one that was born unseen, and counted all it
// had ever used a second time.
#include "workload.h"

#include <semaphore.h>

WORK(lived);

enum { LINGER_US = 600000 }; // the scan comes within 100 ms of a young profile

static pthread_key_t key;
static sem_t is_ending, may_end;

static void end_late(void *arg)
{
	MUST(sem_post(&is_ending) == 0);
	while (sem_wait(&may_end) != 0)
		MUST(errno == EINTR);
}

static void *live(void *arg)
{
	MUST(pthread_setspecific(key, &key) == 0);
	lived(200);
	return arg;
}

int main(int argc, char **argv)
{
	MUST(pthread_key_create(&key, end_late) == 0);
	MUST(sem_init(&is_ending, 0, 0) == 0 && sem_init(&may_end, 0, 0) == 0);
	workload_start(argc, argv);
	pthread_t t = start_thread(live, NULL);
	while (sem_wait(&is_ending) != 0)
		MUST(errno == EINTR);
	usleep(LINGER_US);
	workload_stop();
	MUST(sem_post(&may_end) == 0);
	join_thread(t);
	return 0;
}
