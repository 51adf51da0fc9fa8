// SPDX-License-Identifier: MIT
// Context: SIG. See taskdir.h.
#include "file.h"
#include "taskdir.h"

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
