// SPDX-License-Identifier: MIT
// Hazard 26: file descriptors are short. h26_fd_exhaustion OUT HZ ENGINE scarce|closed|alone
// scarce: RLIMIT_NOFILE leaves room for four, eight threads run, and the application must still be able to
// open a file. closed: a daemon closes all it did not open; the numbers become its own files, which nobody
// else may write to or close. alone: so, and has one thread, which had no tick until it had used another second.
#include "workload.h"

#include <fcntl.h>
#include <sys/resource.h>

WORK(busy);

enum { FILES = 16 };

static void *work(void *arg)
{
	busy(100);
	return arg;
}

static void work_in_threads(void)
{
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		threads[i] = start_thread(work, NULL);
	for (int i = 0; i < 8; i++)
		join_thread(threads[i]);
}

static void open_own_files(int files[FILES])
{
	for (int i = 0; i < FILES; i++) {
		files[i] = open("/tmp", O_TMPFILE | O_RDWR, 0600);
		MUST(files[i] >= 0);
		MUST(write(files[i], &i, sizeof(i)) == sizeof(i));
	}
}

static void check_own_files(const int files[FILES])
{
	for (int i = 0; i < FILES; i++) {
		int content = -1;
		MUST(lseek(files[i], 0, SEEK_END) == sizeof(i));
		MUST(pread(files[i], &content, sizeof(content), 0) == sizeof(content));
		MUST(content == i);
		MUST(fcntl(files[i], F_GETFL) >= 0 && !(fcntl(files[i], F_GETFL) & O_ASYNC));
	}
}

int main(int argc, char **argv)
{
	int files[FILES];

	MUST(argc == 5);
	if (!strcmp(argv[4], "scarce")) {
		MUST(setrlimit(RLIMIT_NOFILE, &(struct rlimit){8, 8}) == 0);
		workload_start(argc, argv);
		pthread_t t = start_thread(work, NULL);
		int fd = open("/dev/null", O_RDONLY);
		MUST(fd >= 0);
		close(fd);
		join_thread(t);
		work_in_threads();
		workload_stop();
		return 0;
	}
	bool is_alone = strcmp(argv[4], "alone") == 0;
	workload_start(argc, argv);
	if (!is_alone)
		work_in_threads();
	MUST(close_range(3, ~0u, 0) == 0);
	open_own_files(files);
	if (is_alone)
		busy(800);
	else
		work_in_threads();
	workload_stop();
	check_own_files(files);
	return 0;
}
