// SPDX-License-Identifier: MIT
// resources OUT PROGRAM [ARG...]: runs the program and writes to OUT its seconds of CPU, its children's included, and
// its peak of resident memory in KiB. For batch.py and bench_tool.py: exec hands on the peak of whoever forked, and
// Python's own is larger than that of many programs.
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	int status;
	struct rusage usage;
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	FILE *out = fopen(argv[1], "w");
	if (!out)
		return 1;
	fprintf(out, "%.6f %ld\n", seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
