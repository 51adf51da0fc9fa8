// SPDX-License-Identifier: MIT
// Options in URLs (see urlconfig.h).
#include "urlconfig.h"

struct err *config_from_query(struct arena *a, const struct query *q, struct config *c)
{
	for (const struct config_field *f = config_fields; f->name; f++) {
		const char *value = f->url_key ? query_get(q, f->url_key) : "";
		struct err *e = *value ? config_set(a, c, f, value) : NULL;
		if (e)
			return err_wrap(a, e, "error setting config field %s", f->name);
	}
	return NULL;
}

struct query config_to_query(struct arena *a, const struct config *c, const struct query *q)
{
	struct query out = *q;
	for (const struct config_field *f = config_fields; f->name; f++) {
		if (!f->url_key)
			continue;
		const char *value = config_get(a, c, f);
		if (strcmp(value, config_get(a, &config_defaults, f)) == 0)
			value = "";
		else if (f->kind == CONFIG_BOOL)
			value = *value == 't' ? "t" : "f";
		out = query_with(a, &out, f->url_key, value);
	}
	return out;
}
