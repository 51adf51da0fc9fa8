// SPDX-License-Identifier: MIT
// Nearly all its time in the kernel: kernel OUT HZ ENGINE MS reads /dev/zero for 90 % of MS milliseconds
// of CPU time, and computes for the rest.
#include "workload.h"

#include <fcntl.h>

WORK(compute);

static struct work read_zeros_work = {.name = "read_zeros"};

KEPT static void read_zeros(double ms)
{
	static char block[64 << 10];
	int fd = open("/dev/zero", O_RDONLY);
	int64_t before = thread_cpu_ns(), now;

	MUST(fd >= 0);
	do {
		for (int i = 0; i < 16; i++)
			MUST(read(fd, block, sizeof(block)) > 0 || errno == EINTR); // a signal cuts it short
		now = thread_cpu_ns();
	} while (now - before < (int64_t)(ms * 1e6));
	read_zeros_work.ns += now - before;
	close(fd);
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	double ms = atof(argv[4]);
	work_register(&read_zeros_work);
	workload_start(argc, argv);
	for (int i = 0; i < 20; i++) {
		read_zeros(ms * 0.9 / 20);
		compute(ms * 0.1 / 20);
	}
	workload_stop();
	return 0;
}
