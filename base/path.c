// SPDX-License-Identifier: MIT
// Taking file names apart and putting them together (see path.h).
#include "path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

struct str path_base(struct str path)
{
	if (!path.len)
		return STR(".");
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	if (path.len == 1 && path.ptr[0] == '/')
		return path;
	const char *slash = memrchr(path.ptr, '/', path.len);
	size_t from = slash ? (size_t)(slash - path.ptr) + 1 : 0;
	return str_slice(path, from, path.len);
}

char *path_dir(struct arena *a, struct str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	return path_clean(a, str_slice(path, 0, slash ? (size_t)(slash - path.ptr) + 1 : 0));
}

char *path_clean(struct arena *a, struct str path)
{
	char *out = arena_alloc(a, path.len + 2, 1);
	size_t len = 0;
	bool is_rooted = path.len && path.ptr[0] == '/';
	size_t floor = 0; // ".." cannot climb above this
	if (is_rooted)
		out[len++] = '/', floor = 1;
	while (path.len) {
		struct str part = str_cut(&path, '/');
		if (part.len == 0 || str_eq(part, STR(".")))
			continue;
		bool is_up = str_eq(part, STR(".."));
		if (is_up && len > floor) {
			while (len > floor && out[--len] != '/')
				;
			continue;
		}
		if (is_up && is_rooted)
			continue;
		if (len > (is_rooted ? 1u : 0u))
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
		if (is_up)
			floor = len;
	}
	if (!len)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

char *path_join(struct arena *a, const char *dir, const char *name)
{
	if (!*dir && !*name)
		return arena_strdup(a, "");
	if (!*dir || !*name)
		return path_clean(a, str_from(*dir ? dir : name));
	return path_clean(a, str_from(arena_concat(a, dir, "/", name, NULL)));
}

char path_escape_at(const char *at)
{
	return at[0] == '%' && (at[1] == 'p' || at[1] == '%') ? at[1] : 0;
}

char *path_expand(struct arena *a, const char *file, const char *pid)
{
	char *out = arena_alloc(a, strlen(file) * (1 + strlen(pid)) + 1, 1), *to = out;
	for (const char *at = file; *at; at += path_escape_at(at) ? 2 : 1) {
		if (path_escape_at(at) == 'p')
			to = stpcpy(to, pid);
		else
			*to++ = *at;
	}
	*to = '\0';
	return out;
}

char *path_escape_glob(struct arena *a, const char *file)
{
	char *out = arena_alloc(a, 2 * strlen(file) + 1, 1), *to = out;
	for (; *file; file++) {
		if (strchr("*?[\\", *file))
			*to++ = '\\';
		*to++ = *file;
	}
	*to = '\0';
	return out;
}

int path_make_dirs(const char *dir)
{
	char tmp[PATH_MAX];
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s", dir) >= sizeof(tmp))
		return -ENAMETOOLONG;
	for (char *p = tmp + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(tmp, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	struct stat st;
	if (mkdir(tmp, 0755) == 0)
		return 0;
	if (errno == EEXIST && stat(tmp, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	return -errno;
}
