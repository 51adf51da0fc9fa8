// SPDX-License-Identifier: MIT
// Showing files (see viewer.h).
#include "viewer.h"

#include <unistd.h>

#include "pipe.h"
#include "tempfile.h"

enum { MAX_BROWSERS = 8, MAX_WORDS = 16 };

const char *const *viewer_browsers(struct arena *a, const struct env *env)
{
	static const char *const known[] = {
			"chrome", "google-chrome", "chromium", "firefox", "sensible-browser"};
	const char **list = arena_array(a, const char *, MAX_BROWSERS);
	size_t n = 0;
	const char *users = env_or(env, "BROWSER", "");
	if (*users)
		list[n++] = users;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		list[n++] = known[i];
	if (*env_or(env, "DISPLAY", ""))
		list[n++] = "xdg-open"; // of desktops only
	return list;
}

struct err *viewer_start(struct arena *a, const char *const *viewers, const char *what, pid_t *pid_out)
{
	struct err *e = err_new(a, "no viewer");
	for (; *viewers && e; viewers++) {
		const char *argv[MAX_WORDS + 2];
		size_t n = 0;
		struct str rest = str_from(*viewers);
		while (rest.len && n < MAX_WORDS) {
			struct str word = str_cut(&rest, ' ');
			argv[n++] = arena_strndup(a, word.ptr, word.len);
		}
		argv[n++] = what;
		argv[n] = NULL;
		e = process_start(a, argv, pid_out);
	}
	return e;
}

struct err *viewer_show(struct arena *a, const struct env *env, const char *const *viewers,
		const char *suffix, struct str content)
{
	const char *path;
	struct err *e = tempfile_write(a, env_or(env, "TMPDIR", "/tmp"), "pprof",
			arena_printf(a, ".%s", suffix), content, &path);
	if (e)
		return e;
	tempfile_delete_at_exit(path);
	pid_t pid;
	e = viewer_start(a, viewers ? viewers : viewer_browsers(a, env), path, &pid);
	if (e)
		return e;
	if (!env->is_interactive)
		e = err_wrap(a, process_wait(a, pid), "the viewer of %s", path);
	// What we started may only tell a running browser and be gone: give that one time to read.
	sleep(1);
	return e;
}
