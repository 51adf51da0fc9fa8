// SPDX-License-Identifier: MIT
// A program whose threads fight for two mutexes when they are told to, and that serves its profiles: hogs.
// It prints its port; a line "1" on standard input: some milliseconds in mutex_hog_1, then a line; "2": from then on
// again and again in mutex_hog_2. It ends when standard input does.
#include <cprof/http.h>
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 10, HOG_MS = 20 };

typedef void *hog_function(void *until);

struct pair {
	pthread_mutex_t one, two;
	struct timespec until;
};

static bool is_over(const struct pair *pair)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > pair->until.tv_sec ||
			(now.tv_sec == pair->until.tv_sec && now.tv_nsec >= pair->until.tv_nsec);
}

static void fight(struct pair *pair)
{
	pthread_mutex_lock(&pair->one);
	pthread_mutex_lock(&pair->two);
	pthread_mutex_unlock(&pair->one);
	pthread_mutex_unlock(&pair->two);
}

void *mutex_hog_1(void *arg);
void *mutex_hog_2(void *arg);

__attribute__((noipa)) void *mutex_hog_1(void *arg)
{
	while (!is_over(arg))
		fight(arg);
	return NULL;
}

__attribute__((noipa)) void *mutex_hog_2(void *arg)
{
	do
		fight(arg);
	while (!is_over(arg));
	return NULL;
}

static void hog(hog_function *function)
{
	struct pair pair = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, {0}};
	pthread_t threads[THREADS];
	clock_gettime(CLOCK_MONOTONIC, &pair.until);
	pair.until.tv_nsec += HOG_MS * 1000000;
	pair.until.tv_sec += pair.until.tv_nsec / 1000000000;
	pair.until.tv_nsec %= 1000000000;
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, function, &pair) != 0)
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void *hog_for_ever(void *arg)
{
	for (;;) {
		hog(mutex_hog_2);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;
	char line[8];
	cprof_set_mutex_profile_fraction(1);
	if (cprof_http_serve("localhost:0", NULL) < 0)
		return 1;
	printf("%d\n", cprof_http_port());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] == '2' && pthread_create(&thread, NULL, hog_for_ever, NULL) != 0)
			return 1;
		if (line[0] == '1') {
			hog(mutex_hog_1);
			puts("done");
			fflush(stdout);
		}
	}
	return 0;
}
