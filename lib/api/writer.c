// SPDX-License-Identifier: MIT
// Context: CTL. Writers of <cprof/pprof.h>.
#include <cprof/pprof.h>
#include <errno.h>
#include <stdio.h>

#include "interpose/visible.h"
#include "kind/target.h"

CP_VISIBLE struct cprof_writer cprof_to_path(const char *path)
{
	return (struct cprof_writer){.path = path};
}

CP_VISIBLE struct cprof_writer cprof_to_fd(int fd)
{
	return (struct cprof_writer){.write = cp_write_fd, .arg = (void *)(intptr_t)fd};
}

static int write_stdio(void *arg, const void *data, size_t size)
{
	struct cp_write_guard guard;
	cp_write_guard_hold(&guard);
	errno = 0;
	bool complete = fwrite(data, 1, size, arg) == size;
	int error = errno;
	cp_write_guard_release(&guard);
	if (complete)
		return 0;
	return error ? -error : -EIO;
}

CP_VISIBLE struct cprof_writer cprof_to_stdio(void *file)
{
	return (struct cprof_writer){.write = file ? write_stdio : NULL, .arg = file};
}

CP_VISIBLE struct cprof_writer cprof_to_callback(
	int (*write)(void *arg, const void *data, size_t size), void *arg)
{
	return (struct cprof_writer){.write = write, .arg = arg};
}
