// SPDX-License-Identifier: MIT
// Context: CTL. zlib without malloc.
#ifndef CPROF_WRITE_GZIP_H
#define CPROF_WRITE_GZIP_H

#include "grow.h"

/** Appends one whole gzip member holding data[0..size) to out. 0 or -ENOMEM. */
int cp_gzip(struct profwrite_sink *out, const void *data, size_t size);

#endif
