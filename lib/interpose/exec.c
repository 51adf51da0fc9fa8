// SPDX-License-Identifier: MIT
// Context: SIG. exec replaces the image and with it every sample not yet written. posix_spawn and system
// need nothing: their child is another process.
//
// libc's own calls among these functions do not come through here, so each of them is stood in for. The
// environment passes as it is: what the program gives its successor is its own business.
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "kind/cpu_hook.h"
#include "kind/threads_hook.h"
#include "leave.h"
#include "next.h"
#include "record/finish_hook.h"
#include "visible.h"

static void before_exec(void)
{
	cp_leave(false);
	cp_finish_end_if_due();
	cp_threads_before_exec();
}

/** exec came back. */
static int failed_exec(int ret)
{
	cp_threads_after_exec();
	cp_cpu_after_exec();
	return ret;
}

#define CP_STAND_IN_EXEC(name, parameters, arguments)                          \
	CP_NEXT_RARE(int, name, parameters, arguments)                              \
	CP_VISIBLE int name parameters                                         \
	{                                                                      \
		before_exec();                                                 \
		return failed_exec(next_##name arguments);                     \
	}

CP_STAND_IN_EXEC(execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp))
CP_STAND_IN_EXEC(execv, (const char *path, char *const argv[]), (path, argv))
CP_STAND_IN_EXEC(execvp, (const char *file, char *const argv[]), (file, argv))
CP_STAND_IN_EXEC(execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp))
CP_STAND_IN_EXEC(fexecve, (int fd, char *const argv[], char *const envp[]), (fd, argv, envp))

CP_NEXT_RARE(int, execveat, (int dir_fd, const char *path, char *const argv[], char *const envp[], int flags),
		(dir_fd, path, argv, envp, flags))

CP_VISIBLE int execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	if (!next_execveat) { // a glibc before 2.34
		errno = ENOSYS;
		return -1;
	}
	before_exec();
	return failed_exec(next_execveat(dir_fd, path, argv, envp, flags));
}

// The arguments of the variadic ones become an array on the stack, where they came from: malloc is not
// allowed here. A macro, since alloca's memory ends with its function.
#define ARGV_FROM(argv, first, ap)                                             \
	do {                                                                   \
		va_list counted;                                               \
		size_t argc = 1;                                               \
		va_start(ap, first);                                           \
		va_copy(counted, ap);                                          \
		while (va_arg(counted, char *))                                \
			argc++;                                                \
		va_end(counted);                                               \
		argv = __builtin_alloca((argc + 1) * sizeof(*argv));           \
		argv[0] = (char *)first;                                       \
		for (size_t i = 1; i <= argc; i++)                             \
			argv[i] = va_arg(ap, char *);                          \
	} while (0)

CP_VISIBLE int execl(const char *path, const char *arg, ...)
{
	va_list ap;
	char **argv;
	ARGV_FROM(argv, arg, ap);
	va_end(ap);
	return execv(path, argv);
}

CP_VISIBLE int execlp(const char *file, const char *arg, ...)
{
	va_list ap;
	char **argv;
	ARGV_FROM(argv, arg, ap);
	va_end(ap);
	return execvp(file, argv);
}

CP_VISIBLE int execle(const char *path, const char *arg, ...)
{
	va_list ap;
	char **argv;
	ARGV_FROM(argv, arg, ap);
	char **envp = va_arg(ap, char **); // behind the NULL
	va_end(ap);
	return execve(path, argv, envp);
}
