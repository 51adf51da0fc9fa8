// SPDX-License-Identifier: MIT
// See plain.h.
#include "tool/perfdata/plain.h"

#include <zstd.h>

#include "base/mem.h"
#include "tool/profile/parse.h"

enum { ALWAYS_ALLOWED_MIB = 64, ALLOWED_RATIO = 500 };

static bool begin(struct perf_plain *p, size_t file_bytes)
{
	size_t max = (size_t)PARSE_MAX_MIB << 20, always = (size_t)ALWAYS_ALLOWED_MIB << 20;
	p->reserved = file_bytes > (max - always) / ALLOWED_RATIO ? max : always + file_bytes * ALLOWED_RATIO;
	p->stream = ZSTD_createDStream();
	p->ptr = pages_reserve(p->reserved);
	return p->stream && p->ptr;
}

struct err *perf_plain_add(struct perf_plain *p, struct arena *a, size_t file_bytes, struct reader piece)
{
	if (!p->stream && !begin(p, file_bytes))
		return err_new(a, "no memory for %zu bytes", p->reserved);
	ZSTD_inBuffer in = {piece.at, reader_left(&piece), 0};
	ZSTD_outBuffer out = {p->ptr, p->reserved, p->len};
	while (in.pos < in.size && out.pos < out.size) {
		size_t ret = ZSTD_decompressStream(p->stream, &out, &in);
		if (ZSTD_isError(ret))
			return err_new(a, "perf.data: compressed records: %s", ZSTD_getErrorName(ret));
	}
	p->len = out.pos;
	if (out.pos == out.size)
		return err_new(a, "perf.data of %zu bytes holds more than %zu MiB: refused as a zstd bomb", file_bytes,
				p->reserved >> 20);
	return NULL;
}

struct reader perf_plain_rest(const struct perf_plain *p)
{
	return reader_of(p->ptr + p->parsed, p->len - p->parsed);
}

void perf_plain_free(struct perf_plain *p)
{
	ZSTD_freeDStream(p->stream);
	if (p->ptr)
		pages_free(p->ptr, p->reserved);
	*p = (struct perf_plain){0};
}
