// SPDX-License-Identifier: MIT
// Threads that set labels, look at each other's, and wait for and release the same lock as the profiles see it, under
// ThreadSanitizer: it ends the program by an error status where two of them race. The parts are compiled into this
// program, since a library whose sigaction() is instrumented cannot be loaded before ThreadSanitizer is ready.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "kind/waiters_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/card.h"
#include "sigsafe/labels.h"
#include "sigsafe/sys.h"

enum { NTHREADS = 8, NTURNS = 5000, NVALUES = 50, NTURNS_TO_A_LIFE = 100 };

static _Atomic int tids[NTHREADS];
static const char a_lock;

static void be_labelled(long me, int turn)
{
	char value[16];
	snprintf(value, sizeof(value), "%d", turn % NVALUES);
	const struct cp_label_pair pairs[] = {{"turn", value}, {"who", me % 2 ? "odd" : "even"}};
	const struct cprof_labels *mine = cp_labels_intern(NULL, pairs, 2), *before = cp_labels_set(mine);
	if (cp_labels_current() != mine)
		abort();
	int other = load(&tids[(me + 1) % NTHREADS], relaxed);
	struct cp_card card = {0};
	cp_card_find(other, &card);
	const struct cprof_labels *theirs = cp_labels_of_id(load(&card.labels_id, relaxed));
	if (theirs && !cp_labels_get(theirs, "turn"))
		abort();
	cp_labels_set(before);
}

static void *work(void *arg)
{
	long me = (long)arg;
	store(&tids[me], cp_gettid(), relaxed);
	for (int turn = 0; turn < NTURNS; turn++) {
		be_labelled(me, turn);
		struct cp_waiter *waiter = cp_waiters_enter(&a_lock, 1000 + (uint64_t)turn);
		cp_waiters_charge_ns(&a_lock, 3);
		cp_waiters_leave(waiter);
		if (turn % NTURNS_TO_A_LIFE == 0)
			cp_card_give_back();
	}
	cp_card_give_back();
	return NULL;
}

int main(void)
{
	pthread_t threads[NTHREADS];
	for (long i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
