// SPDX-License-Identifier: MIT
// See parse.h: gzip or zstd, then profile.proto, then the older formats, as pprof tries them.
#include "tool/profile/parse.h"

#include "base/mem.h"
#include "tool/profile/decode.h"
#include "tool/profile/inflate.h"
#include "tool/profile/legacy.h"

static struct err *parse_plain(struct arena *a, const uint8_t *data, size_t len, bool consume,
		bool with_stacks, struct profile **profile_out)
{
	struct profile *p = profile_create();
	struct err *err = NULL, *invalid = NULL;
	switch (decode_profile(a, data, len, consume, with_stacks, p, &invalid)) {
	case DECODE_OK:
	case DECODE_INVALID:
		break;
	case DECODE_MALFORMED:
		profile_destroy(p);
		p = NULL;
		err = parse_legacy(a, (struct str){(const char *)data, len}, &p);
		break;
	case DECODE_EMPTY:
		err = err_new(a, "empty input file");
		break;
	case DECODE_CONCATENATED:
		err = err_new(a, "concatenated profiles detected");
		break;
	case DECODE_TOO_LARGE:
		err = err_new(a, "more than %u stack frames", UINT32_MAX);
		break;
	}
	err = err_wrap(a, err, "parsing profile");
	if (!err)
		err = err_wrap(a, invalid ? invalid : profile_check(p, a), "malformed profile");
	if (err) {
		profile_destroy(p);
		return err;
	}
	*profile_out = p;
	return NULL;
}

static struct err *parse(struct arena *a, const uint8_t *data, size_t len, bool consume,
		bool with_stacks, struct profile **profile_out)
{
	if (!is_gzip(data, len) && !is_zstd(data, len))
		return parse_plain(a, data, len, consume, with_stacks, profile_out);
	struct inflated plain;
	struct err *err = inflate_profile(a, data, len, &plain);
	if (err)
		return err_wrap(a, err, "decompressing profile");
	if (consume)
		pages_release((void *)data, len);
	err = parse_plain(a, plain.ptr, plain.len, true, with_stacks, profile_out);
	pages_free(plain.ptr, plain.reserved);
	return err;
}

struct err *profile_parse(struct arena *a, const void *data, size_t len, struct profile **profile_out)
{
	return parse(a, data, len, false, true, profile_out);
}

struct err *profile_parse_consume(struct arena *a, void *data, size_t len, bool with_stacks,
		struct profile **profile_out)
{
	return parse(a, data, len, true, with_stacks, profile_out);
}
