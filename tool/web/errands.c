// SPDX-License-Identifier: MIT
// See errands.h. A thread puts its errand onto a list and wakes the event loop by a descriptor.
#include "errands.h"

#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct errands {
	errand_done *done;
	sem_t turns;
	int wake_fd;
	struct event *woken;
	pthread_mutex_t lock;
	struct errand *finished;
};

struct thread {
	struct errands *all;
	struct errand *errand;
};

static void *run(void *arg)
{
	struct thread t = *(struct thread *)arg;
	free(arg);
	while (sem_wait(&t.all->turns) != 0)
		;
	t.errand->run(t.errand);
	sem_post(&t.all->turns);
	pthread_mutex_lock(&t.all->lock);
	t.errand->next = t.all->finished;
	t.all->finished = t.errand;
	pthread_mutex_unlock(&t.all->lock);
	eventfd_write(t.all->wake_fd, 1);
	return NULL;
}

static void on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct errands *all = arg;
	eventfd_t n;
	eventfd_read(fd, &n);
	pthread_mutex_lock(&all->lock);
	struct errand *finished = all->finished;
	all->finished = NULL;
	pthread_mutex_unlock(&all->lock);
	while (finished) {
		struct errand *e = finished;
		finished = e->next;
		all->done(e);
	}
}

struct errands *errands_create(struct event_base *base, errand_done *done)
{
	struct errands *all = mem_zeroed(1, sizeof(*all));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	all->done = done;
	pthread_mutex_init(&all->lock, NULL);
	sem_init(&all->turns, 0, processors > 2 ? (unsigned)processors : 2);
	all->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->woken = all->wake_fd < 0 ? NULL : event_new(base, all->wake_fd, EV_READ | EV_PERSIST, on_woken, all);
	if (!all->woken || event_add(all->woken, NULL) != 0) {
		errands_destroy(all);
		return NULL;
	}
	return all;
}

void errands_destroy(struct errands *all)
{
	if (all->woken)
		event_free(all->woken);
	if (all->wake_fd >= 0)
		close(all->wake_fd);
	sem_destroy(&all->turns);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

void errand_begin(struct errands *all, struct errand *e)
{
	struct thread *t = mem_zeroed(1, sizeof(*t));
	pthread_t thread;
	*t = (struct thread){all, e};
	if (pthread_create(&thread, NULL, run, t) == 0) {
		pthread_detach(thread);
		return;
	}
	free(t);
	e->run(e);
	all->done(e);
}
