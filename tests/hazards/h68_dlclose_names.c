// SPDX-License-Identifier: MIT
// Hazard 68: two libraries, by turns at the same address. Each one's time stands under its own name, though
// neither is loaded any more when the profile is written.
#include "plugin.h"

static struct work plugin_a_work = {.name = "plugin_a"}, plugin_b_work = {.name = "plugin_b"};

static void *run(const char *program, const char *name, struct work *w, double ms)
{
	struct plugin p = plugin_open(program, name);
	p.work(w, ms, spin);
	void *at = (void *)p.work;
	MUST(dlclose(p.handle) == 0);
	return at;
}

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	work_register(&plugin_a_work);
	work_register(&plugin_b_work);
	void *a = NULL, *b = NULL;
	for (int i = 0; i < 2; i++) {
		a = run(argv[0], "plugin_a", &plugin_a_work, 400);
		b = run(argv[0], "plugin_b", &plugin_b_work, 200);
	}
	say("same_address %d", a == b);
	workload_stop();
	return 0;
}
