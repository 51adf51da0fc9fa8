// SPDX-License-Identifier: MIT
// Context: SIG. See taskdir.h.
#include "taskdir.h"

#include <errno.h>

#include "atomic.h"
#include "file.h"

struct dirent64_head {
	uint64_t inode;
	int64_t offset;
	uint16_t nbytes;
	uint8_t type;
	char name[];
};

enum { BUFFER_BYTES = 4096 };

/** -1: not a number ("." and ".."). */
static int parse_number(const char *name)
{
	int number = 0;
	if (*name == '\0')
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		number = number * 10 + (*name - '0');
	}
	return number;
}

int cp_taskdir_each(const char *path, void (*fn)(int number, void *arg), void *arg)
{
	_Alignas(struct dirent64_head) char buffer[BUFFER_BYTES];
	long fd = cp_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return (int)fd;
	long nbytes;
	while ((nbytes = cp_syscall(SYS_getdents64, fd, buffer, sizeof(buffer), 0)) > 0) {
		for (long at = 0; at < nbytes;) {
			struct dirent64_head *entry = (struct dirent64_head *)(buffer + at);
			int number = parse_number(entry->name);
			if (number >= 0)
				fn(number, arg);
			at += entry->nbytes;
		}
	}
	cp_close(fd);
	return (int)nbytes;
}

/** By where /proc/self leads. Asked once: a filter of system calls that is set up later may not let us. */
static bool is_proc_ours(void)
{
	static _Atomic int ours_for; // a process
	char link[16];
	int pid = cp_getpid();
	if (load(&ours_for, relaxed) == pid)
		return true;
	long n = cp_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self", link, sizeof(link) - 1);
	if (n <= 0)
		return true; // and what is opened there tells why
	link[n] = '\0';
	if (parse_number(link) != pid)
		return false;
	store(&ours_for, pid, relaxed);
	return true;
}

int cp_taskdir_threads(void (*fn)(int tid, void *arg), void *arg)
{
	return is_proc_ours() ? cp_taskdir_each("/proc/self/task", fn, arg) : -EXDEV;
}

static void count_one(int number, void *arg)
{
	++*(int *)arg;
}

int cp_taskdir_count(const char *path)
{
	int count = 0;
	cp_taskdir_each(path, count_one, &count);
	return count;
}
