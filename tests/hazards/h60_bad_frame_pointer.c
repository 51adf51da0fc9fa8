// SPDX-License-Identifier: MIT
// Hazard 60: hand-written code without unwind rules that uses rbp as a number like any other. Whatever is in
// it, nobody may follow it into unmapped memory, round in circles, or up into another thread's stack.
#include "workload.h"

WORK(beside);

static struct work garbage_work = {.name = "garbage"};

#if defined(__x86_64__)
// void spin_with_fp(uint64_t fp, uint64_t rounds)
__asm__(".text\n"
	".type spin_with_fp, @function\n"
	"spin_with_fp:\n"
	"	push %rbp\n"
	"	mov %rdi, %rbp\n"
	"1:	imul $3, %rax\n"
	"	imul $5, %rax\n"
	"	dec %rsi\n"
	"	jnz 1b\n"
	"	pop %rbp\n"
	"	ret\n"
	".size spin_with_fp, .-spin_with_fp\n");
#else
__asm__(".text\n"
	".type spin_with_fp, @function\n"
	"spin_with_fp:\n"
	"	str x29, [sp, #-16]!\n"
	"	mov x29, x0\n"
	"1:	mul x2, x2, x2\n"
	"	subs x1, x1, #1\n"
	"	b.ne 1b\n"
	"	ldr x29, [sp], #16\n"
	"	ret\n"
	".size spin_with_fp, .-spin_with_fp\n");
#endif
void spin_with_fp(uint64_t fp, uint64_t rounds);

KEPT static void garbage(uint64_t fp)
{
	int64_t before = thread_cpu_ns();
	while (thread_cpu_ns() - before < 30000000)
		spin_with_fp(fp, 100000);
	garbage_work.ns += thread_cpu_ns() - before;
}

int main(int argc, char **argv)
{
	uint64_t loop[2], up[2];
	loop[0] = (uint64_t)loop; // a frame that is its own caller
	loop[1] = (uint64_t)main;
	up[0] = (uint64_t)up + (64 << 20); // far above this stack
	up[1] = (uint64_t)main;
	uint64_t bad[] = {0, 1, 8, 0x7ff0, (uint64_t)loop, (uint64_t)loop + 3, (uint64_t)up, (uint64_t)main,
			(uint64_t)&garbage_work, ~0ull, ~7ull, 1ull << 47, 0xdeadbeefdeadbee8ull};

	workload_start(argc, argv);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		garbage(bad[i]);
	beside(400);
	say("truth spin_with_fp %lld", (long long)garbage_work.ns);
	workload_stop();
	return 0;
}
