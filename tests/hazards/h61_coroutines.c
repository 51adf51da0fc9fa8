// SPDX-License-Identifier: MIT
// Hazard 61: stacks that are no thread's: swapcontext coroutines on memory from mmap and from malloc, which
// wander between two threads. Samples have the coroutine's own stack, to its entry.
#include "workload.h"

#include <sys/mman.h>
#include <ucontext.h>

WORK(in_coroutine);
WORK(in_thread);

enum { COROUTINES = 4, STACK_BYTES = 64 << 10, TURNS = 100 };

struct coroutine {
	ucontext_t self, caller;
	bool done;
};

KEPT static void work_and_yield(struct coroutine *c)
{
	in_coroutine(0.5);
	swapcontext(&c->self, &c->caller);
}

static void coroutine_entry(uint32_t high, uint32_t low)
{
	struct coroutine *c = (struct coroutine *)((uintptr_t)high << 32 | low);
	for (int i = 0; i < TURNS; i++)
		work_and_yield(c);
	c->done = true;
	swapcontext(&c->self, &c->caller);
}

static void *resume_all(void *arg)
{
	struct coroutine *all = arg;
	for (int turn = 0; turn < TURNS / 2; turn++) {
		for (int i = 0; i < COROUTINES; i++) {
			swapcontext(&all[i].caller, &all[i].self);
			in_thread(0.1);
		}
	}
	return NULL;
}

static void make(struct coroutine *c, bool on_heap)
{
	MUST(getcontext(&c->self) == 0);
	void *stack = on_heap ? malloc(STACK_BYTES)
			      : mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(stack && stack != MAP_FAILED);
	c->self.uc_stack.ss_sp = stack;
	c->self.uc_stack.ss_size = STACK_BYTES;
	makecontext(&c->self, (void (*)(void))coroutine_entry, 2, (uint32_t)((uintptr_t)c >> 32),
			(uint32_t)(uintptr_t)c);
}

int main(int argc, char **argv)
{
	static struct coroutine all[COROUTINES];

	for (int i = 0; i < COROUTINES; i++)
		make(&all[i], i % 2);
	workload_start(argc, argv);
	join_thread(start_thread(resume_all, all));
	join_thread(start_thread(resume_all, all));
	workload_stop();
	return 0;
}
