// SPDX-License-Identifier: MIT
// Asking about a terminal (see term.h).
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool term_is_tty(FILE *f)
{
	return isatty(fileno(f)) == 1;
}

bool term_has_colour(FILE *f)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if (no_colour && *no_colour)
		return false;
	return term_is_tty(f) && term && strcmp(term, "dumb") != 0;
}

int term_width(FILE *f)
{
	struct winsize w;
	if (ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col)
		return w.ws_col;
	return 80;
}
