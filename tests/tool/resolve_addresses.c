// SPDX-License-Identifier: MIT
// resolve_addresses FILE [DEBUG_PATH]: reads hexadecimal file addresses, ascending, and prints the
// frames of each on a line: "function|file|line|column|start_line", frames separated by tabs.
#include <stdio.h>
#include <stdlib.h>

#include "tool/binutils/objfile.h"
#include "tool/symbolizer/resolver.h"

enum { MAX_ADDRESSES = 1 << 20 };

static void print(struct frames f)
{
	for (uint32_t i = 0; i < f.n; i++) {
		const struct frame *x = &f.items[i];
		printf("%s%.*s|%.*s|%ld|%ld|%ld", i ? "\t" : "", STR_FMT(x->function), STR_FMT(x->file), x->line,
				x->column, x->start_line);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	struct arena a = {0};
	struct mapped_range whole = {0};
	struct objfile *f;
	struct err *e = objfile_open(&a, argv[1], &whole, &f);
	uint64_t *addresses = malloc(MAX_ADDRESSES * sizeof *addresses);
	uint32_t n = 0;
	while (n < MAX_ADDRESSES && scanf("%lx", &addresses[n]) == 1)
		n++;
	struct resolver_options options = {.debug_path = argc > 2 ? argv[2] : NULL};
	struct frames *frames = calloc(n + 1, sizeof *frames);
	struct resolver *r = e ? NULL : resolver_new(&a, f, &options);
	if (!e)
		e = resolver_lookup(r, addresses, n, frames);
	if (e) {
		fprintf(stderr, "%s\n", e->message);
		return 2;
	}
	for (uint32_t i = 0; i < n; i++)
		print(frames[i]);
	resolver_close(r);
	free(frames);
	free(addresses);
	arena_deinit(&a);
	return 0;
}
