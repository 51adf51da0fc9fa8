// SPDX-License-Identifier: MIT
// See infile.h.
#include "infile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int infile_open(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	// It may be another by now.
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}
