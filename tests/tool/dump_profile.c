// SPDX-License-Identifier: MIT
// dump_profile FILE: what tool/profile reads in it, nothing filtered: what test_profile_upstream.py compares.
#include <stdio.h>

#include "tool/profile/encode.h"
#include "tool/profile/parse.h"

enum { MAX_BYTES = 16 << 20 };

int main(int argc, char **argv)
{
	static char data[MAX_BYTES];
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	size_t len = f ? fread(data, 1, sizeof(data), f) : 0;
	struct arena a = {0};
	struct profile *p = NULL;
	struct buf text = {0};
	struct err *err = profile_parse(&a, data, len, &p);
	if (err) {
		fprintf(stderr, "%s\n", err->message);
		return 1;
	}
	profile_dump(p, &text);
	return fwrite(text.ptr, 1, text.len, stdout) != text.len;
}
