// SPDX-License-Identifier: MIT
// What is at the other end of a stream: a terminal, and how it may be written to.
#ifndef CPROF_BASE_TERM_H
#define CPROF_BASE_TERM_H

#include <stdbool.h>
#include <stdio.h>

bool term_is_tty(FILE *f);

/** A terminal that understands escapes, and a user who did not set NO_COLOR. */
bool term_has_colour(FILE *f);

/** Columns; 80 where nobody knows. */
int term_width(FILE *f);

#endif
