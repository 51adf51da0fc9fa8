// SPDX-License-Identifier: MIT
// Hazard 44: far more blocks alive at once than the tables were made for: none is forgotten, each is found at free.
#include "heap_truth.h"

enum { BLOCKS = 1000000 };

static struct truth truth;
static void *blocks[BLOCKS];

static SITE void allocate(int i)
{
	blocks[i] = took(&truth, malloc(24), 24);
}

int main(void)
{
	for (int i = 0; i < BLOCKS; i++)
		allocate(i);
	for (int i = 0; i < BLOCKS; i++) {
		if (i % 10 == 0)
			continue;
		free(blocks[i]);
		gave(&truth, 24);
	}
	say("allocate", &truth);
	return 0;
}
