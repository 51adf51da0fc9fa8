// SPDX-License-Identifier: MIT
// Context: CTL. The little printf of lib/: no stdio, which may allocate and locks, no locale.
#ifndef CPROF_WRITE_VFORMAT_H
#define CPROF_WRITE_VFORMAT_H

#include <stdarg.h>
#include <stddef.h>

/**
 * %s %c %d %u %x with l and ll, %zu, %%. No width, no precision. Always NUL-terminated where
 * size > 0; what does not fit is cut. Returns the length written, the NUL not counted.
 */
size_t cp_vformat(char *buf, size_t size, const char *fmt, va_list ap);
size_t cp_format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
