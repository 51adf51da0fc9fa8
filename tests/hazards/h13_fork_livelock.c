// SPDX-License-Identifier: MIT
// Hazard 13: fork of a large process takes longer than a sampling period, and the kernel starts it anew for
// each signal: at a high rate for ever, unless the signal is kept away meanwhile.
#include "workload.h"

#include <sys/mman.h>
#include <sys/wait.h>

WORK(between);

enum { FORKS = 10 };
static const size_t size_bytes = 256u << 20;

int main(int argc, char **argv)
{
	char *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(memory != MAP_FAILED);
	madvise(memory, size_bytes, MADV_NOHUGEPAGE); // page by page: that is what makes fork slow
	for (size_t i = 0; i < size_bytes; i += 4096)
		memory[i] = 1;

	workload_start(argc, argv);
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			_exit(7);
		MUST(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
		between(20);
	}
	workload_stop();
	return 0;
}
