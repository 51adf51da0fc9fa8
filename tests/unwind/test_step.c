// SPDX-License-Identifier: MIT
// Unwinds at every single instruction of real code, and knows the right answer each time.
//
// The trap flag raises SIGTRAP after each instruction. The handler keeps a shadow stack: an instruction
// that was a call pushed its return address, and a return address below the stack pointer is no more.
// The walk must give exactly the shadow stack, then the frames that were there before: so no prologue,
// epilogue, PLT stub, tail call or hand-written row of the tables goes unseen.
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"

enum { MAX_SHADOW = 256, SHOWN = 3, TRAP_FLAG = 0x100 };

// Where return addresses lie on the stack. What they are is read there: unwinding an exception changes them.
static const uintptr_t *shadow[MAX_SHADOW];
static uint32_t shadow_count;
static uintptr_t base[CP_MAX_FRAMES]; // the stack above the stepping function
static uint32_t base_count;
static uintptr_t previous_pc;
static volatile sig_atomic_t done;
static uint64_t steps, failures, early, by_fp;

static void long_jump(void);

static bool is_call(const uint8_t *code)
{
	while ((*code & 0xf0) == 0x40 || *code == 0xf2 || *code == 0x3e || *code == 0x66)
		code++;
	return *code == 0xe8 || (*code == 0xff && (code[1] >> 3 & 7) == 2);
}

static void track(uintptr_t pc, uintptr_t sp)
{
	while (shadow_count && (uintptr_t)shadow[shadow_count - 1] < sp)
		shadow_count--;
	uintptr_t top = *(uintptr_t *)sp;
	bool called = previous_pc && is_call((const uint8_t *)previous_pc) && top - previous_pc - 2 < 8;
	if (called && shadow_count < MAX_SHADOW)
		shadow[shadow_count++] = (const uintptr_t *)sp;
	previous_pc = pc;
}

static void show(const uintptr_t *pcs, const struct cp_unwind_result *r)
{
	static int shown;
	if (shown++ >= SHOWN)
		return;
	printf("wrong after %lu steps: marker %d, %u frames\n", (unsigned long)steps, r->marker, r->nframes);
	for (uint32_t i = 0; i < 8; i++) {
		uintptr_t want = i == 0 ? pcs[0] :
			i <= shadow_count ? *shadow[shadow_count - i] : base[i - 1 - shadow_count];
		const struct cp_module *m = cp_modmap_find(pcs[i], NULL);
		printf("  have %lx (%s+%lx), want %lx\n", (long)pcs[i], m ? m->path : "?",
			m ? (long)(pcs[i] - m->load_bias) : 0, (long)want);
	}
}

static bool is_right(const uintptr_t *pcs, const struct cp_unwind_result *r)
{
	if (r->marker != CP_MARKER_NONE || r->nframes != 1 + shadow_count + base_count)
		return false;
	for (uint32_t i = 0; i < shadow_count; i++)
		if (pcs[1 + i] != *shadow[shadow_count - 1 - i])
			return false;
	return !memcmp(pcs + 1 + shadow_count, base, base_count * sizeof(*base));
}

/** The tables of longjmp speak of its target some instructions before it is reached. */
static bool is_early(const uintptr_t *pcs, const struct cp_unwind_result *r)
{
	return r->marker == CP_MARKER_NONE && r->nframes == 3 + base_count &&
		pcs[1] - (uintptr_t)long_jump < 100 && !memcmp(pcs + 3, base, base_count * sizeof(*base));
}

static void on_trap(int sig, siginfo_t *info, void *ucontext)
{
	static uintptr_t pcs[CP_MAX_FRAMES];
	struct cp_regs regs;
	if (done) {
		((ucontext_t *)ucontext)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
		return;
	}
	cp_regs_from_ucontext(&regs, ucontext);
	struct cp_unwind_result r = cp_unwind(&regs, pcs, CP_MAX_FRAMES);
	track(regs.pc, regs.sp);
	steps++;
	by_fp += r.used_fp;
	if (is_right(pcs, &r))
		return;
	if (is_early(pcs, &r)) {
		early++;
	} else {
		failures++;
		show(pcs, &r);
	}
}

static __attribute__((noinline)) void remember_base(void)
{
	static uintptr_t pcs[CP_MAX_FRAMES];
	struct cp_regs regs;
	cp_regs_here(&regs);
	struct cp_unwind_result r = cp_unwind(&regs, pcs, CP_MAX_FRAMES);
	base_count = r.nframes - 2; // without this function and the stepping one
	memcpy(base, pcs + 2, base_count * sizeof(*base));
}

