// SPDX-License-Identifier: MIT
// See inflate.h. libdeflate inflates twice as fast as zlib but only says "bad data"; zlib is asked only
// then, for what exactly is wrong.
#include "tool/profile/inflate.h"

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"
#include "tool/profile/parse.h"

enum { ALWAYS_ALLOWED_MIB = 64, ALLOWED_RATIO = 100, GZIP_HEADER_BYTES = 10, GZIP_TRAILER_BYTES = 8 };

static size_t allowed_bytes(size_t len)
{
	size_t max = (size_t)PARSE_MAX_MIB << 20;
	size_t allowed = (size_t)ALWAYS_ALLOWED_MIB << 20;
	return len > (max - allowed) / ALLOWED_RATIO ? max : allowed + len * ALLOWED_RATIO;
}

/* How many come out, as far as that can be told: gzip says it, of its last member and without what is beyond 4 GiB. */
static size_t likely_bytes(const uint8_t *data, size_t len, size_t allowed)
{
	uint32_t told = 0;
	if (is_gzip(data, len) && len >= GZIP_HEADER_BYTES + GZIP_TRAILER_BYTES)
		memcpy(&told, data + len - sizeof(told), sizeof(told));
	return told > len && told < allowed ? told : allowed;
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

/* The first member's damage in Go's words. */
static struct err *damage_error(struct arena *a, const uint8_t *data, size_t len)
{
	const char *words = "unexpected EOF";
	size_t header = len < GZIP_HEADER_BYTES ? len : header_bytes(data, len);
	z_stream z = {0};
	if (len >= GZIP_HEADER_BYTES && (!is_gzip(data, len) || data[2] != 8)) {
		words = "gzip: invalid header";
	} else if (header < len && inflateInit2(&z, -MAX_WBITS) == Z_OK) {
		unsigned char sink[16384];
		int status;
		z.next_in = (Bytef *)data + header;
		z.avail_in = len - header > UINT32_MAX ? UINT32_MAX : (uInt)(len - header);
		do {
			z.next_out = sink;
			z.avail_out = sizeof(sink);
			status = inflate(&z, Z_NO_FLUSH);
		} while (status == Z_OK);
		inflateEnd(&z);
		if (status == Z_DATA_ERROR)
			return err_new(a, "flate: corrupt input before offset %lu", z.total_in);
		if (status == Z_STREAM_END && z.avail_in >= GZIP_TRAILER_BYTES)
			words = "gzip: invalid checksum";
	}
	return err_new(a, "%s", words);
}

static struct err *bomb_error(struct arena *a, size_t len, const struct inflated *out, const char *format)
{
	return err_new(a, "%zu bytes inflate to more than %zu MiB: refused as a %s bomb", len, out->reserved >> 20,
			format);
}

static struct err *inflate_gzip(struct arena *a, const uint8_t *data, size_t len, struct inflated *out)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result status = LIBDEFLATE_SUCCESS;
	size_t at = 0;
	if (!d)
		return err_new(a, "no memory to inflate");
	while (at < len && status == LIBDEFLATE_SUCCESS) {
		size_t in = 0, written = 0;
		status = libdeflate_gzip_decompress_ex(d, data + at, len - at, out->ptr + out->len,
				out->reserved - out->len, &in, &written);
		if (status == LIBDEFLATE_SUCCESS) {
			at += in;
			out->len += written;
		}
	}
	libdeflate_free_decompressor(d);
	if (status == LIBDEFLATE_INSUFFICIENT_SPACE)
		return bomb_error(a, len, out, "gzip");
	return status == LIBDEFLATE_SUCCESS ? NULL : damage_error(a, data + at, len - at);
}

static struct err *inflate_zstd(struct arena *a, const uint8_t *data, size_t len, struct inflated *out)
{
	size_t ret = ZSTD_decompress(out->ptr, out->reserved, data, len);
	if (ZSTD_getErrorCode(ret) == ZSTD_error_dstSize_tooSmall)
		return bomb_error(a, len, out, "zstd");
	if (ZSTD_isError(ret))
		return err_new(a, "zstd: %s", ZSTD_getErrorName(ret));
	out->len = ret;
	return NULL;
}

struct err *inflate_profile(struct arena *a, const uint8_t *data, size_t len, struct inflated *out)
{
	size_t allowed = allowed_bytes(len);
	*out = (struct inflated){.reserved = allowed, .ptr = pages_reserve_most(allowed)};
	if (!out->ptr)
		return err_new(a, "no memory for %zu bytes", allowed);
	pages_ask_huge(out->ptr, likely_bytes(data, len, allowed));
	struct err *err = (is_zstd(data, len) ? inflate_zstd : inflate_gzip)(a, data, len, out);
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
