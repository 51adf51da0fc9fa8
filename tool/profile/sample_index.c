// SPDX-License-Identifier: MIT
// Which column a sample_index option means.
#include <inttypes.h>

#include "base/buf.h"
#include "base/err.h"
#include "tool/profile/profile.h"

/* Go's Atoi: decimal with a sign; false where it is no number. */
static bool parse_int(struct str s, int64_t *out)
{
	size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	if (at == s.len)
		return false;
	uint64_t v = 0;
	for (size_t i = at; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' || v > INT64_MAX / 10 - 1)
			return false;
		v = v * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*out = s.ptr[0] == '-' ? -(int64_t)v : (int64_t)v;
	return true;
}

static struct err *no_such_type(const struct profile *p, struct arena *a, struct str name)
{
	struct buf types = {0};
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		if (i)
			buf_byte(&types, ' ');
		buf_str(&types, profile_str(p, p->sample_types[i].type));
	}
	struct err *err = err_new(a, "sample_index \"%.*s\" must be one of: [%.*s]", STR_FMT(name),
			(int)types.len, types.ptr ? types.ptr : "");
	buf_deinit(&types);
	return err;
}

struct err *profile_sample_index(const struct profile *p, struct arena *a, struct str name,
		uint32_t *index_out)
{
	int64_t number;
	*index_out = p->nsample_types ? p->nsample_types - 1 : 0;
	if (!name.len) {
		for (uint32_t i = 0; p->default_sample_type && i < p->nsample_types; i++) {
			if (p->sample_types[i].type == p->default_sample_type) {
				*index_out = i;
				break;
			}
		}
		return NULL;
	}
	if (parse_int(name, &number)) {
		if (number < 0 || number >= (int64_t)p->nsample_types)
			return err_new(a, "sample_index %.*s is outside the range [0..%" PRId64 "]", STR_FMT(name),
					(int64_t)p->nsample_types - 1);
		*index_out = (uint32_t)number;
		return NULL;
	}
	struct str old_name = STR("inuse_"), short_name = name;
	if (str_has_prefix(name, old_name))
		short_name = str_slice(name, old_name.len, name.len);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		struct str type = profile_str(p, p->sample_types[i].type);
		if (str_eq(type, name) || str_eq(type, short_name)) {
			*index_out = i;
			return NULL;
		}
	}
	return no_such_type(p, a, name);
}
