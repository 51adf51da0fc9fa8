// SPDX-License-Identifier: MIT
// Making numbered files (see tempfile.h).
#include "tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/outfile.h"
#include "base/path.h"

enum { MAX_NUMBER = 9999 };

// Paths to delete; added by the main thread only.
static char **doomed;
static size_t ndoomed;

static void delete_doomed(void)
{
	for (size_t i = 0; i < ndoomed; i++) {
		unlink(doomed[i]);
		free(doomed[i]);
	}
	free(doomed);
	doomed = NULL;
	ndoomed = 0;
}

void tempfile_delete_at_exit(const char *path)
{
	char **grown = realloc(doomed, (ndoomed + 1) * sizeof(*doomed));
	if (!grown)
		return;
	doomed = grown;
	if (ndoomed == 0)
		atexit(delete_doomed);
	doomed[ndoomed++] = strdup(path);
}

static struct err *write_all(struct arena *a, int fd, const char *path, struct str content)
{
	int failed = 0;
	while (content.len && !failed) {
		ssize_t n = write(fd, content.ptr, content.len);
		if (n >= 0)
			content = str_slice(content, (size_t)n, content.len);
		else if (errno != EINTR)
			failed = errno;
	}
	if (failed)
		outfile_discard(fd, path);
	if (close(fd) < 0 && !failed)
		failed = errno;
	return failed ? err_new(a, "write %s: %s", path, err_os(a, failed)) : NULL;
}

struct err *tempfile_write(struct arena *a, const char *dir, const char *prefix, const char *suffix,
		struct str content, const char **path_out)
{
	for (int number = 1; number <= MAX_NUMBER; number++) {
		char *name = arena_printf(a, "%s%03d%s", prefix, number, suffix);
		char *path = path_join(a, dir, name);
		int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			*path_out = path;
			return write_all(a, fd, path, content);
		}
		if (errno != EEXIST)
			return err_new(a, "open %s: %s", path, err_os(a, errno));
	}
	return err_new(a, "could not create file of the form %s%03d%s", prefix, 1, suffix);
}
