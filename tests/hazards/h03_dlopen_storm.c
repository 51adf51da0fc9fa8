// SPDX-License-Identifier: MIT
// Hazard 3: libraries come and go while handlers unwind, through the library that comes and goes as well
// as beside it. Nothing in a handler may take the loader's lock, or read tables that dlclose unmaps.
#include "plugin.h"

WORK(beside);

static struct work plugin_a_work = {.name = "plugin_a"};
static _Atomic bool done;

static void *work(void *arg)
{
	while (!done)
		beside(1);
	return arg;
}

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	work_register(&plugin_a_work);
	pthread_t t = start_thread(work, NULL);
	for (int i = 0; i < 300; i++) {
		struct plugin p = plugin_open(argv[0], "plugin_a");
		p.work(&plugin_a_work, 1, spin);
		MUST(dlclose(p.handle) == 0);
	}
	done = true;
	join_thread(t);
	workload_stop();
	return 0;
}
