// SPDX-License-Identifier: MIT
// See outside.h. Started here as a shell would; run/ knows nothing of the sampler but its command line.
#include "outside.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/program.h"
#include "outcome.h"

bool outside_is_wanted(const struct injection *in)
{
	const char *engine = in->options->engine;
	return in->cpu.path && (!engine || strcmp(engine, "auto") == 0 || strcmp(engine, "perf") == 0);
}

pid_t outside_begin(struct arena *a, const struct injection *in, pid_t program)
{
	const char *argv[11] = {"/proc/self/exe", "attach", "-quiet", "-ready", "1", "-cpuprofile", in->cpu.given};
	size_t n = 7;
	int ready[2];
	pid_t sampler;
	char word;
	if (in->options->rate_hz) {
		argv[n++] = "-cpurate";
		argv[n++] = arena_printf(a, "%d", in->options->rate_hz);
	}
	argv[n++] = arena_printf(a, "%d", (int)program);
	if (pipe2(ready, O_CLOEXEC) != 0)
		return 0;
	int error = program_start_apart(argv, STREAM_NULL, ready[1], STREAM_OURS, &sampler);
	close(ready[1]);
	bool is_ready = !error && read(ready[0], &word, 1) == 1;
	close(ready[0]);
	if (!is_ready && !error)
		program_wait(sampler);
	return is_ready ? sampler : 0;
}

void outside_end(pid_t sampler)
{
	program_wait(sampler);
}

void outside_cancel(struct arena *a, const struct injection *in, pid_t program, pid_t sampler)
{
	const char *path = path_expand(a, in->cpu.path, arena_printf(a, "%d", (int)program));
	struct outcome o;
	kill(sampler, SIGKILL);
	program_wait(sampler);
	outcome_find(a, &in->cpu, &o);
	for (int i = 0; i < o.last.count; i++) {
		if (strcmp(o.last.paths[i], path) == 0)
			unlink(path);
	}
}
