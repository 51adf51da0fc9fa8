// SPDX-License-Identifier: MIT
// See outfile.h. A regular file is written beside its place and renamed.
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *temporary_of(struct arena *a, const char *path)
{
	return arena_printf(a, "%s.%d.tmp", path, (int)getpid());
}

/** A file size limit is an error like others: 0 or errno. */
static int write_all(int fd, const char *data, size_t size)
{
	struct sigaction before, ignore = {.sa_handler = SIG_IGN};
	int error = 0;
	sigaction(SIGXFSZ, &ignore, &before);
	while (size && !error) {
		ssize_t n = write(fd, data, size);
		if (n >= 0)
			data += n, size -= (size_t)n;
		else if (errno != EINTR)
			error = errno;
	}
	sigaction(SIGXFSZ, &before, NULL);
	return error;
}

static bool is_link(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

const char *outfile_place(struct arena *a, const char *path)
{
	char *real = is_link(path) ? realpath(path, NULL) : NULL;
	if (real)
		path = arena_printf(a, "%s", real);
	free(real);
	return path;
}

/** A write of nothing asks a device whether it takes anything: /dev/full does not. Pipes are not opened for it,
 *  since whoever reads them would see their end. */
static int probe_device(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 || write(fd, "", 0) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

int outfile_probe(struct arena *a, const char *path)
{
	static const char block[4096];
	struct stat st;
	path = outfile_place(a, path);
	if (is_link(path))
		return access(path, W_OK) == 0 || errno == ENOENT ? 0 : errno;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return EISDIR;
	if (stat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return probe_device(path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return access(path, W_OK) == 0 ? 0 : errno;
	const char *temporary = temporary_of(a, path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	int error = write_all(fd, block, sizeof(block));
	close(fd);
	unlink(temporary);
	return error;
}

int outfile_write(struct arena *a, const char *path, const void *data, size_t size)
{
	struct stat st;
	path = outfile_place(a, path);
	bool in_place = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
	const char *to = in_place ? path : temporary_of(a, path);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		return errno;
	int error = write_all(fd, data, size);
	if (close(fd) < 0 && !error)
		error = errno;
	if (!error && !in_place && rename(to, path) < 0)
		error = errno;
	if (error && !in_place)
		unlink(to);
	return error;
}

void outfile_discard(int fd, const char *path)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	if (is_link(path) || unlink(path) != 0)
		(void)!ftruncate(fd, 0);
}
