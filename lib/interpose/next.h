// SPDX-License-Identifier: MIT
// Context: SIG. The functions we stand in for, as they would be without us: the next ones in the
// loader's order, which may be libc's or another preloaded library's.
#ifndef CPROF_INTERPOSE_NEXT_H
#define CPROF_INTERPOSE_NEXT_H

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <threads.h>

#include "visible.h"

// Our constructors come before those of the preloaded library, which start a profile.
enum { CP_EARLY_PRIORITY = 101 };

/** The next function of this name, behind ours. */
void *cp_next_named(const char *name);

/** next_NAME: the next function of this name. A constructor looks it up; whoever calls before that, from another
 *  library's constructor, is at early_NAME, which looks it up itself. Two threads at once would write the same word. */
#define CP_NEXT(type, name, parameters, arguments) \
	CP_NEXT_AS(cp_next_named(#name), type, name, parameters, arguments)

#define CP_NEXT_AS(found, type, name, parameters, arguments)                                    \
	static type early_##name parameters;                                                    \
	static CP_FRONT_DATA type(*next_##name) parameters = early_##name;                      \
	__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_##name(void)           \
	{                                                                                       \
		next_##name = (found);                                                          \
	}                                                                                       \
	static type early_##name parameters                                                     \
	{                                                                                       \
		find_##name();                                                                  \
		return next_##name arguments;                                                   \
	}

struct cp_next {
	int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*thrd_create)(thrd_t *, thrd_start_t, void *);
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	sighandler_t (*signal)(int, sighandler_t);
	sighandler_t (*sysv_signal)(int, sighandler_t);
	sighandler_t (*sigset)(int, sighandler_t);
	int (*sigignore)(int);
	int (*siginterrupt)(int, int);
	int (*dlclose)(void *);
	int (*setuid)(uid_t), (*setgid)(gid_t), (*seteuid)(uid_t), (*setegid)(gid_t);
	int (*setreuid)(uid_t, uid_t), (*setregid)(gid_t, gid_t);
	int (*setresuid)(uid_t, uid_t, uid_t), (*setresgid)(gid_t, gid_t, gid_t);
	int (*unshare)(int), (*setns)(int, int);
	int (*setgroups)(size_t, const gid_t *), (*initgroups)(const char *, gid_t);
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execv)(const char *, char *const[]);
	int (*execvp)(const char *, char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*fexecve)(int, char *const[], char *const[]);
	int (*execveat)(int, const char *, char *const[], char *const[], int);
	void (*exit_now)(int); // _exit
	void (*exit_std)(int); // _Exit
};

/** Looked up once, by our constructor; a call before that (another library's constructor) looks up
 *  itself. After it this is async-signal-safe. */
const struct cp_next *cp_next(void);

#endif
