// SPDX-License-Identifier: MIT
// Inflates the file and sums its samples.
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "format/pb.h"
#include "format/profwrite.h"

enum { CHUNK_BYTES = 256 << 10, MAX_BYTES = 1 << 30, MAX_TYPES = 16 };

static bool inflate_file(const char *path, struct buf *out)
{
	gzFile file = gzopen(path, "re");
	if (!file)
		return false;
	int n;
	do {
		buf_reserve(out, CHUNK_BYTES);
		n = gzread(file, out->ptr + out->len, CHUNK_BYTES);
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0 && out->len < MAX_BYTES);
	return gzclose(file) == Z_OK && n == 0;
}

/** Strings of sample types, in order. */
static int read_types(struct pb_reader profile, uint64_t names[MAX_TYPES])
{
	int ntypes = 0;
	struct pb_field f, part;
	while (ntypes < MAX_TYPES && pb_get_field(&profile, &f)) {
		if (f.number != PROFILE_SAMPLE_TYPE)
			continue;
		struct pb_reader type = {f.bytes, f.bytes + f.nbytes};
		names[ntypes] = 0;
		while (pb_get_field(&type, &part)) {
			if (part.number == 1)
				names[ntypes] = part.value;
		}
		ntypes++;
	}
	return ntypes;
}

/** The library's comment "threads: 4 on timer" has the form of no function's name. */
static int64_t count_threads(const struct pb_field *f)
{
	char text[32] = "";
	int n;
	memcpy(text, f->bytes, f->nbytes < sizeof(text) ? f->nbytes : sizeof(text) - 1);
	return sscanf(text, "threads: %d on ", &n) == 1 && strstr(text, " on ") ? n : 0;
}

/** Which column is CPU time (-1: none); looks at the comments in passing, since both are strings. */
static int read_strings(struct pb_reader profile, struct measure *m)
{
	uint64_t names[MAX_TYPES], index = 0;
	int ntypes = read_types(profile, names), cpu = -1;
	struct pb_field f;
	while (pb_get_field(&profile, &f)) {
		if (f.number != PROFILE_STRING_TABLE)
			continue;
		for (int i = 0; i < ntypes; i++) {
			if (names[i] == index && f.nbytes == 3 && memcmp(f.bytes, "cpu", 3) == 0)
				cpu = i;
		}
		m->threads += count_threads(&f);
		index++;
	}
	return cpu;
}

/** Our own profiles have their values packed. */
static void add_sample(struct pb_reader sample, int cpu_type, struct measure *m)
{
	struct pb_field f;
	while (pb_get_field(&sample, &f)) {
		if (f.number != 2 || f.wire != PB_BYTES)
			continue;
		struct pb_reader values = {f.bytes, f.bytes + f.nbytes};
		uint64_t value;
		for (int i = 0; values.at < values.end && pb_get_varint(&values, &value); i++) {
			if (i == 0)
				m->samples += (int64_t)value;
			if (i == cpu_type)
				m->cpu_ns += (int64_t)value;
		}
	}
}

bool measure_add(const char *path, struct measure *m)
{
	struct buf content = {0};
	bool is_whole = inflate_file(path, &content);
	const uint8_t *bytes = (const uint8_t *)content.ptr;
	struct pb_reader profile = {bytes, bytes + content.len}, r = profile;
	int cpu_type = is_whole ? read_strings(profile, m) : -1;
	struct pb_field f;
	while (is_whole && pb_get_field(&r, &f)) {
		if (f.number == PROFILE_SAMPLE && f.wire == PB_BYTES)
			add_sample((struct pb_reader){f.bytes, f.bytes + f.nbytes}, cpu_type, m);
	}
	is_whole = is_whole && r.at == r.end;
	buf_deinit(&content);
	return is_whole;
}
