// SPDX-License-Identifier: MIT
// Files that results go to, so that none is ever half of one and an earlier one is not lost for nothing.
#ifndef CPROF_BASE_OUTFILE_H
#define CPROF_BASE_OUTFILE_H

#include <stddef.h>

#include "arena.h"

/** The file a symbolic link leads to, since what is renamed to a link takes its place: that of /dev/stdout, say. Else
 *  the path itself, also of a link to a pipe or to what is not there. */
const char *outfile_place(struct arena *a, const char *path);

/** Why no file can be written there (errno), 0: it can. Nothing stays behind. */
int outfile_probe(struct arena *a, const char *path);

/** Puts data there, whole or not at all: 0 or errno. A device, a pipe or what has no
 *  name any more is written in place. */
int outfile_write(struct arena *a, const char *path, const void *data, size_t size);

/** Of a file whose content did not come whole, before it is closed: nobody shall take it for one that did. Devices and
 *  pipes have taken what they have. */
void outfile_discard(int fd, const char *path);

#endif
