// SPDX-License-Identifier: MIT
// What one run of the analyzer was asked on its command line: where profiles come from, how they are
// read, and the report, if any, to make of them.
#ifndef CPROF_TOOL_DRIVER_REQUEST_H
#define CPROF_TOOL_DRIVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tool/env.h"

#include "command.h"
#include "config.h"

struct tls_files {
	const char *cert, *key, *ca; // "" where not given
};

struct request {
	const char *const *sources;
	size_t nsources;
	const char *base; // "" for none
	bool is_diff;     // the base came by -diff_base
	const char *exec_name, *build_id; // override those of the first mapping; "" for none

	int seconds, timeout_s; // -1 where not given
	struct tls_files tls;
	const char *symbolize, *tools, *comment;
	bool all_frames; // drop_frames and keep_frames of the profile do not count

	const char *http; // host:port of the web pages; "" for none
	bool no_browser;

	const struct command *command; // NULL: the shell, or the web pages
	const char *param;             // its regexp, where it has one
	struct config config;
};

/** argv without the program's name. *asks_for_help_out: print usage, do no more. A wrong flag or no
 *  source leaves *is_usage_out set beside the error. */
struct err *request_parse(struct arena *a, const struct env *env, int argc, const char *const *argv,
		struct request *out, bool *asks_for_help_out, bool *is_usage_out);

#endif
