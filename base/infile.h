// SPDX-License-Identifier: MIT
// Files that others have named: a profile its binary and its sources, a script its interpreter.
#ifndef CPROF_BASE_INFILE_H
#define CPROF_BASE_INFILE_H

/** Opens a regular file for reading. -1 and errno where that cannot be, or it is none: EISDIR of a directory, else
 *  EINVAL. It is not even opened then: at a pipe that waits, and of a watchdog it starts the clock. */
int infile_open(const char *path);

#endif
