// SPDX-License-Identifier: MIT
// Context: CTL. See target.h.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sigsafe/clock.h"
#include "sigsafe/file.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"
#include "target.h"
#include "write/vformat.h"

enum { MAX_TEMP_NAMES = 100, FILE_MODE = 0666, OWNERS_MODE = 0600, PATIENCE_S = 5 };

/// Signals of a write that fails: the reader is gone, or the file would pass RLIMIT_FSIZE

static const int write_signals[] = {SIGPIPE, SIGXFSZ};
enum { NWRITE_SIGNALS = sizeof(write_signals) / sizeof(*write_signals) };

static bool is_pending(int sig)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && sigismember(&pending, sig);
}

void cp_write_guard_hold(struct cp_write_guard *g)
{
	uint64_t block = 0;
	g->were_pending = 0;
	for (int i = 0; i < NWRITE_SIGNALS; i++) {
		block |= cp_sigmask_of(write_signals[i]);
		if (is_pending(write_signals[i]))
			g->were_pending |= cp_sigmask_of(write_signals[i]);
	}
	g->mask = cp_sigmask(CP_SIG_BLOCK, block);
}

void cp_write_guard_release(const struct cp_write_guard *g)
{
	for (int i = 0; i < NWRITE_SIGNALS; i++) {
		int sig = write_signals[i];
		if ((g->were_pending & cp_sigmask_of(sig)) || !is_pending(sig))
			continue;
		sigset_t only;
		sigemptyset(&only);
		sigaddset(&only, sig);
		sigtimedwait(&only, NULL, &(struct timespec){0});
	}
	cp_sigmask_restore(g->mask);
}

/** Of a descriptor that does not block, as a standard error may be that others share. False: nobody reads. */
static bool await_room(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLOUT};
	struct cp_timespec patience = {.sec = PATIENCE_S};
	long n = cp_syscall6(SYS_ppoll, (long)&one, 1, (long)&patience, 0, 0, 0);
	return n > 0 || n == -EINTR;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		long n = cp_syscall(SYS_write, fd, data, size, 0); // not in the syscall profile
		if (n == -EINTR || (n == -EAGAIN && await_room(fd)))
			continue;
		if (n < 0)
			return (int)n;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int cp_write_fd(void *arg, const void *data, size_t size)
{
	struct cp_write_guard guard;
	cp_write_guard_hold(&guard);
	int ret = write_all((int)(intptr_t)arg, data, size);
	cp_write_guard_release(&guard);
	return ret;
}

/// Paths

static uint64_t pid_namespace; // 0: not told

void cp_target_tell_pid_namespace(uint64_t inode)
{
	pid_namespace = inode;
}

size_t cp_target_process_name(char *out, size_t size)
{
	if (!pid_namespace)
		return cp_format(out, size, "%d", (int)getpid());
	return cp_format(out, size, "%d@%llu", (int)getpid(), (unsigned long long)pid_namespace);
}

int cp_target_expand_name(const char *template, char *out, size_t size)
{
	size_t len = 0;
	for (const char *in = template; *in; in++) {
		bool is_escape = in[0] == '%' && (in[1] == 'p' || in[1] == '%');
		in += is_escape;
		if (is_escape && *in == 'p')
			len += cp_target_process_name(out + len, size - len);
		else
			out[len++] = *in;
		if (len + 1 >= size)
			return -ENAMETOOLONG;
	}
	out[len] = '\0';
	return 0;
}

int cp_target_expand_path(const char *template, char path_out[PATH_MAX])
{
	size_t len = 0;
	if (template[0] == '\0')
		return -ENOENT;
	if (template[0] != '/') {
		if (!getcwd(path_out, PATH_MAX - 1))
			return -errno;
		len = strlen(path_out);
		path_out[len++] = '/';
	}
	return cp_target_expand_name(template, path_out + len, PATH_MAX - len);
}

/** Also of a program whose umask takes its own files from it. */
static void let_owner_read(int fd)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && (st.st_mode & OWNERS_MODE) != OWNERS_MODE)
		cp_syscall(SYS_fchmod, fd, (st.st_mode & FILE_MODE) | OWNERS_MODE, 0, 0);
}

static int open_temp(struct cp_target *t)
{
	for (int i = 0; i < MAX_TEMP_NAMES; i++) {
		if (cp_format(t->temp_path, PATH_MAX, "%s.%d.%d.tmp", t->path, (int)getpid(), i) + 1 >= PATH_MAX)
			return -ENAMETOOLONG;
		long fd = cp_open(t->temp_path, O_WRONLY | O_CREAT | O_EXCL, FILE_MODE);
		if (fd >= 0)
			let_owner_read((int)fd);
		if (fd != -EEXIST)
			return (int)fd;
	}
	return -EEXIST;
}

static void set_fd(struct cp_target *t, int fd)
{
	t->fd = fd;
	t->writer = (struct cprof_writer){.write = cp_write_fd, .arg = (void *)(intptr_t)fd};
}

