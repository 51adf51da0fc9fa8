// SPDX-License-Identifier: MIT
// See folder.h.
#include "folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/outfile.h"
#include "base/str.h"

const char *folder_stem(struct arena *a, const char *name, const char *url, int number)
{
	struct str path = str_slice(str_from(url), 0, strcspn(url, "?"));
	const char *slash = memrchr(path.ptr, '/', path.len);
	struct str profile = slash ? str_slice(path, (size_t)(slash - path.ptr) + 1, path.len) : path;
	char *stem = arena_printf(a, "%s-%.*s", name, STR_FMT(profile));
	if (number > 1)
		stem = arena_printf(a, "%s-%d", stem, number);
	for (char *c = stem; *c; c++) // "shop{env=prod}"
		*c = isalnum((unsigned char)*c) || strchr("-_+", *c) ? *c : '_';
	return stem;
}

static bool is_gzip(const struct buf *b)
{
	return b->len >= 2 && memcmp(b->ptr, "\x1f\x8b", 2) == 0;
}

/// The oldest

struct names {
	char **at;
	uint32_t n, cap;
};

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/** Also what a push left half written that was killed. */
static void list(struct arena *a, const char *folder, const char *stem, struct names *out)
{
	const char *pattern = arena_printf(a, "%s.????????T??????Z*", stem);
	DIR *dir = opendir(folder);
	for (const struct dirent *e; dir && (e = readdir(dir));) {
		if (fnmatch(pattern, e->d_name, 0) != 0)
			continue;
		out->at = mem_grow(out->at, &out->cap, out->n + 1, sizeof(*out->at));
		out->at[out->n++] = arena_strdup(a, e->d_name);
	}
	if (dir)
		closedir(dir);
}

static void remove_oldest(struct arena *a, const char *folder, const char *stem, int nkept)
{
	struct names names = {0};
	list(a, folder, stem, &names);
	if (names.n)
		qsort(names.at, names.n, sizeof(*names.at), by_name);
	for (uint32_t i = 0; i + (uint32_t)nkept < names.n; i++)
		unlink(arena_printf(a, "%s/%s", folder, names.at[i]));
	free(names.at);
}

struct err *folder_put(struct arena *a, const char *folder, const struct spooled *profile, int nkept)
{
	char time[32];
	struct tm utc;
	strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", gmtime_r(&profile->from_s, &utc));
	const char *path = arena_printf(a, "%s/%s.%s%s", folder, profile->stem, time,
			is_gzip(&profile->profile) ? ".pb.gz" : "");
	int error = outfile_write(a, path, profile->profile.ptr, profile->profile.len);
	if (error)
		return err_new(a, "%s: %s", path, strerror(error));
	remove_oldest(a, folder, profile->stem, nkept);
	return NULL;
}
