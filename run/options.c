// SPDX-License-Identifier: MIT
// Flags as Go's commands have them: one dash or two, "-flag value" or "-flag=value", none after the
// program's name.
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/str.h"

enum { MAX_RATE_HZ = 10000 };

const char run_usage[] =
		"usage: cprof run [-cpuprofile FILE] [-cpurate HZ] [-cpuengine ENGINE] [--] PROGRAM [ARGS]\n"
		"  -cpuprofile FILE   where the profile goes (cprof.cpu.pb.gz); with %p in it, the process\n"
		"                     id, every process that PROGRAM starts writes a profile of its own\n"
		"  -cpurate HZ        samples per second of CPU time of each thread (100)\n"
		"  -cpuengine ENGINE  auto, timer, perf or itimer (auto)\n";

static struct err *parse_rate(struct arena *a, const char *value, int *rate_hz_out)
{
	char *end;
	errno = 0;
	long rate = strtol(value, &end, 10);
	if (*value == '\0' || *end || errno || rate < 1 || rate > MAX_RATE_HZ)
		return err_new(a, "-cpurate %s: not a number from 1 to %d", value, MAX_RATE_HZ);
	*rate_hz_out = (int)rate;
	return NULL;
}

static struct err *parse_engine(struct arena *a, const char *value, const char **engine_out)
{
	static const char *const engines[] = {"auto", "timer", "perf", "itimer"};
	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++) {
		if (strcmp(value, engines[i]) == 0) {
			*engine_out = engines[i];
			return NULL;
		}
	}
	return err_new(a, "-cpuengine %s: there are auto, timer, perf and itimer", value);
}

static struct err *set(struct arena *a, struct run_options *o, const char *name, const char *value)
{
	if (strcmp(name, "cpurate") == 0)
		return parse_rate(a, value, &o->rate_hz);
	if (strcmp(name, "cpuengine") == 0)
		return parse_engine(a, value, &o->engine);
	if (*value == '\0')
		return err_new(a, "-cpuprofile: no file name");
	o->cpuprofile = value;
	return NULL;
}

static bool takes_value(const char *name)
{
	return strcmp(name, "cpuprofile") == 0 || strcmp(name, "cpurate") == 0 ||
			strcmp(name, "cpuengine") == 0;
}

static bool is_help(const char *name)
{
	return strcmp(name, "h") == 0 || strcmp(name, "help") == 0;
}

struct err *run_options_parse(struct arena *a, int argc, char **argv, struct run_options *options_out)
{
	struct run_options *o = options_out;
	*o = (struct run_options){.cpuprofile = "cprof.cpu.pb.gz"};
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		struct str value = str_from(argv[i] + (argv[i][1] == '-' ? 2 : 1));
		struct str head = str_cut(&value, '=');
		const char *name = arena_strndup(a, head.ptr, head.len);
		if (is_help(name)) {
			o->help = true;
			return NULL;
		}
		if (!takes_value(name))
			return err_new(a, "there is no flag -%s", name);
		bool is_joined = head.ptr[head.len] == '=';
		if (!is_joined && ++i == argc)
			return err_new(a, "-%s needs a value", name);
		struct err *e = set(a, o, name, is_joined ? value.ptr : argv[i]);
		if (e)
			return e;
	}
	o->program = argv + i;
	return i < argc ? NULL : err_new(a, "no program given");
}
