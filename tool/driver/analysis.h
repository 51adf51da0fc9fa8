// SPDX-License-Identifier: MIT
// From a configuration and a profile to a report ready to be written. The shell, the command line and
// the web pages all come through here.
#ifndef CPROF_TOOL_DRIVER_ANALYSIS_H
#define CPROF_TOOL_DRIVER_ANALYSIS_H

#include "tool/binutils/object_tools.h"
#include "tool/env.h"
#include "tool/profile/profile.h"
#include "tool/report/report.h"

#include "command.h"
#include "config.h"

/** What stays the same for all commands of one run. */
struct session {
	const struct env *env;
	struct object_tools *tools;
	struct profile *profile;
	struct label_units units; // of the profile
	// There is but one command: it works on the profile itself, and destroys it. Others work on views of it.
	bool is_single;
};

/** One report being made; from analyze() to analysis_end(). */
struct analysis {
	struct arena arena; // errors too
	struct profile *view; // of the session's profile, or that itself
	struct regex *symbol;  // the command's regexp, or NULL
	struct report *report; // NULL after an error
};

/** Filters and aggregates a view of the session's profile as the command and the options say. `param`
 *  is the command's regexp, or NULL. Call analysis_end() in any case. */
struct err *analyze(const struct session *s, const struct command *c, const char *param,
		const struct config *config, struct analysis *out);

/** A report of the whole profile, for its labels and total: no filter, no command. */
struct err *analyze_unfiltered(const struct session *s, const struct config *config,
		struct analysis *out);

void analysis_end(struct analysis *an);

#endif
