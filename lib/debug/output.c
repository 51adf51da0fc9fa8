// SPDX-License-Identifier: MIT
// Context: CTL. See output.h.
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "kind/target.h"
#include "sigsafe/file.h"
#include "sigsafe/types.h"
#include "write/vformat.h"

enum { STDERR_FD = 2, LINE_BYTES = 4096 /* schedtrace has a number a CPU */, FILE_MODE = 0666 };

static char path[PATH_MAX] CP_TABLE;
static struct stat stderr_at_start;

void cp_debug_output_set(const char *template)
{
	if (!template[0] || cp_target_expand_path(template, path) < 0)
		path[0] = '\0';
	if (fstat(STDERR_FD, &stderr_at_start) < 0)
		stderr_at_start = (struct stat){0};
}

static bool is_still_stderr(void)
{
	struct stat now;
	return stderr_at_start.st_mode != 0 && fstat(STDERR_FD, &now) == 0 &&
			now.st_dev == stderr_at_start.st_dev && now.st_ino == stderr_at_start.st_ino;
}

static int write_out(void *arg, const void *data, size_t size)
{
	(void)arg;
	int saved_errno = errno;
	int ret = -EBADF;
	if (path[0]) {
		long fd = cp_open(path, O_WRONLY | O_APPEND | O_CREAT, FILE_MODE);
		ret = fd < 0 ? (int)fd : cp_write_fd((void *)(intptr_t)fd, data, size);
		if (fd >= 0)
			cp_close(fd);
	} else if (is_still_stderr()) {
		ret = cp_write_fd((void *)(intptr_t)STDERR_FD, data, size);
	}
	errno = saved_errno;
	return ret;
}

struct cprof_writer cp_debug_output(void)
{
	return (struct cprof_writer){.write = write_out};
}

void cp_debug_printf(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;
	va_start(ap, fmt);
	size_t len = cp_vformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	write_out(NULL, line, len);
}
