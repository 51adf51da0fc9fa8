// SPDX-License-Identifier: MIT
// Configurations saved by name, in pprof's own file: ~/.config/pprof/settings.json.
#ifndef CPROF_TOOL_WEB_SETTINGS_H
#define CPROF_TOOL_WEB_SETTINGS_H

#include "base/err.h"
#include "tool/driver/config.h"
#include "tool/env.h"

struct saved_config {
	const char *name;
	struct config config;
};

struct settings {
	struct saved_config *configs;
	size_t n;
};

/** Where the file is; NULL where the user has no home. */
const char *settings_path(struct arena *a, const struct env *env);

/** Reads the file; no file is no settings. What it does not keep is taken from `current`. */
struct err *settings_read(struct arena *a, const char *path, const struct config *current,
		struct settings *out);

/** Saves a configuration, in place of an earlier one of this name. */
struct err *settings_save(struct arena *a, const char *path, const char *name, const struct config *c);

/** Deletes one; an error where there is none of this name. */
struct err *settings_delete(struct arena *a, const char *path, const char *name);

#endif
