// SPDX-License-Identifier: MIT
// Context: SIG. See card.h. Cards are never freed, but given to other threads.
#include "card.h"

#include "atomic.h"
#include "lock.h"
#include "pagealloc.h"
#include "sys.h"

enum { NBUCKETS = 1024, MAX_BYTES = 64 << 20 };

__thread struct cp_card *cp_card;

static struct cp_lock lock;
static bool is_forking; // who does has the lock
static _Atomic int forker_pid; // its process; 0: nobody does
static struct cp_card *buckets[NBUCKETS] CP_TABLE, *free_cards;
static struct cp_arena arena = {.limit_bytes = MAX_BYTES};

static struct cp_card **bucket_of(int tid)
{
	return &buckets[(unsigned)tid % NBUCKETS];
}

static void push(struct cp_card **list, struct cp_card *card)
{
	card->next = *list;
	*list = card;
}

/** Lock held. */
static struct cp_card *find(int tid)
{
	struct cp_card *card = *bucket_of(tid);
	while (card && load(&card->tid, relaxed) != tid)
		card = card->next;
	return card;
}

/** Lock held. NULL: no memory. */
static struct cp_card *new_card(int tid)
{
	struct cp_card *card = free_cards;
	if (card)
		free_cards = card->next;
	else
		card = cp_arena_alloc(&arena, sizeof(*card));
	if (card) {
		store(&card->tid, tid, relaxed);
		push(bucket_of(tid), card);
	}
	return card;
}

/** In a child of fork() whose handlers have not come to ours: one that comes first makes a thread and waits for it, as
 *  the injected library's does where the program brings a libcprof of its own. Nobody would give the lock back. */
static bool is_copied_locked(void)
{
	int pid = load(&forker_pid, relaxed);
	return pid && pid != cp_getpid();
}

struct cp_card *cp_card_take(void)
{
	if (cp_card || is_copied_locked())
		return cp_card;
	int tid = cp_gettid();
	cp_lock_take(&lock);
	if (!cp_card) { // no handler was here just now
		struct cp_card *card = find(tid); // of a thread that ended unseen
		if (!card)
			card = new_card(tid);
		if (card) {
			store(&card->labels_id, 0, relaxed);
			store(&card->stack_high, 0, relaxed);
			store(&card->parked.function, 0, relaxed);
			store(&card->created_at, NULL, relaxed);
		}
		cp_card = card;
	}
	cp_lock_release(&lock);
	return cp_card;
}

void cp_card_give_back(void)
{
	struct cp_card *card = cp_card;
	if (!card || is_copied_locked() || load(&card->tid, relaxed) != cp_gettid())
		return;
	cp_card = NULL;
	cp_lock_take(&lock);
	struct cp_card **link = bucket_of(load(&card->tid, relaxed));
	while (*link != card)
		link = &(*link)->next;
	*link = card->next;
	store(&card->tid, 0, relaxed);
	store(&card->labels_id, 0, relaxed);
	push(&free_cards, card);
	cp_lock_release(&lock);
}

/** Its thread goes on to write: each part is of some moment. */
static void copy(const struct cp_card *from, struct cp_card *to)
{
	store(&to->tid, load(&from->tid, relaxed), relaxed);
	store(&to->labels_id, load(&from->labels_id, relaxed), relaxed);
	store(&to->created_at, load(&from->created_at, relaxed), relaxed);
	store(&to->stack_low, load(&from->stack_low, relaxed), relaxed);
	store(&to->stack_high, load(&from->stack_high, relaxed), relaxed);
	store(&to->parked.function, load(&from->parked.function, relaxed), relaxed);
	store(&to->parked.pc, load(&from->parked.pc, relaxed), relaxed);
	store(&to->parked.sp, load(&from->parked.sp, relaxed), relaxed);
	store(&to->parked.fp, load(&from->parked.fp, relaxed), relaxed);
}

bool cp_card_find(int tid, struct cp_card *card_out)
{
	if (is_copied_locked())
		return false;
	cp_lock_take(&lock);
	const struct cp_card *card = find(tid);
	if (card)
		copy(card, card_out);
	cp_lock_release(&lock);
	return card != NULL;
}

void cp_card_before_fork(void)
{
	if (!cp_card_take()) // another handler of fork()'s may ask for it
		return;
	cp_lock_take(&lock);
	is_forking = true;
	store(&forker_pid, cp_getpid(), relaxed);
}

void cp_card_fork_done(void)
{
	if (!is_forking)
		return;
	is_forking = false;
	store(&forker_pid, 0, relaxed);
	cp_lock_release(&lock);
}

void cp_card_after_fork(void)
{
	if (!is_forking)
		store(&lock.word, 0, relaxed);
	for (int i = 0; i < NBUCKETS; i++) {
		while (buckets[i]) {
			struct cp_card *card = buckets[i];
			buckets[i] = card->next;
			if (card != cp_card)
				push(&free_cards, card);
		}
	}
	if (!cp_card)
		return;
	store(&cp_card->tid, cp_gettid(), relaxed);
	push(bucket_of(cp_gettid()), cp_card);
}
