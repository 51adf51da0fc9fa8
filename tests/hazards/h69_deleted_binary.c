// SPDX-License-Identifier: MIT
// Hazard 69: the program's file is replaced by another while it runs, as a package upgrade does. Names come
// from what runs, not from what lies under the path now. h69_deleted_binary OUT HZ ENGINE deleted|replaced
// Works on a copy of itself.
#include "workload.h"

#include <fcntl.h>
#include <sys/sendfile.h>

WORK(of_the_old_program);

static void copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	MUST(in >= 0 && out >= 0);
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	close(in);
	MUST(close(out) == 0);
}

int main(int argc, char **argv)
{
	char path[4096];

	MUST(argc == 5 || argc == 6);
	snprintf(path, sizeof(path), "%s.program", argv[1]);
	if (argc == 5) {
		copy("/proc/self/exe", path);
		char last[] = "copy";
		execv(path, (char *[]){path, argv[1], argv[2], argv[3], argv[4], last, NULL});
		MUST(!"exec");
	}
	workload_start(argc, argv);
	MUST(unlink(path) == 0);
	if (!strcmp(argv[4], "replaced"))
		copy("/bin/true", path);
	of_the_old_program(400);
	workload_stop();
	unlink(path);
	return 0;
}
