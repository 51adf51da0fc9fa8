// SPDX-License-Identifier: MIT
// A known sequence of calls; its own addresses go to standard output, a call a line, as the trace should tell them.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char text[1 << 16];
static size_t len;

static void note(const char *what, const void *a, const void *b, size_t size)
{
	len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %p %p %zu\n", what, a, b, size);
}

static __attribute__((noinline)) void *make_block(size_t size)
{
	void *p = malloc(size);
	note("alloc", p, NULL, size);
	return p;
}

static __attribute__((noinline)) void drop_block(void *p)
{
	note("free", p, NULL, 0);
	free(p);
}

static __attribute__((noinline)) void *grow_block(void *p, size_t size)
{
	char *old = p;
	p = realloc(p, size);
	note("realloc", old, p, size);
	return p;
}

static void *work(void *arg)
{
	void *p = make_block(77);
	drop_block(p);
	return arg;
}

int main(void)
{
	pthread_t thread;
	void *blocks[100];
	for (size_t i = 0; i < 100; i++)
		blocks[i] = make_block(100 + i);
	for (size_t i = 0; i < 100; i++)
		blocks[i] = grow_block(blocks[i], 3000 + i);
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < 100; i++)
		drop_block(blocks[i]);
	return write(1, text, len) == (ssize_t)len ? 0 : 1;
}
