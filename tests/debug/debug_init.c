// SPDX-License-Identifier: MIT
// Constructors that take a known time: two of the program, and one of the library it is linked with. With -DMANY
// the program has 1,500 more, which is more than can be traced.
#include <stdio.h>
#include <time.h>

static int norder;

static void take_ms(long ms)
{
	struct timespec pause = {0, ms * 1000000};
	nanosleep(&pause, NULL);
}

#ifdef LIBRARY
__attribute__((constructor)) static void begin_library(void)
{
	norder++;
	take_ms(7);
}

int debug_init_library(void);

int debug_init_library(void)
{
	return norder;
}
#else
int debug_init_library(void);

__attribute__((constructor(200))) static void begin_first(int argc, char **argv, char **env)
{
	norder += argc == 2 && argv[1][0] == 'x' && env != NULL;
	take_ms(20);
}

__attribute__((constructor(300))) static void begin_second(void)
{
	norder *= 10;
	take_ms(10);
}

#ifdef MANY
static int nmany;

static void count(void)
{
	nmany++;
}

#define FIVE(entry) entry, entry, entry, entry, entry
__attribute__((section(".init_array"), used, aligned(sizeof(void *)))) static void (*const many[])(void) = {
		FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))),
		FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))),
		FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count))), FIVE(FIVE(FIVE(count)))};
#else
static const int nmany = 0;
#endif

int main(void)
{
	printf("%d %d %d\n", norder, debug_init_library(), nmany);
	return 0;
}
#endif
