// SPDX-License-Identifier: MIT
// Context: CTL. See robust_list.h.
#include "robust_list.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>

#include "sigsafe/safeload.h"
#include "sigsafe/sys.h"

enum {
	ID_BYTES = 16,         // from a thread's id to the head; glibc's tid, pid_ununsed and robust_prev
	MAX_WORD_BYTES = 1024, // from the head to the word of pthread_join(); 840 of glibc 2.43 on x86-64
	PI_BIT = 1
};

/** 0: it is not told. */
static uintptr_t head_of(int tid)
{
	uintptr_t head = 0;
	size_t nbytes;
	return cp_syscall(SYS_get_robust_list, tid, &head, &nbytes, 0) == 0 ? head : 0;
}

bool cp_robust_list_awaits(int tid, uintptr_t futex)
{
	struct cp_readable page = {0};
	uintptr_t head = head_of(tid), offset, pending;
	return head && cp_load(&page, head + offsetof(struct robust_list_head, futex_offset), &offset) &&
	       cp_load(&page, head + offsetof(struct robust_list_head, list_op_pending), &pending) && pending &&
	       (pending & ~(uintptr_t)PI_BIT) + offset == futex;
}

/** What stands in each head, and hardly by chance: from a mutex's place in the list to its word. */
static const uintptr_t futex_offset =
		offsetof(pthread_mutex_t, __data.__lock) - offsetof(pthread_mutex_t, __data.__list.__next);

/** The thread in whose descriptor, behind the head, `word` is; 0: none. */
static int thread_around(uintptr_t word)
{
	struct cp_readable page = {0};
	uintptr_t at = word & ~(sizeof(at) - 1), end = at - MAX_WORD_BYTES, found, ids;
	for (; at > end && cp_load(&page, at, &found); at -= sizeof(at)) {
		uintptr_t head = at - offsetof(struct robust_list_head, futex_offset);
		if (found == futex_offset && cp_load(&page, head - ID_BYTES, &ids) && (int)ids > 0 &&
				head_of((int)ids) == head)
			return (int)ids;
	}
	return 0;
}

int cp_robust_list_joined(uintptr_t futex, int value)
{
	uintptr_t head = value > 0 ? head_of(value) : 0;
	return head && head == futex + ID_BYTES ? value : thread_around(futex);
}
