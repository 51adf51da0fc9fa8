// SPDX-License-Identifier: MIT
// See inflate.h. libdeflate inflates twice as fast as zlib but only says "bad data"; zlib is asked only
// then, for what exactly is wrong.
#include "tool/profile/inflate.h"

#include <libdeflate.h>
#include <stdio.h>
#include <zlib.h>

#include "base/mem.h"
#include "tool/profile/parse.h"

enum { ALWAYS_ALLOWED_MIB = 64, ALLOWED_RATIO = 100, GZIP_HEADER_BYTES = 10 };

static size_t allowed_bytes(size_t len)
{
	size_t max = (size_t)PARSE_MAX_MIB << 20;
	size_t allowed = (size_t)ALWAYS_ALLOWED_MIB << 20;
	return len > (max - allowed) / ALLOWED_RATIO ? max : allowed + len * ALLOWED_RATIO;
}

/* Where the compressed data begins. */
static size_t header_bytes(const uint8_t *data, size_t len)
{
	enum { HAS_CRC = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16 };
	size_t at = GZIP_HEADER_BYTES;
	if (data[3] & HAS_EXTRA && len >= at + 2)
		at += 2 + (size_t)(data[at] | data[at + 1] << 8);
	for (unsigned flag = HAS_NAME; flag <= HAS_COMMENT; flag <<= 1) {
		while (data[3] & flag && at < len && data[at++])
			;
	}
	return at + (data[3] & HAS_CRC ? 2 : 0);
}

/* The first member's damage in Go's words. Its good members before are no concern: same words. */
static const char *describe_damage(const uint8_t *data, size_t len, char *text, size_t size)
{
	if (len < GZIP_HEADER_BYTES)
		return "unexpected EOF";
	if (!is_gzip(data, len) || data[2] != 8)
		return "gzip: invalid header";
	z_stream z = {.next_in = (Bytef *)data, .avail_in = len > UINT32_MAX ? UINT32_MAX : (uInt)len};
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return "unexpected EOF";
	unsigned char sink[16384];
	int status;
	do {
		z.next_out = sink;
		z.avail_out = sizeof(sink);
		status = inflate(&z, Z_NO_FLUSH);
	} while (status == Z_OK);
	const char *words = "unexpected EOF";
	if (status == Z_DATA_ERROR && z.msg && strstr(z.msg, "check"))
		words = "gzip: invalid checksum";
	else if (status == Z_DATA_ERROR && z.msg && strstr(z.msg, "header"))
		words = "gzip: invalid header";
	else if (status == Z_DATA_ERROR) {
		snprintf(text, size, "flate: corrupt input before offset %lu", z.total_in - header_bytes(data, len));
		words = text;
	}
	inflateEnd(&z);
	return words;
}

struct err *inflate_gzip(struct arena *a, const uint8_t *data, size_t len, struct inflated *out)
{
	size_t allowed = allowed_bytes(len);
	*out = (struct inflated){.reserved = allowed, .ptr = pages_reserve(allowed)};
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result status = LIBDEFLATE_SUCCESS;
	struct err *err = NULL;
	if (!out->ptr || !d)
		err = err_new(a, "no memory for %zu bytes", allowed);
	size_t at = 0;
	while (!err && at < len && status == LIBDEFLATE_SUCCESS) {
		size_t in = 0, written = 0;
		status = libdeflate_gzip_decompress_ex(d, data + at, len - at, out->ptr + out->len,
				allowed - out->len, &in, &written);
		if (status == LIBDEFLATE_SUCCESS) {
			at += in;
			out->len += written;
		}
	}
	libdeflate_free_decompressor(d);
	char text[64];
	if (!err && status == LIBDEFLATE_INSUFFICIENT_SPACE)
		err = err_new(a, "%zu bytes inflate to more than %zu MiB: refused as a gzip bomb", len,
				allowed >> 20);
	else if (!err && status != LIBDEFLATE_SUCCESS)
		err = err_new(a, "%s", describe_damage(data + at, len - at, text, sizeof(text)));
	if (err) {
		pages_free(out->ptr, out->reserved);
		*out = (struct inflated){0};
		return err;
	}
	// Only the address space: what was not written costs nothing, but other mappings may want it.
	size_t used = (out->len + 65535) & ~(size_t)65535;
	if (used < out->reserved) {
		pages_free(out->ptr + used, out->reserved - used);
		out->reserved = used;
	}
	return NULL;
}
