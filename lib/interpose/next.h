// SPDX-License-Identifier: MIT
// Context: SIG. The functions we stand in for, as they would be without us: the next ones in the
// loader's order, which may be libc's or another preloaded library's.
#ifndef CPROF_INTERPOSE_NEXT_H
#define CPROF_INTERPOSE_NEXT_H

struct cp_next {
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
