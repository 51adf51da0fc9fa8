// SPDX-License-Identifier: MIT
// Stacks of every shape we know of, walked by us and by libunwind from the same registers: they must be
// equal, and whole. What libunwind cannot follow (code without tables) is compared with what we built.
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"

enum { MAX_PCS = 200, DEPTH = 20, STACK_BYTES = 64 << 10, SHOWN = 30 };

struct stack {
	uint32_t count;
	uintptr_t pcs[MAX_PCS];
};

static struct stack ours, theirs;
static struct cp_unwind_result result;
static const char *shape;
static volatile int walks, wrong; // clock_gettime is declared to call nobody back
static bool compare_with_libunwind;

void throw_through(void (*fn)(void));
void bare_asm(void (*fn)(void));
extern char bare_asm_end[];

static void walk_theirs(ucontext_t *context)
{
	unw_cursor_t cursor;
	theirs.count = 0;
	unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME);
	do {
		unw_word_t pc;
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		bool interrupted = theirs.count > 0 && unw_is_signal_frame(&cursor) > 0;
		theirs.pcs[theirs.count++] = pc + interrupted;
	} while (theirs.count < MAX_PCS && unw_step(&cursor) > 0);
}

static void print_stack(const char *whose, const struct stack *s)
{
	printf("  %s:", whose);
	for (uint32_t i = 0; i < s->count && i < SHOWN; i++) {
		const struct cp_module *m = cp_modmap_find(s->pcs[i], NULL);
		printf(" %s+%lx", m ? strrchr(m->path, '/') ? strrchr(m->path, '/') + 1 : m->path : "?",
			(long)(s->pcs[i] - (m ? m->load_bias : 0)));
	}
	putchar('\n');
}

static void on_sample(int sig, siginfo_t *info, void *context)
{
	struct cp_regs regs;
	cp_regs_from_ucontext(&regs, context);
	result = cp_unwind(&regs, ours.pcs, MAX_PCS);
	ours.count = result.nframes;
	walks++;
	if (!compare_with_libunwind)
		return;
	walk_theirs(context);
	if (result.marker == CP_MARKER_NONE && !result.used_fp && ours.count == theirs.count &&
		!memcmp(ours.pcs, theirs.pcs, ours.count * sizeof(*ours.pcs)))
		return;
	wrong++;
	printf("%s: marker %d, used_fp %d\n", shape, result.marker, result.used_fp);
	print_stack("ours", &ours);
	print_stack("theirs", &theirs);
}

static void sample(void)
{
	raise(SIGUSR1);
}

static bool has_pc_in(const void *start, const void *end)
{
	for (uint32_t i = 0; i < ours.count; i++)
		if (ours.pcs[i] >= (uintptr_t)start && ours.pcs[i] < (uintptr_t)end)
			return true;
	return false;
}

static __attribute__((noinline)) int recursion(int depth)
{
	if (depth == 0)
		return sample(), 0;
	int below = recursion(depth - 1);
	__asm__ volatile("" : "+r"(below));
	return below + 1;
}

static void deep(void)
{
	recursion(DEPTH);
}

static __attribute__((noinline)) void with_alloca(volatile int n)
{
	volatile char *room = __builtin_alloca((size_t)n);
	room[0] = 1;
	sample();
	room[n - 1] = 1;
}

static void dynamic(void)
{
	for (int n = 8; n < 300000; n *= 3)
		with_alloca(n);
}

static int comparing(const void *a, const void *b)
{
	sample();
	return *(const int *)a - *(const int *)b;
}

static void callbacks(void)
{
	int values[] = {3, 1, 2}, key = 2;
	qsort(values, 3, sizeof(*values), comparing);
	bsearch(&key, values, 3, sizeof(*values), comparing);
}

static void on_other(int sig, siginfo_t *info, void *context)
{
	recursion(3);
}

static void through_handler(int flags)
{
	struct sigaction action = {.sa_sigaction = on_other, .sa_flags = SA_SIGINFO | flags};
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR2);
}

static void handler(void)
{
	through_handler(0);
}

static void handler_on_altstack(void)
{
	through_handler(SA_ONSTACK);
}

static void exceptions(void)
{
	throw_through(sample);
}

static jmp_buf back;

/** Its last instruction is the call: the return address is already another function's. */
static __attribute__((noinline, noreturn)) void ends_with_call(void)
{
	sample();
	longjmp(back, 1);
}

static void no_return(void)
{
	if (!setjmp(back))
		ends_with_call();
}

static ucontext_t main_context, coroutine_context;

static void coroutine_main(void)
{
	recursion(DEPTH);
	swapcontext(&coroutine_context, &main_context);
	recursion(DEPTH);
}

static void coroutine(void)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getcontext(&coroutine_context);
	coroutine_context.uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK_BYTES};
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine_main, 0);
	swapcontext(&main_context, &coroutine_context);
	swapcontext(&main_context, &coroutine_context);
	munmap(stack, STACK_BYTES);
}

/** Asynchronous: wherever the timer hits, most often in the vDSO. */
static void clocks(void)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {{0}};
	struct timespec now;
	int before = walks;
	setitimer(ITIMER_PROF, &timer, NULL);
	while (walks < before + 30)
		for (int i = 0; i < 1000; i++)
			clock_gettime(CLOCK_MONOTONIC, &now);
	setitimer(ITIMER_PROF, &off, NULL);
}

static void *on_thread(void *arg)
{
	recursion(DEPTH);
	return NULL;
}

static void thread(void)
{
	pthread_t t;
	pthread_create(&t, NULL, on_thread, NULL);
	pthread_join(t, NULL);
}

