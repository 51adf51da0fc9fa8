// SPDX-License-Identifier: MIT
// Hazard 26: a daemon that has closed its standard descriptors, and still prints. Nothing of it goes into our files.
#include <fcntl.h>

#include "workload.h"

enum { NSTANDARD = 3, SAVED_FD = 100, NWRITES = 200 };

static atomic_bool is_over;
static atomic_int nprinted;

WORK(burn);

static void *print(void *arg)
{
	while (!is_over) {
		for (int fd = 0; fd < NSTANDARD; fd++)
			nprinted += write(fd, "noise", 5) > 0;
	}
	return arg;
}

static void close_standard(void)
{
	for (int fd = 0; fd < NSTANDARD; fd++) {
		MUST(fcntl(fd, F_DUPFD_CLOEXEC, SAVED_FD + fd) == SAVED_FD + fd);
		close(fd);
	}
}

static void restore_standard(void)
{
	for (int fd = 0; fd < NSTANDARD; fd++)
		MUST(dup2(SAVED_FD + fd, fd) == fd);
}

int main(int argc, char **argv)
{
	pthread_t printer;
	char path[4096];
	close_standard();
	workload_start(argc, argv);
	burn(300);
	MUST(pthread_create(&printer, NULL, print, NULL) == 0);
	snprintf(path, sizeof(path), "%s.threads", argv[1]);
	for (int i = 0; i < NWRITES; i++)
		MUST(cprof_profile_write_to(cprof_lookup("threads"), cprof_to_path(path), 0) == 0);
	unlink(path);
	MUST(workload_stop_profile() == 0);
	is_over = true;
	pthread_join(printer, NULL);
	restore_standard();
	MUST(nprinted == 0);
	workload_print_truth();
	return 0;
}
