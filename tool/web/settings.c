// SPDX-License-Identifier: MIT
// settings.json (see settings.h). Values of zero are not written, as pprof does not write them, and what
// is not there is zero. The file is replaced in one step: a reader sees the old or the new one.
#include "settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outfile.h"
#include "base/path.h"

const char *settings_path(struct arena *a, const struct env *env)
{
	const char *dir = env_or(env, "XDG_CONFIG_HOME", "");
	const char *home = env_or(env, "HOME", "");
	if (!*dir && !*home)
		return NULL;
	if (!*dir)
		dir = path_join(a, home, ".config");
	return path_join(a, dir, "pprof/settings.json");
}

static struct err *load(struct arena *a, const char *path, json_t **root_out)
{
	json_error_t why;
	*root_out = NULL;
	if (!path)
		return err_new(a, "there is no home directory to keep settings in");
	if (access(path, F_OK) == 0)
		*root_out = json_load_file(path, 0, &why);
	else
		*root_out = json_pack("{s:[]}", "configs");
	if (*root_out && json_is_object(*root_out))
		return NULL;
	json_decref(*root_out);
	return err_new(a, "could not parse %s: %s", path, *root_out ? "not an object" : why.text);
}

static void read_field(struct arena *a, const json_t *object, const struct config_field *f,
		struct config *c)
{
	const json_t *value = json_object_get(object, f->name);
	void *p = config_ptr(c, f);
	switch (f->kind) {
	case CONFIG_BOOL:
		*(bool *)p = json_is_true(value);
		break;
	case CONFIG_INT:
		*(int *)p = (int)json_integer_value(value);
		break;
	case CONFIG_FLOAT:
		*(double *)p = json_number_value(value);
		break;
	case CONFIG_STRING:
		*(const char **)p = json_is_string(value)
				? arena_strdup(a, json_string_value(value)) : "";
		break;
	}
}

static json_t *field_value(struct config *c, const struct config_field *f)
{
	const void *p = config_ptr(c, f);
	switch (f->kind) {
	case CONFIG_BOOL:
		return *(const bool *)p ? json_true() : NULL;
	case CONFIG_INT:
		return *(const int *)p ? json_integer(*(const int *)p) : NULL;
	case CONFIG_FLOAT:
		return *(const double *)p != 0 ? json_real(*(const double *)p) : NULL;
	case CONFIG_STRING:
		break;
	}
	const char *s = *(const char *const *)p;
	return *s ? json_string(s) : NULL;
}

struct err *settings_read(struct arena *a, const char *path, const struct config *current,
		struct settings *out)
{
	json_t *root, *entry;
	size_t i;
	*out = (struct settings){0};
	struct err *e = load(a, path, &root);
	if (e)
		return e;
	const json_t *list = json_object_get(root, "configs");
	out->configs = arena_array(a, struct saved_config, json_array_size(list));
	json_array_foreach(list, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));
		struct saved_config *s = &out->configs[out->n];
		if (!name)
			continue;
		out->n++;
		*s = (struct saved_config){arena_strdup(a, name), *current};
		for (const struct config_field *f = config_fields; f->name; f++) {
			if (f->is_saved)
				read_field(a, entry, f, &s->config);
		}
	}
	json_decref(root);
	return NULL;
}

static struct err *store(struct arena *a, const char *path, const json_t *root)
{
	const char *dir = path_dir(a, str_from(path));
	path_make_dirs(path_dir(a, str_from(dir)));
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_new(a, "failed to create settings directory: %s", err_os(a, errno));
	char *text = json_dumps(root, JSON_INDENT(2));
	int error = text ? outfile_write(a, path, text, strlen(text)) : ENOMEM;
	free(text);
	return error ? err_new(a, "failed to write settings: %s", err_os(a, error)) : NULL;
}

// Where in the list the name is; its length where nowhere.
static size_t position(const json_t *list, const char *name)
{
	size_t i = 0;
	for (; i < json_array_size(list); i++) {
		const char *other = json_string_value(json_object_get(json_array_get(list, i), "name"));
		if (other && strcmp(other, name) == 0)
			break;
	}
	return i;
}

struct err *settings_save(struct arena *a, const char *path, const char *name, const struct config *c)
{
	json_t *root;
	struct config copy = *c;
	if (!*name)
		return err_new(a, "invalid config name");
	struct err *e = load(a, path, &root);
	if (e)
		return e;
	json_t *entry = json_pack("{s:s}", "name", name), *list = json_object_get(root, "configs");
	if (!json_is_array(list))
		json_object_set_new(root, "configs", list = json_array());
	for (const struct config_field *f = config_fields; f->name; f++) {
		json_t *value = f->is_saved ? field_value(&copy, f) : NULL;
		if (value)
			json_object_set_new(entry, f->name, value);
	}
	size_t at = position(list, name);
	int rc = at < json_array_size(list) ? json_array_set_new(list, at, entry)
					    : json_array_append_new(list, entry);
	e = rc == 0 ? store(a, path, root) : err_new(a, "invalid config name");
	json_decref(root);
	return e;
}

struct err *settings_delete(struct arena *a, const char *path, const char *name)
{
	json_t *root;
	struct err *e = load(a, path, &root);
	if (e)
		return e;
	json_t *list = json_object_get(root, "configs");
	size_t at = position(list, name);
	if (json_array_remove(list, at) == 0)
		e = store(a, path, root);
	else
		e = err_new(a, "config %s not found", name);
	json_decref(root);
	return e;
}
