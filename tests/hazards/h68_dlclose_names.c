// SPDX-License-Identifier: MIT
// Hazard 68: two libraries, one after the other at the same address. Each one's time stands under its own
// name, though neither is loaded any more when the profile is written.
#include "plugin.h"

static struct work plugin_a_work = {.name = "plugin_a"}, plugin_b_work = {.name = "plugin_b"};

int main(int argc, char **argv)
{
	workload_start(argc, argv);
	work_register(&plugin_a_work);
	work_register(&plugin_b_work);
	struct plugin a = plugin_open(argv[0], "plugin_a");
	a.work(&plugin_a_work, 400, spin);
	MUST(dlclose(a.handle) == 0);
	struct plugin b = plugin_open(argv[0], "plugin_b");
	b.work(&plugin_b_work, 200, spin);
	MUST(dlclose(b.handle) == 0);
	say("same_address %d", a.work == b.work);
	workload_stop();
	return 0;
}
