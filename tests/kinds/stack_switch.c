// SPDX-License-Identifier: MIT
// stack_switch told|silent CPU HEAP THREADS: coroutines that wander between two threads, some switched by
// swapcontext and some by a few lines of assembly without unwind tables, under all profiles at once. With
// cprof_stack_switch() or without; test_stack_switch.py looks at what comes of it.
#include <cprof/pprof.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

enum { COROUTINES = 4, THREADS = 2, TURNS = 400, DEPTH = 40, STACK_BYTES = 64 << 10 };

// It lies behind its own stack in one block, as libraries of coroutines put it.
struct coroutine {
	void *sp;             // by assembly
	void *resumed_from;   // a return address, beside a stack pointer: saved contexts look like frames
	ucontext_t context;   // by swapcontext
	bool uses_assembly;
	int number;
	char *stack;          // NULL: the thread's own
	size_t stack_bytes;
	const struct cprof_labels *labels;
	struct coroutine *home;
};

static bool tells;
static int release_pipe[2];
static atomic_int nparked, ninterrupted;
static pid_t parked_tids[THREADS];
static pthread_barrier_t barrier;
static struct coroutine *all[COROUTINES];
static _Thread_local struct coroutine threads_own;

/// The switch, and what a coroutine's first function returns to. The frame pointer a coroutine starts with is
/// whatever was there: it does not end the chain of frames.
void switch_stacks(void **sp_out, void *to_sp);
void enter_coroutine(void);
#if defined(__x86_64__)
enum { SAVED_WORDS = 7, FUNCTION = 4, ARGUMENT = 3, FRAME = 5, RETURN = 6 };
__asm__(".type switch_stacks, @function\n"
	"switch_stacks: push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp, (%rdi); mov %rsi, %rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n"
	".size switch_stacks, . - switch_stacks\n"
	".type enter_coroutine, @function\n"
	"enter_coroutine: mov %r12, %rdi; call *%rbx; ud2\n"
	".size enter_coroutine, . - enter_coroutine\n");
#else
enum { SAVED_WORDS = 20, FUNCTION = 0, ARGUMENT = 1, FRAME = 10, RETURN = 11 };
__asm__(".type switch_stacks, %function\n"
	"switch_stacks: sub sp, sp, #160\n"
	"stp x19, x20, [sp]; stp x21, x22, [sp, #16]; stp x23, x24, [sp, #32]; stp x25, x26, [sp, #48]\n"
	"stp x27, x28, [sp, #64]; stp x29, x30, [sp, #80]; stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]\n"
	"stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144]\n"
	"mov x9, sp; str x9, [x0]; mov sp, x1\n"
	"ldp x19, x20, [sp]; ldp x21, x22, [sp, #16]; ldp x23, x24, [sp, #32]; ldp x25, x26, [sp, #48]\n"
	"ldp x27, x28, [sp, #64]; ldp x29, x30, [sp, #80]; ldp d8, d9, [sp, #96]; ldp d10, d11, [sp, #112]\n"
	"ldp d12, d13, [sp, #128]; ldp d14, d15, [sp, #144]\n"
	"add sp, sp, #160; ret\n"
	".size switch_stacks, . - switch_stacks\n"
	".type enter_coroutine, %function\n"
	"enter_coroutine: mov x0, x20; blr x19; brk #0\n"
	".size enter_coroutine, . - enter_coroutine\n");
#endif

static void switch_to(struct coroutine *from, struct coroutine *to)
{
	bool by_assembly = from->uses_assembly || to->uses_assembly;
	from->labels = cprof_set_labels(to->labels);
	if (tells && to->stack)
		cprof_stack_switch(to->stack, to->stack + to->stack_bytes);
	if (by_assembly)
		switch_stacks(&from->sp, to->sp);
	else
		swapcontext(&from->context, &to->context);
	// On one's own stack the bounds are told afterwards: the order makes no difference.
	if (tells && !from->stack)
		cprof_stack_switch(NULL, NULL);
}

KEPT static void resume(struct coroutine *c)
{
	c->home = &threads_own;
	c->resumed_from = __builtin_return_address(0);
	switch_to(&threads_own, c);
}

static void yield(struct coroutine *c)
{
	switch_to(c, c->home);
}

/// What the coroutines do

static volatile unsigned long sink;
static void *volatile kept;

static void burn(void)
{
	for (int i = 0; i < 500000; i++)
		sink += (unsigned)i;
}

KEPT static void allocate(void)
{
	free(kept);
	kept = malloc(1000);
	__asm__ volatile("");
}