/** Runs fn instruction by instruction. It is left by a normal return. */
static __attribute__((noinline)) void stepped(void (*fn)(void))
{
	remember_base();
	shadow_count = 0;
	done = 0;
	previous_pc = 0;
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq\n\tnop" : : "i"(TRAP_FLAG) : "memory", "cc");
	fn();
	done = 1; // by the handler: pushing the flags here would move the stack behind the tables' back
	__asm__ volatile("nop");
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void sort_and_search(void)
{
	int values[] = {5, 3, 9, 1, 7, 2, 8, 6};
	qsort(values, sizeof(values) / sizeof(*values), sizeof(*values), compare);
	int key = 7;
	if (!bsearch(&key, values, sizeof(values) / sizeof(*values), sizeof(*values), compare))
		abort();
}

static void format(void)
{
	char text[200];
	snprintf(text, sizeof(text), "%s %d %5.3f %p %-10ld|", "a", 42, 3.14159, (void *)text, 99L);
}

static void move_bytes(void)
{
	static char from[2000], to[2000];
	static const size_t sizes[] = {0, 1, 3, 8, 15, 31, 64, 127, 300, 2000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memcpy(to, from, sizes[i]);
		memmove(to + 1, to, sizes[i] / 2);
		memset(from, 'x', sizes[i]);
		if (memchr(to, 'y', sizes[i]) || strlen(to) > sizeof(to))
			abort();
	}
}

static jmp_buf target;

static __attribute__((noinline)) void jump(int depth)
{
	if (depth == 0)
		longjmp(target, 1);
	if (depth > 0)
		jump(depth - 1);
	__asm__ volatile("");
}

static void long_jump(void)
{
	if (!setjmp(target))
		jump(5);
}

static void clocks(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	time(NULL);
}

/** First calls go through the lazy PLT and the loader's resolver, later ones through the stub alone. */
static void first_calls(void)
{
	static volatile double x = 0.7;
	x = lgamma(x) + atan2(x, 2);
	x = lgamma(x) + atan2(x, 2);
	getppid();
	getppid();
}

static __attribute__((noinline)) int use_alloca(volatile int n)
{
	char *room = __builtin_alloca((size_t)n);
	snprintf(room, (size_t)n, "%d", n);
	return room[0];
}

static void dynamic_frames(void)
{
	for (int n = 16; n < 20000; n *= 7)
		use_alloca(n);
	typedef int wide __attribute__((vector_size(32)));
	volatile wide realigned = {1, 2, 3};
	realigned += realigned;
}

static void allocate(void)
{
	void *volatile blocks[20];
	for (size_t i = 0; i < 20; i++)
		blocks[i] = malloc(i * i * 300);
	for (size_t i = 0; i < 20; i++)
		blocks[i] = realloc(blocks[i], i * 500 + 1);
	for (size_t i = 0; i < 20; i++)
		free(blocks[i]);
}

/** OpenSSL's assembly keeps its caller's stack pointer in places nobody else thinks of. */
static void *(*new_bignum)(void), *(*new_context)(void);
static int (*hex_to_bignum)(void **, const char *), (*power)(void *, void *, void *, void *, void *);
static unsigned char *(*sha256)(const void *, size_t, unsigned char *);
static unsigned char *(*sha512)(const void *, size_t, unsigned char *);

static void hash_and_power(void)
{
	static char bytes[100];
	unsigned char digest[64];
	sha256(bytes, sizeof(bytes), digest);
	sha512(bytes, sizeof(bytes), digest);
	void *r = new_bignum(), *a = NULL, *p = NULL, *m = NULL;
	char odd[33];
	memset(odd, 'f', sizeof(odd) - 1);
	odd[sizeof(odd) - 1] = '\0';
	hex_to_bignum(&a, "abcdef0123456789");
	hex_to_bignum(&p, "3");
	hex_to_bignum(&m, odd);
	power(r, a, p, m, new_context());
}

static bool find_openssl(void)
{
	void *lib = dlopen("libcrypto.so.3", RTLD_LAZY);
	if (!lib)
		return false;
	*(void **)&new_bignum = dlsym(lib, "BN_new");
	*(void **)&new_context = dlsym(lib, "BN_CTX_new");
	*(void **)&hex_to_bignum = dlsym(lib, "BN_hex2bn");
	*(void **)&power = dlsym(lib, "BN_mod_exp");
	*(void **)&sha256 = dlsym(lib, "SHA256");
	*(void **)&sha512 = dlsym(lib, "SHA512");
	return new_bignum && new_context && hex_to_bignum && power && sha256 && sha512;
}

void throw_through(void (*fn)(void));

static void nothing(void)
{
}

static void exceptions(void)
{
	throw_through(nothing);
}

static const struct {
	const char *name;
	void (*fn)(void);
	uint64_t tolerated; // wrong walks
} cases[] = {
	{"first_calls", first_calls},
	{"sort_and_search", sort_and_search},
	{"format", format},
	{"move_bytes", move_bytes},
	{"long_jump", long_jump},
	{"clocks", clocks},
	{"dynamic_frames", dynamic_frames},
	{"allocate", allocate},
	// While libgcc installs a context, the stack is half the thrower's, half the catcher's.
	{"exceptions", exceptions, 100},
	{"hash_and_power", hash_and_power},
};

/** Steps through the case, or all of them. */
int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	if (!find_openssl()) {
		puts("libcrypto.so.3 is missing");
		return EXIT_FAILURE;
	}
	hash_and_power(); // sets itself up, which takes millions of instructions
	cp_modmap_refresh();
	cp_unwind_init();
	stack_t alternate = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
	sigaltstack(&alternate, NULL);
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigaction(SIGTRAP, &action, NULL);
	uint64_t failed_cases = 0, run = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (*only && strcmp(only, cases[i].name))
			continue;
		steps = failures = early = by_fp = 0;
		stepped(cases[i].fn);
		printf("%-16s %8lu instructions, %lu wrong, %lu early, %lu by frame pointers\n", cases[i].name,
			(unsigned long)steps, (unsigned long)failures, (unsigned long)early, (unsigned long)by_fp);
		failed_cases += failures > cases[i].tolerated || steps < 50 || (early > 0 && cases[i].fn != long_jump);
		run++;
	}
	return failed_cases || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}
