// SPDX-License-Identifier: MIT
// A program whose inlining is known. mark_*: addresses the test asks about; the comments name the
// lines where they stand and where the calls inlined around them are.
#include <stdio.h>

#define MARK(name) __asm__ volatile(".globl mark_" #name "\nmark_" #name ": nop")
#define INLINE static inline __attribute__((always_inline))

static volatile int sink;

INLINE void innermost(int x) // start innermost
{
	sink += x;
	MARK(inlined_twice); // line innermost
	sink -= x;
}

INLINE void middle(int x) // start middle
{
	sink ^= x;
	innermost(x + 1); // call innermost
}

__attribute__((noinline)) void outer(int x) // start outer
{
	middle(x); // call middle
	sink++;
	MARK(plain); // line plain
	sink--;
}

__attribute__((noinline)) static void local_function(int x) // start local
{
	sink += x;
	MARK(local); // line local
}

int main(int argc, char **argv)
{
	outer(argc);
	local_function(argc);
	printf("%d\n", sink);
	return 0;
}
