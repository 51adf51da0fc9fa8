// SPDX-License-Identifier: MIT
// Hazard 47: memory is exhausted, the program's and ours. It sees its failures as without us, and goes on when there
// is memory again; each allocation is recorded or counted as lost.
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "heap_truth.h"

enum { SIZE = 100 };
struct block {
	struct block *next;
};

static struct truth truth, again;

static SITE struct block *until_none(void)
{
	struct block *head = NULL;
	for (struct block *b; (b = malloc(SIZE)); head = b) {
		took(&truth, b, SIZE);
		b->next = head;
	}
	MUST(errno == ENOMEM);
	return head;
}

static SITE void *afterwards(void)
{
	return took(&again, malloc(SIZE), SIZE);
}

int main(void)
{
	struct rlimit before, tight;
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	MUST(f && fscanf(f, "%ld", &pages) == 1 && fclose(f) == 0);
	MUST(getrlimit(RLIMIT_AS, &before) == 0);
	tight = before;
	tight.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (16 << 20);
	MUST(setrlimit(RLIMIT_AS, &tight) == 0);
	struct block *head = until_none();
	while (head) {
		struct block *next = head->next;
		free(head);
		head = next;
	}
	MUST(setrlimit(RLIMIT_AS, &before) == 0);
	for (int i = 0; i < 1000; i++)
		afterwards();
	say("afterwards", &again);
	printf("or_lost until_none %ld\n", truth.allocated);
	return 0;
}
