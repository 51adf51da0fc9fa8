// SPDX-License-Identifier: MIT
// `cprof test`: the profiles of a test program in files of its own, whatever processes it was made of.
//
// The library writes a part for each process (Check runs each test in a child, a script starts programs);
// when the test has ended the parts of one program become one file.
#ifndef CPROF_RUN_TEST_H
#define CPROF_RUN_TEST_H

#include <sys/types.h>

#include "options.h"

enum { TEST_KINDS = 8 };

struct test_file {
	const char *given; // as the user wrote it, with the directory before it; NULL: not asked for
	const char *parts; // what all of its parts' names begin with
	bool is_trace;
};

struct test_files {
	struct test_file files[TEST_KINDS];
	const char *test; // the name of the test: its program and its arguments
	const char *program; // its program's name
};

/** Makes the output directory, and points the options to the parts. */
struct err *test_prepare(struct arena *a, struct run_options *options, struct test_files *files_out);

/** Makes files of the parts, once process `pid`, the test, has ended; says on stderr what it cannot. */
void test_collect(struct arena *a, const struct test_files *files, pid_t pid);

#endif
