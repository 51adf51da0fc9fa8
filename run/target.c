// SPDX-License-Identifier: MIT
// LD_PRELOAD is the dynamic loader's; where glibc's does not run, or runs in secure mode, the program
// starts without us. So the file is looked at first.
#include "target.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/infile.h"
#include "base/str.h"

enum { MAX_INTERPRETERS = 5, HEAD_BYTES = 4096, MAX_SEGMENTS = 512 };

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
static const char our_loader[] = "ld-linux-x86-64.so.2";
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
static const char our_loader[] = "ld-linux-aarch64.so.1";
#endif

/** A regular file that may be executed: 0, or errno as exec would give it. */
static int check_executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) == 0 ? 0 : errno;
}

/** As execvp(): the first in PATH that can be executed; else EACCES if one could not, else ENOENT. */
static struct target search_path(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");
	struct str rest = str_from(path ? path : "/bin:/usr/bin");
	struct target t = {.error = ENOENT};
	bool more = true;
	while (more) {
		more = rest.len && memchr(rest.ptr, ':', rest.len);
		struct str dir = str_cut(&rest, ':');
		const char *file = dir.len ? arena_printf(a, "%.*s/%s", STR_FMT(dir), name) : name;
		int error = check_executable(file);
		if (error == 0)
			return (struct target){.path = file};
		if (error == EACCES)
			t.error = EACCES;
	}
	return t;
}

/** What the kernel would take for a reason to run it in secure mode; NULL: nothing. */
static const char *privilege_of(const char *path, const struct stat *st)
{
	// What changes nothing is no privilege: a set-user-ID root program that root runs.
	if ((st->st_mode & S_ISUID) && st->st_uid != getuid())
		return "is set-user-ID";
	if ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) && st->st_gid != getgid())
		return "is set-group-ID";
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "has file capabilities";
	return NULL;
}

static const char *machine_name(struct arena *a, unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_X86_64:
		return "x86-64";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "aarch64";
	case EM_RISCV:
		return "RISC-V";
	default:
		return arena_printf(a, "ELF machine %u", machine);
	}
}

/** The program's loader, "" where it has none. */
static const char *loader_of(struct arena *a, int fd, const Elf64_Ehdr *header)
{
	for (unsigned i = 0; i < header->e_phnum && i < MAX_SEGMENTS; i++) {
		Elf64_Phdr segment;
		char path[HEAD_BYTES];
		off_t at = (off_t)(header->e_phoff + i * sizeof(segment));
		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			break;
		if (segment.p_type != PT_INTERP)
			continue;
		size_t want = segment.p_filesz < sizeof(path) ? segment.p_filesz : sizeof(path);
		ssize_t n = pread(fd, path, want, (off_t)segment.p_offset);
		return n > 0 ? arena_strndup(a, path, strnlen(path, (size_t)n)) : "";
	}
	return "";
}

static const char *obstacle_of_elf(struct arena *a, int fd, const Elf64_Ehdr *header, bool *is_foreign_out)
{
	if (header->e_ident[EI_CLASS] == ELFCLASS32)
		return "is a 32-bit program";
	if (header->e_machine != OUR_MACHINE)
		return arena_printf(a, "is a program for %s", machine_name(a, header->e_machine));
	const char *loader = loader_of(a, fd, header), *slash = strrchr(loader, '/');
	*is_foreign_out = strcmp(slash ? slash + 1 : loader, our_loader) != 0;
	if (*loader == '\0')
		return "is statically linked";
	return *is_foreign_out ? arena_printf(a, "uses another C library (%s)", loader) : NULL;
}

/** The interpreter in a "#! interpreter argument" line. */
static const char *interpreter_in(struct arena *a, const char *head, size_t len)
{
	struct str line = {head + 2, len - 2};
	line = str_cut(&line, '\n');
	while (line.len && (*line.ptr == ' ' || *line.ptr == '\t'))
		line = str_slice(line, 1, line.len);
	size_t end = 0;
	while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t')
		end++;
	return arena_strndup(a, line.ptr, end);
}

/** Through #! lines to the interpreter. */
static void find_obstacle(struct arena *a, const char *path, struct target *t)
{
	const char *script = NULL;
	for (int depth = 0; depth < MAX_INTERPRETERS; depth++) {
		union {
			char text[HEAD_BYTES];
			Elf64_Ehdr elf;
		} head = {{0}};
		struct stat st;
		int fd = infile_open(path);
		if (fd < 0) { // it may be executed but not read
			t->obstacle = stat(path, &st) == 0 ? privilege_of(path, &st) : NULL;
			return;
		}
		ssize_t n = pread(fd, head.text, sizeof(head), 0);
		const char *obstacle = NULL, *next = NULL;
		if (n > 2 && memcmp(head.text, "#!", 2) == 0)
			next = interpreter_in(a, head.text, (size_t)n);
		else if (n >= (ssize_t)sizeof(head.elf) && memcmp(head.text, ELFMAG, SELFMAG) == 0)
			obstacle = obstacle_of_elf(a, fd, &head.elf, &t->is_foreign);
		const char *privilege = !next && fstat(fd, &st) == 0 ? privilege_of(path, &st) : NULL;
		t->is_foreign = t->is_foreign && !privilege;
		t->obstacle = obstacle ? obstacle : privilege;
		close(fd);
		if (t->obstacle && script)
			t->obstacle = arena_printf(a, "is a script whose interpreter %s %s", path, t->obstacle);
		if (!next)
			return;
		script = path;
		path = next;
	}
}

struct target target_find(struct arena *a, const char *name)
{
	struct target t = {.path = name};
	if (strchr(name, '/')) {
		t.error = check_executable(name);
		if (t.error)
			t.path = NULL;
	} else if (*name) {
		t = search_path(a, name);
	} else {
		t = (struct target){.error = ENOENT};
	}
	if (t.path)
		find_obstacle(a, t.path, &t);
	return t;
}
