// SPDX-License-Identifier: MIT
// Context: CTL. See bench_run.h. Standard output is stdio's, between the lines of the program's own.
#include "bench_run.h"

#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

enum { LINE_BYTES = 1024, CPU_BYTES = 256 };

static const char prefix[] = "Benchmark";

static bool matches(const char *pattern, const char *name)
{
	regex_t regex;
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) // no memory: it was looked at before
		return false;
	bool is_match = regexec(&regex, name, 0, NULL, 0) == 0;
	regfree(&regex);
	return is_match;
}

/** As in /proc/cpuinfo; "": it is not told there. */
static void find_cpu_name(char name_out[CPU_BYTES])
{
	char line[CPU_BYTES];
	FILE *file = fopen("/proc/cpuinfo", "re");
	name_out[0] = '\0';
	while (file && !name_out[0] && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) == 0 && colon) {
			colon += 1 + strspn(colon + 1, " \t");
			snprintf(name_out, CPU_BYTES, "%.*s", (int)strcspn(colon, "\n"), colon);
		}
	}
	if (file)
		fclose(file);
}

/** What benchstat tells machines apart by. Go's names. */
static void print_head(void)
{
	static bool is_printed;
	struct utsname host;
	char cpu[CPU_BYTES];
	if (is_printed || uname(&host) != 0)
		return;
	is_printed = true;
	const char *arch = strcmp(host.machine, "x86_64") == 0  ? "amd64"
			: strcmp(host.machine, "aarch64") == 0 ? "arm64"
							      : host.machine;
	printf("goos: linux\ngoarch: %s\npkg: %s\n", arch, program_invocation_short_name);
	find_cpu_name(cpu);
	if (cpu[0])
		printf("cpu: %s\n", cpu);
}

static int processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

bool cp_bench_run(const struct cp_testing_flags *flags, const char *name, void (*fn)(struct cprof_bench *, void *),
		void *arg)
{
	char full_name[LINE_BYTES / 2], line[LINE_BYTES];
	bool has_prefix = strncmp(name, prefix, sizeof(prefix) - 1) == 0;
	int nprocessors = processors();
	snprintf(full_name, sizeof(full_name), "%s%s", has_prefix ? "" : prefix, name);
	if (!flags->bench || flags->count == 0 || !matches(flags->bench, full_name))
		return false;
	print_head();
	for (int64_t i = 0; i < flags->count; i++) {
		struct cp_bench b = {.shows_allocs = flags->benchmem};
		cp_bench_measure(&b, fn, arg, flags->benchtime_ns, flags->benchtime_n);
		cp_bench_format(&b, line, sizeof(line));
		if (nprocessors > 1)
			printf("%s-%d\t%s\n", full_name, nprocessors, line);
		else
			printf("%s\t%s\n", full_name, line);
		fflush(stdout);
	}
	return true;
}
