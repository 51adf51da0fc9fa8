// SPDX-License-Identifier: MIT
// attached: burns CPU in early(), and from a line on its standard input on also in late(), on another thread.
// With the argument "jit" also in code it makes itself, of which it writes a map, as JIT compilers do; with "shared
// jit" in memory that it would share with its children, as PHP's does; with "bare" in assembly without unwind tables;
// with "starts" on a thread that starts others all the time; with "brief" in such, for less than two milliseconds each;
// with "grows" in two hundred, each of which starts the next.
// Ends at the end of its input. It knows nothing of any profiler. test_attach.py looks at what comes of it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

static atomic_bool is_over;
static volatile unsigned long sink;

KEPT static void burn(void)
{
	for (int i = 0; i < 100000; i++)
		sink += (unsigned)i;
}

KEPT static void early(void)
{
	while (!is_over)
		burn();
	sink++;
}

KEPT static void late(void)
{
	while (!is_over)
		burn();
	sink--;
}

static void *run(void *function)
{
	((void (*)(void))function)();
	return NULL;
}

/** A loop without end, in memory that is no file's. */
static void start_generated(int sharing)
{
#ifdef __aarch64__
	static const unsigned char loop[] = {0, 0, 0, 0x14};
#else
	static const unsigned char loop[] = {0xeb, 0xfe};
#endif
	char path[64];
	pthread_t thread;
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, sharing | MAP_ANONYMOUS, -1, 0);
	memcpy(code, loop, sizeof(loop));
	__builtin___clear_cache(code, (char *)code + sizeof(loop));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	FILE *map = fopen(path, "w");
	fprintf(map, "nonsense\n%lx 10 of_before\n%lx 10 JS:*generated a b.js:1\n", (unsigned long)code,
			(unsigned long)code);
	fclose(map);
	pthread_create(&thread, NULL, run, code);
}

/// Assembly whose author wrote no tables, and needs the frame pointer for something else

void bare_loop(const atomic_bool *is_over);

#ifdef __aarch64__
__asm__(".pushsection .text\n"
	"bare_loop: stp x29, x30, [sp, #-16]!\n mov x29, sp\n"
	"1: ldrb w1, [x0]\n cbz w1, 1b\n"
	"ldp x29, x30, [sp], #16\n ret\n .popsection\n");
#else
__asm__(".pushsection .text\n"
	"bare_loop: push %rbp\n sub $3000, %rsp\n mov $1, %ebp\n"
	"1: cmpb $0, (%rdi)\n je 1b\n"
	"add $3000, %rsp\n pop %rbp\n ret\n .popsection\n");
#endif

/** Leaves return addresses where the assembly will have its locals: also of calls that may have gone to anything. */
KEPT static unsigned litter(unsigned depth)
{
	static unsigned (*volatile again)(unsigned depth) = litter;
	burn();
	return depth ? again(depth - 1) + depth : 0;
}

KEPT static void in_assembly(void)
{
	sink += litter(50);
	bare_loop(&is_over);
	sink++;
}

static void do_nothing(void)
{
}

static void work_a_little(void)
{
	for (int i = 0; i < 5; i++)
		burn();
}

KEPT static void let_others_work(void)
{
	while (!is_over) {
		pthread_t thread;
		pthread_create(&thread, NULL, run, (void *)work_a_little);
		pthread_join(thread, NULL);
	}
	sink++;
}

KEPT static void start_others(void)
{
	while (!is_over) {
		pthread_t thread;
		burn();
		pthread_create(&thread, NULL, run, (void *)do_nothing);
		pthread_join(thread, NULL);
	}
	sink++;
}

KEPT static void grow(void)
{
	static int nstarted; // by one at a time
	pthread_t next;
	usleep(3000);
	if (++nstarted < 200)
		pthread_create(&next, NULL, run, (void *)grow);
	for (; !is_over; usleep(20000))
		burn();
	sink++;
}

static void start_more(const char *kind)
{
	pthread_t thread;
	if (strcmp(kind, "grows") == 0)
		pthread_create(&thread, NULL, run, (void *)grow);
	else if (strcmp(kind, "brief") == 0)
		for (int i = 0; i < 4; i++) // on a busy machine, too, they use more than early() does
			pthread_create(&thread, NULL, run, (void *)let_others_work);
	else if (strcmp(kind, "starts") == 0)
		pthread_create(&thread, NULL, run, (void *)start_others);
	else if (strcmp(kind, "bare") == 0)
		pthread_create(&thread, NULL, run, (void *)in_assembly);
	else
		start_generated(strcmp(kind, "jit") == 0 ? MAP_PRIVATE : MAP_SHARED);
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	if (argc > 1)
		start_more(argv[1]);
	pthread_create(&threads[0], NULL, run, (void *)early);
	puts("ready");
	fflush(stdout);
	getchar();
	pthread_create(&threads[1], NULL, run, (void *)late);
	while (getchar() != EOF)
		;
	is_over = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
