// SPDX-License-Identifier: MIT
// Context: SIG. Hexadecimal digits, whatever the locale.
#ifndef CPROF_WRITE_HEX_H
#define CPROF_WRITE_HEX_H

/** -1: it is none. */
static inline int cp_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
