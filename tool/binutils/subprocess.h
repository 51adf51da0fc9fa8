// SPDX-License-Identifier: MIT
// Running a tool: once for all it prints, or as a conversation, a line for a line. No shell.
#ifndef CPROF_TOOL_BINUTILS_SUBPROCESS_H
#define CPROF_TOOL_BINUTILS_SUBPROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/** Appends what argv (NULL-terminated) prints to `out`; its standard error is dropped. Errors are
 *  "[argv…]: exit status 1", as pprof prints them. client_fd: see filter_run(). */
struct err *subprocess_output(struct arena *a, const char *const argv[], int client_fd, struct buf *out);

/** A tool that answers on its standard output what is written to its standard input. */
struct conversation {
	pid_t pid;
	FILE *to, *from;
	char *line; // the last one read
	size_t line_cap;
};

struct err *conversation_start(struct arena *a, const char *const argv[], struct conversation *c);

/** Sends one line (newline added). False: the tool is gone. */
bool conversation_send(struct conversation *c, const char *line);

/** The next line without surrounding blanks, valid until the next call; false at the end. */
bool conversation_read(struct conversation *c, struct str *line_out);

void conversation_end(struct conversation *c);

#endif
