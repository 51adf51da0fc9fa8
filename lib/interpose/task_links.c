// SPDX-License-Identifier: MIT
// Context: SIG. The links of /proc/self/task count a process's threads. Chromium's zygotes ask for them, as all that
// enters its sandbox does, and end themselves where they are not alone: threads of ours are none of the program's.
#undef _FILE_OFFSET_BITS // by it one name would be another
#include <string.h>
#include <sys/stat.h>

#include "next.h"
#include "sigsafe/thread.h"
#include "visible.h"

enum { LINKS_OF_ONE = 3 }; // its folder's parent's, its own, and its thread's

static bool is_own_task_folder(const char *path)
{
	static const char end[] = "self/task";
	size_t len = path ? strlen(path) : 0;
	len -= len > 0 && path[len - 1] == '/';
	return len >= sizeof(end) - 1 && memcmp(path + len - (sizeof(end) - 1), end, sizeof(end) - 1) == 0;
}

/** links, as it would be without us. A vfork's child has our list and none of our threads. */
static unsigned long without_ours(unsigned long links)
{
	unsigned long ours = cp_thread_own_count();
	return links >= LINKS_OF_ONE + ours ? links - ours : links;
}

CP_NEXT(int, fstatat, (int folder, const char *path, struct stat *out, int flags), (folder, path, out, flags))
CP_NEXT(int, fstatat64, (int folder, const char *path, struct stat64 *out, int flags), (folder, path, out, flags))

// Afterwards, when it is known that path can be read. Of the kernel's folders the size is 0.

CP_VISIBLE int fstatat(int folder, const char *path, struct stat *out, int flags)
{
	int ret = next_fstatat(folder, path, out, flags);
	if (ret == 0 && S_ISDIR(out->st_mode) && out->st_size == 0 && is_own_task_folder(path))
		out->st_nlink = without_ours(out->st_nlink);
	return ret;
}

CP_VISIBLE int fstatat64(int folder, const char *path, struct stat64 *out, int flags)
{
	int ret = next_fstatat64(folder, path, out, flags);
	if (ret == 0 && S_ISDIR(out->st_mode) && out->st_size == 0 && is_own_task_folder(path))
		out->st_nlink = without_ours(out->st_nlink);
	return ret;
}