/** Puts the file a symbolic link leads to in the place of its path; false: there is none of that name. */
static bool follow_link(char path[PATH_MAX])
{
	char link[sizeof("/proc/thread-self/fd/") + 10], real[PATH_MAX];
	struct stat st, real_st;
	long fd = cp_open(path, O_PATH, 0);
	if (fd < 0)
		return false;
	cp_format(link, sizeof(link), "/proc/thread-self/fd/%d", (int)fd); // threads of ours have files of their own
	ssize_t len = readlink(link, real, sizeof(real) - 1);
	bool is_found = len > 0 && fstat((int)fd, &st) == 0;
	cp_close(fd);
	if (!is_found)
		return false;
	real[len] = '\0';
	if (lstat(real, &real_st) != 0 || real_st.st_ino != st.st_ino || real_st.st_dev != st.st_dev)
		return false; // a pipe, or it was removed
	memcpy(path, real, (size_t)len + 1);
	return true;
}

/** What is to be written in place, since a rename would take that of the pipe, the device or the link. */
static bool is_special(char path[PATH_MAX])
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return false;
	if (S_ISLNK(st.st_mode) && (!follow_link(path) || lstat(path, &st) != 0))
		return true;
	return !S_ISREG(st.st_mode);
}

bool cp_target_is_kept_open(const char *template)
{
	char path[PATH_MAX];
	return cp_target_expand_path(template, path) == 0 && is_special(path);
}

/** A pipe, a device, a file without a name: written in place, and opened now. */
static int open_in_place(struct cp_target *t)
{
	long fd = cp_open(t->path, O_WRONLY | O_NOCTTY, 0);
	if (fd == -ENOENT) // a link to what is not there yet
		fd = cp_open(t->path, O_WRONLY | O_CREAT, FILE_MODE);
	if (fd < 0)
		return (int)fd;
	set_fd(t, (int)fd);
	t->path[0] = '\0';
	return 0;
}

/** Where it goes; opened, where that is in place. */
static int find(struct cp_target *t, struct cprof_writer writer)
{
	t->writer = writer;
	t->path[0] = t->temp_path[0] = '\0';
	t->fd = -1;
	t->has_pieces = false;
	if (!writer.path)
		return writer.write ? 0 : -EINVAL;
	int ret = cp_target_expand_path(writer.path, t->path);
	if (ret < 0)
		return ret;
	return is_special(t->path) ? open_in_place(t) : 0;
}

int cp_target_init(struct cp_target *t, struct cprof_writer writer)
{
	int ret = find(t, writer);
	if (ret < 0 || t->path[0] == '\0')
		return ret;
	int fd = open_temp(t);
	if (fd < 0)
		return fd;
	close(fd);
	unlink(t->temp_path);
	return 0;
}

int cp_target_begin(struct cp_target *t)
{
	if (t->path[0] == '\0')
		return 0;
	int fd = open_temp(t);
	if (fd < 0)
		return fd;
	set_fd(t, fd);
	return 0;
}

int cp_target_open(struct cp_target *t, struct cprof_writer writer)
{
	int ret = find(t, writer);
	return ret < 0 ? ret : cp_target_begin(t);
}

int cp_target_end(struct cp_target *t, int error)
{
	if (error > 0) // of a writer that returns how much it took, as write(2) does
		error = -EIO;
	if (t->fd >= 0 && close(t->fd) < 0 && error == 0)
		error = -errno;
	t->fd = -1;
	if (t->path[0] == '\0')
		return error;
	if (error == 0 && rename(t->temp_path, t->path) < 0)
		error = -errno;
	if (error)
		unlink(t->temp_path);
	return error;
}

void cp_target_drop(struct cp_target *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/// Pieces

bool cp_target_takes_pieces(const struct cp_target *t)
{
	return t->path[0] != '\0';
}

/** All or nothing: half a piece at its end would cost the file all that stands before. */
static int append_whole(int fd, const void *data, size_t size)
{
	off_t before = lseek(fd, 0, SEEK_END);
	int ret = cp_write_fd((void *)(intptr_t)fd, data, size);
	if (ret < 0 && before >= 0 && ftruncate(fd, before) < 0)
		return -errno;
	return ret;
}

bool cp_target_drop_pieces(struct cp_target *t)
{
	bool is_gone = t->has_pieces && (unlink(t->path) == 0 || errno == ENOENT);
	t->has_pieces = t->has_pieces && !is_gone;
	return is_gone;
}

bool cp_target_is_for_owner(const struct cp_target *t)
{
	char folder[PATH_MAX];
	struct stat st;
	memcpy(folder, t->path, sizeof(folder));
	char *slash = strrchr(folder, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	return stat(folder, &st) == 0 && st.st_mode & S_ISVTX;
}

bool cp_target_make_way(const char *template)
{
	struct cp_target t;
	return cp_target_expand_path(template, t.path) == 0 && cp_target_is_for_owner(&t) && unlink(t.path) == 0;
}

/** There whole or not at all: who is killed in between would leave an empty file. */
static int write_first_piece(struct cp_target *t, const void *data, size_t size)
{
	int fd = open_temp(t);
	if (fd < 0)
		return fd;
	int ret = cp_write_fd((void *)(intptr_t)fd, data, size);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(t->temp_path, t->path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(t->temp_path);
	t->has_pieces = ret == 0;
	return ret;
}

int cp_target_write_piece(void *arg, const void *data, size_t size)
{
	struct cp_target *t = arg;
	if (!t->has_pieces)
		return write_first_piece(t, data, size);
	int fd = (int)cp_open(t->path, O_WRONLY | O_APPEND, FILE_MODE);
	if (fd < 0)
		return fd;
	int ret = append_whole(fd, data, size);
	return close(fd) < 0 && ret == 0 ? -errno : ret;
}
