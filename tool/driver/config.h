// SPDX-License-Identifier: MIT
// The options of a report: what pprof calls config fields. One table gives each its name, type, URL key
// and choices; the command line, the shell and the web pages all set them through it.
#ifndef CPROF_TOOL_DRIVER_CONFIG_H
#define CPROF_TOOL_DRIVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct config {
	const char *output;
	bool call_tree, relative_percentages;
	const char *unit;
	bool compact_labels;
	const char *source_path, *trim_path;
	bool intel_syntax, mean;
	const char *sample_index;
	double divide_by;
	bool normalize;
	const char *sort; // "flat" or "cum"
	const char *tagroot, *tagleaf;
	bool drop_negative;
	int nodecount; // -1: the command's own default
	double nodefraction, edgefraction;
	bool trim;
	const char *focus, *ignore, *prune_from, *hide, *show, *show_from;
	const char *tagfocus, *tagignore, *tagshow, *taghide;
	bool noinlines, showcolumns;
	const char *granularity; // "": the command's own default
};

enum config_kind { CONFIG_BOOL, CONFIG_INT, CONFIG_FLOAT, CONFIG_STRING };

struct config_field {
	const char *name;
	enum config_kind kind;
	size_t offset; // in struct config
	const char *url_key; // or NULL: not in URLs
	bool is_saved;       // in settings.json
	const char *const *choices; // NULL-terminated, or NULL: any value
	const char *help; // first line: a sentence; the rest for `help NAME`
};

/** No pointer in it is NULL, here or anywhere. */
extern const struct config config_defaults;

/** The table; its last entry has no name. */
extern const struct config_field config_fields[];

/** The field of this name, or the one that has this name among its choices; NULL where there is none. */
const struct config_field *config_find(const char *name);

/** The help of a field or of a choice; NULL where the name is neither. */
const char *config_help(const char *name);

/** Can it stand alone in the shell? Booleans and choices can. */
bool config_is_bool(const char *name);

void *config_ptr(struct config *c, const struct config_field *f);

/** The value as text, in `a` or in the config itself. */
const char *config_get(struct arena *a, const struct config *c, const struct config_field *f);

/** Sets a field from text; `value` is copied to `a`. */
struct err *config_set(struct arena *a, struct config *c, const struct config_field *f,
		const char *value);

/** The same by name, where a choice's name with a true value selects the choice. */
struct err *config_assign(struct arena *a, struct config *c, const char *name, const char *value);

#endif