KEPT static void go_deep(int depth)
{
	char room[256];
	memset(room, depth, sizeof(room));
	if (depth)
		go_deep(depth - 1);
	else
		burn();
	sink += (unsigned char)room[depth];
}

#define WORK(n)                                                  \
	KEPT static void work_##n(void)                          \
	{                                                        \
		go_deep(DEPTH);                                  \
		pthread_mutex_lock(&mutex);                      \
		allocate();                                      \
		pthread_mutex_unlock(&mutex);                    \
		__asm__ volatile("");                            \
	}
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
WORK(0)
WORK(1)
WORK(2)
WORK(3)
static void (*const work[COROUTINES])(void) = {work_0, work_1, work_2, work_3};

/** Waits until the dump is taken. A signal would end the wait. */
KEPT static void park(void)
{
	struct pollfd released = {.fd = release_pipe[0], .events = POLLIN};
	parked_tids[threads_own.number] = gettid();
	atomic_fetch_add(&nparked, 1);
	while (poll(&released, 1, -1) < 0)
		atomic_fetch_add(&ninterrupted, 1);
}

KEPT static void coroutine_main(struct coroutine *c)
{
	for (int turn = 0; turn < TURNS; turn++) {
		work[c->number]();
		yield(c);
	}
	park();
	yield(c);
	abort();
}

static void context_main(unsigned high, unsigned low)
{
	coroutine_main((struct coroutine *)((uintptr_t)high << 32 | low));
}

static struct coroutine *make(int number, bool uses_assembly)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t bytes = (STACK_BYTES - sizeof(struct coroutine)) & ~(size_t)15;
	struct coroutine *c = (struct coroutine *)(stack + bytes);
	char value[2] = {(char)('0' + number)};
	*c = (struct coroutine){.uses_assembly = uses_assembly, .number = number, .stack = stack,
			.stack_bytes = bytes, .labels = cprof_labels("coroutine", value, (char *)NULL)};
	if (uses_assembly) {
		void **saved = (void **)(stack + bytes) - SAVED_WORDS - 2;
		saved[FUNCTION] = (void *)coroutine_main;
		saved[ARGUMENT] = c;
		saved[FRAME] = &c->sp;
		saved[RETURN] = (void *)enter_coroutine;
		c->sp = saved;
	} else {
		getcontext(&c->context);
		c->context.uc_stack = (stack_t){.ss_sp = stack, .ss_size = bytes};
		makecontext(&c->context, (void (*)(void))context_main, 2, (unsigned)((uintptr_t)c >> 32),
				(unsigned)(uintptr_t)c);
	}
	return c;
}

/** Half of the turns of each coroutine on one thread, half on the other; then one parks on each. */
static void *run(void *arg)
{
	long me = (long)arg;
	threads_own.number = (int)me;
	for (long half = 0; half < 2; half++) {
		for (int turn = 0; turn < TURNS / 2; turn++) {
			for (long i = (me + half) % THREADS; i < COROUTINES; i += THREADS)
				resume(all[i]);
		}
		pthread_barrier_wait(&barrier);
	}
	resume(all[me]);
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	FILE *stat = fopen(path, "r");
	if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		exit(1);
	fclose(stat);
	return state == 'S';
}

/** The last ticks of a CPU profile end a wait too, and a thread on its way there has to be signalled. */
static void wait_until_parked(void)
{
	for (int i = 0; i < THREADS; i++) {
		while (!sleeps(parked_tids[i]))
			usleep(1000);
	}
	atomic_store(&ninterrupted, 0);
}

static void must(int ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", what, cprof_strerror(ret));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	tells = argc > 1 && strcmp(argv[1], "told") == 0;
	must(argc == 5 ? pipe(release_pipe) : -1, "arguments");
	must(cprof_set_mem_profile_rate(64), "heap rate");
	must(cprof_set_block_profile_rate(1), "block rate");
	must(cprof_set_cpu_profile_rate(10000), "cpu rate");
	must(cprof_start_cpu_profile(cprof_to_path(argv[2])), "start");
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < COROUTINES; i++)
		all[i] = make(i, i % 3 == 0);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	while (atomic_load(&nparked) < THREADS)
		usleep(1000);
	must(cprof_stop_cpu_profile(), "stop");
	wait_until_parked();
	must(cprof_profile_write_to(cprof_lookup("threads"), cprof_to_path(argv[4]), 0), "threads");
	must((int)write(release_pipe[1], "", 1), "release");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	must(cprof_profile_write_to(cprof_lookup("allocs"), cprof_to_path(argv[3]), 0), "allocs");
	printf("%d\n", atomic_load(&ninterrupted));
	return 0;
}
