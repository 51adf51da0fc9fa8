// SPDX-License-Identifier: MIT
// See drawing.h. A thread puts its drawing onto a list and wakes the event loop by a descriptor.
#include "drawing.h"

#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "tool/driver/pipe.h"

struct drawings {
	drawing_done *done;
	sem_t turns;
	int wake_fd;
	struct event *woken;
	pthread_mutex_t lock;
	struct drawing *finished;
};

struct thread {
	struct drawings *all;
	struct drawing *drawing;
};

static void draw(struct drawing *d)
{
	const char *const argv[] = {"dot", "-Tsvg", NULL};
	d->error = pipe_through_for(&d->arena, argv, d->graph, d->client_fd, &d->image);
}

static void *run(void *arg)
{
	struct thread t = *(struct thread *)arg;
	free(arg);
	while (sem_wait(&t.all->turns) != 0)
		;
	draw(t.drawing);
	sem_post(&t.all->turns);
	pthread_mutex_lock(&t.all->lock);
	t.drawing->next = t.all->finished;
	t.all->finished = t.drawing;
	pthread_mutex_unlock(&t.all->lock);
	eventfd_write(t.all->wake_fd, 1);
	return NULL;
}

static void on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct drawings *all = arg;
	eventfd_t n;
	eventfd_read(fd, &n);
	pthread_mutex_lock(&all->lock);
	struct drawing *finished = all->finished;
	all->finished = NULL;
	pthread_mutex_unlock(&all->lock);
	while (finished) {
		struct drawing *d = finished;
		finished = d->next;
		all->done(d);
	}
}

struct drawings *drawings_create(struct event_base *base, drawing_done *done)
{
	struct drawings *all = mem_zeroed(1, sizeof(*all));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	all->done = done;
	pthread_mutex_init(&all->lock, NULL);
	sem_init(&all->turns, 0, processors > 2 ? (unsigned)processors : 2);
	all->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->woken = all->wake_fd < 0 ? NULL : event_new(base, all->wake_fd, EV_READ | EV_PERSIST, on_woken, all);
	if (!all->woken || event_add(all->woken, NULL) != 0) {
		drawings_destroy(all);
		return NULL;
	}
	return all;
}

void drawings_destroy(struct drawings *all)
{
	if (all->woken)
		event_free(all->woken);
	if (all->wake_fd >= 0)
		close(all->wake_fd);
	sem_destroy(&all->turns);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

void drawing_begin(struct drawings *all, struct drawing *d)
{
	struct thread *t = mem_zeroed(1, sizeof(*t));
	pthread_t thread;
	*t = (struct thread){all, d};
	if (pthread_create(&thread, NULL, run, t) == 0) {
		pthread_detach(thread);
		return;
	}
	free(t);
	draw(d);
	all->done(d);
}