// No tables, but a frame pointer, as hand-written code has it.
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	"bare_asm: push %rbp\n mov %rsp, %rbp\n sub $32, %rsp\n call *%rdi\n leave\n ret\n"
	"bare_asm_end:\n"
	"bare_leaf: rdtsc\n dec %edi\n jnz bare_leaf\n ret\n"
	"bare_pushes: push %rbx\n push %rbp\n sub $120, %rsp\n xor %ebp, %ebp\n"
	"1: rdtsc\n dec %edi\n jnz 1b\n add $120, %rsp\n pop %rbp\n pop %rbx\n ret\n"
	"bare_buffer: push %rbp\n sub $1000, %rsp\n xor %ebp, %ebp\n"
	"1: rdtsc\n dec %edi\n jnz 1b\n add $1000, %rsp\n pop %rbp\n ret\n"
	// As OpenBLAS's kernels: a buffer of many pages, and the stack there was before in rbx.
	"bare_aligns: sub $96, %rsp\n mov %rbx, (%rsp)\n mov %rbp, 8(%rsp)\n mov %rsp, %rbx\n"
	"sub $0x7080, %rsp\n and $-4096, %rsp\n xor %ebp, %ebp\n"
	"1: rdtsc\n dec %edi\n jnz 1b\n"
	"mov %rbx, %rsp\n mov (%rsp), %rbx\n mov 8(%rsp), %rbp\n add $96, %rsp\n ret\n"
	"bare_end: .popsection\n");
#else
__asm__(".pushsection .text\n"
	"bare_asm: stp x29, x30, [sp, #-16]!\n mov x29, sp\n blr x0\n ldp x29, x30, [sp], #16\n ret\n"
	"bare_asm_end: .popsection\n");
#endif

static void without_tables(void)
{
	compare_with_libunwind = false;
	bare_asm(sample);
	compare_with_libunwind = true;
	if (result.marker != CP_MARKER_NONE || !result.used_fp || !has_pc_in((void *)bare_asm, bare_asm_end) ||
		!has_pc_in((void *)without_tables, (char *)without_tables + 60)) {
		wrong++;
		printf("%s: marker %d, used_fp %d\n", shape, result.marker, result.used_fp);
		print_stack("ours", &ours);
	}
}

#if defined(__x86_64__)
void bare_leaf(int turns);
void bare_pushes(int turns);
void bare_buffer(int turns);
void bare_aligns(int turns);
extern char bare_end[];

/** Leaves return addresses, of calls that may have gone to anything. */
static __attribute__((noinline)) int litter(int depth)
{
	static int (*volatile again)(int depth) = litter;
	return depth ? again(depth - 1) + depth : 0;
}

static __attribute__((noinline)) void call_bare_buffer(int turns)
{
	static volatile int sink;
	sink += litter(20);
	bare_buffer(turns);
	sink++;
}

/** Where there is no frame pointer either, a call in front of it tells a return address. */
static __attribute__((noinline)) void hit_in(void (*fn)(int turns), int *missed)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {{0}};
	compare_with_libunwind = false;
	for (int hits = 0; hits < 10;) {
		int before = walks;
		setitimer(ITIMER_PROF, &timer, NULL);
		while (walks == before)
			fn(100000);
		setitimer(ITIMER_PROF, &off, NULL);
		if (ours.pcs[0] < (uintptr_t)bare_leaf || ours.pcs[0] >= (uintptr_t)bare_end)
			continue;
		hits++;
		if (result.marker == CP_MARKER_NONE && has_pc_in((void *)hit_in, (char *)hit_in + 300) &&
			!has_pc_in((void *)litter, (char *)litter + 24))
			continue;
		*missed += 1;
		print_stack("ours", &ours);
	}
	compare_with_libunwind = true;
}

static void without_anything(void)
{
	int missed = 0;
	hit_in(bare_leaf, &missed);
	hit_in(bare_pushes, &missed);
	hit_in(bare_aligns, &missed);
	hit_in(call_bare_buffer, &missed);
	wrong += missed > 0;
	printf("%s: %d of 40 cut\n", shape, missed);
}
#endif

static const struct {
	const char *name;
	void (*fn)(void);
} shapes[] = {
	{"recursion", deep},
	{"alloca", dynamic},
	{"callbacks", callbacks},
	{"handler", handler},
	{"handler on an alternate stack", handler_on_altstack},
	{"exceptions", exceptions},
	{"noreturn", no_return},
	{"coroutine", coroutine},
	{"vDSO", clocks},
	{"thread", thread},
	{"no tables", without_tables},
#if defined(__x86_64__)
	{"no tables, no frame pointer", without_anything},
#endif
};

// A timer of the process: Linux before 6.4 sends it to the main thread, if that takes it, whoever uses the time.
static sigset_t timer_signal;

static void *run_shapes(void *arg)
{
	stack_t alternate = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
	sigaltstack(&alternate, NULL);
	pthread_sigmask(SIG_UNBLOCK, &timer_signal, NULL);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		int before = walks;
		shape = shapes[i].name;
		shapes[i].fn();
		printf("%s, %s: %d walks\n", (const char *)arg, shape, walks - before);
		wrong += walks == before;
	}
	return NULL;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	cp_modmap_refresh();
	cp_unwind_init();
	compare_with_libunwind = true;
	struct sigaction action = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGPROF, &action, NULL);
	sigemptyset(&timer_signal);
	sigaddset(&timer_signal, SIGPROF);
	run_shapes((char[]){"main"});
	pthread_sigmask(SIG_BLOCK, &timer_signal, NULL);
	pthread_t t;
	pthread_create(&t, NULL, run_shapes, (char[]){"thread"});
	pthread_join(t, NULL);
	printf("%d walks, %d wrong\n", walks, wrong);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
