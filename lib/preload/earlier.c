// SPDX-License-Identifier: MIT
// Context: CTL. Told by the files' age alone: an image cannot tell its successor anything but through
// the environment, which is the program's own.
#include "earlier.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "write/vformat.h"

// File times come from a coarser clock than CLOCK_REALTIME: a tick behind, at least 100 a second.
enum { CLOCK_SLACK_NS = 10000000, MAX_IMAGES = 1000 };

static bool is_written_since(const char *path, int64_t start_ns)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
			(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec >=
					start_ns - CLOCK_SLACK_NS;
}

void cp_earlier_keep(const char *path, int64_t start_ns)
{
	char kept[PATH_MAX + 8];
	if (!is_written_since(path, start_ns))
		return;
	for (int i = 1; i <= MAX_IMAGES; i++) {
		cp_format(kept, sizeof(kept), "%s.%d", path, i);
		if (!is_written_since(kept, start_ns)) {
			rename(path, kept);
			return;
		}
	}
}
