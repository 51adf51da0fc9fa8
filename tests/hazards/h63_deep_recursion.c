// SPDX-License-Identifier: MIT
// Hazard 63: a recursion deeper than any limit. The stack is cut, at the root's end, and says so; what works
// is still on the leaf.
#include "workload.h"

WORK(at_the_bottom);

KEPT static int recurse(int depth)
{
	volatile int here = depth;
	if (depth == 0)
		at_the_bottom(400);
	else
		here += recurse(depth - 1);
	return here;
}

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	recurse(50000);
	workload_stop();
	return 0;
}
