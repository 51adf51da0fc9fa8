// SPDX-License-Identifier: MIT
// Context: CTL. zlib without malloc.
#ifndef CPROF_WRITE_GZIP_H
#define CPROF_WRITE_GZIP_H

#include "grow.h"
#include "sigsafe/pagealloc.h"

/** Appends one whole gzip member holding data[0..size) to out. What zlib needs is taken of `scratch`, which is
 *  rewound. 0 or -ENOMEM. */
int cp_gzip(struct profwrite_sink *out, const void *data, size_t size, struct cp_arena *scratch);

/** Unpacks zlib's stream data[0..size) (a compressed section of an ELF file), which must give out_bytes bytes.
 *  0, -EINVAL: it does not, -EFBIG or -ENOMEM. */
int cp_unzip(void *out, size_t out_bytes, const void *data, size_t size);

#endif
