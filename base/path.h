// SPDX-License-Identifier: MIT
// File names by their letters alone, as Go's path/filepath treats them.
#ifndef CPROF_BASE_PATH_H
#define CPROF_BASE_PATH_H

#include "arena.h"
#include "str.h"

/** The last element without trailing slashes; "." of nothing, "/" of slashes. */
struct str path_base(struct str path);

/** All but the last element, cleaned; "." where there is none. */
char *path_dir(struct arena *a, struct str path);

/** The shortest equal name: no doubled slashes, no "." and no ".." that can be resolved. */
char *path_clean(struct arena *a, struct str path);

/** Both joined by a slash and cleaned; an empty part is left out. */
char *path_join(struct arena *a, const char *dir, const char *name);

/** In names of profiles %p is the process id and %% a percent sign. At one of these: 'p' or '%'; else 0. */
char path_escape_at(const char *at);

/** `file` with `pid` for each %p and % for each %%. */
char *path_expand(struct arena *a, const char *file, const char *pid);

/** What glob(3) takes for this name and no other. */
char *path_escape_glob(struct arena *a, const char *file);

/** Makes dir and its parents (0755 less umask). 0 or a negative errno. */
int path_make_dirs(const char *dir);

#endif
