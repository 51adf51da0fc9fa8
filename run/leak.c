// SPDX-License-Identifier: MIT
// The analyzer in a process of its own: run/ knows nothing of it but its command line and the first line of its
// report. The program's own standard output stays its own, so the report goes to stderr.
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/program.h"

/** The analyzer's report, empty where it failed. 0 or an errno. */
static int read_report(const char *file, struct buf *report)
{
	// What libc keeps for itself to the end: buffers of stdio, locales, the stacks of threads that have ended.
	const char *const argv[] = {"/proc/self/exe", "-stacks", "-lines", "-compact_labels",
			"-relative_percentages", "-sample_index=inuse_space",
			"-ignore=^(_IO_file_doallocate|setlocale|bindtextdomain|textdomain|_dl_allocate_tls)$",
			file, NULL};
	int ends[2];
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	// Its standard error would tell of each binary without symbols.
	int error = program_start(argv, STREAM_NULL, ends[1], STREAM_NULL, &pid);
	close(ends[1]);
	if (error == 0) {
		buf_read_all(report, ends[0]);
		buf_byte(report, '\0');
		program_wait(pid);
	}
	close(ends[0]);
	return error;
}

void leak_print(const char *file, const char *whose, bool is_exact)
{
	struct buf report = {0};
	unsigned nshown, nstacks;
	char total[64];
	int error = read_report(file, &report);
	if (error)
		fprintf(stderr, "cprof: -leak: %s\n", strerror(error));
	else if (sscanf(report.ptr, "Showing %u of %u stacks; all: %63s", &nshown, &nstacks, total) != 3)
		fprintf(stderr, "cprof: -leak: no report; try: cprof -stacks %s\n", file);
	else if (nstacks == 0)
		fprintf(stderr, "cprof: %snothing leaked%s\n", whose, is_exact ? "" : ", of what was sampled");
	else
		fprintf(stderr, "cprof: %snever freed, by where it was allocated:\n%s\n"
				"cprof: %sin all %s%s never freed, from %u place%s%s\n",
				whose, strchr(report.ptr, '\n') + 1, whose, is_exact ? "" : "about ", total, nstacks,
				nstacks == 1 ? "" : "s", nshown < nstacks ? "; the largest are shown" : "");
	buf_deinit(&report);
}
