// SPDX-License-Identifier: MIT
// Inflates the file and sums its samples.
#include "measure.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "format/pb.h"
#include "format/profwrite.h"

enum { CHUNK_BYTES = 256 << 10, MAX_BYTES = 1 << 30, MAX_TYPES = 16 };

// Sample types that are summed, and where.
static const struct {
	const char *name;
	size_t offset;
} sums[] = {
		{"cpu", offsetof(struct measure, cpu_ns)},
		{"inuse_space", offsetof(struct measure, inuse_bytes)},
		{"peak_space", offsetof(struct measure, peak_bytes)},
		{"alloc_space", offsetof(struct measure, alloc_bytes)},
		{"delay", offsetof(struct measure, delay_ns)},
};

enum { NSUMS = sizeof(sums) / sizeof(*sums) };

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

/** The string that names the first mapping, which is the program's; 0: there is none. */
static uint64_t read_program(struct pb_reader profile)
{
	enum { MAPPING_FILENAME = 5 };
	struct pb_field f, part;
	while (pb_get_field(&profile, &f)) {
		if (f.number != PROFILE_MAPPING)
			continue;
		struct pb_reader mapping = {f.bytes, f.bytes + f.nbytes};
		while (pb_get_field(&mapping, &part)) {
			if (part.number == MAPPING_FILENAME)
				return part.value;
		}
		return 0;
	}
	return 0;
}

static void note_program(const struct pb_field *path, struct measure *m)
{
	const char *at = (const char *)path->bytes, *slash = memrchr(at, '/', path->nbytes);
	const char *name = slash ? slash + 1 : at;
	snprintf(m->program, sizeof(m->program), "%.*s", (int)(path->nbytes - (size_t)(name - at)), name);
}

/** The library's comment "threads: 4 on timer" has the form of no function's name. */
static int64_t count_threads(const struct pb_field *f)
{
	char text[32] = "";
	int n;
	memcpy(text, f->bytes, f->nbytes < sizeof(text) ? f->nbytes : sizeof(text) - 1);
	return sscanf(text, "threads: %d on ", &n) == 1 && strstr(text, " on ") ? n : 0;
}

/** The library's comments on a heap it cannot see, and on what lib/record/keeper.c wrote. */
static void note_comment(const struct pb_field *f, struct measure *m)
{
	static const char unseen[] = "cprof: heap not seen: ", checkpoint[] = "cprof: written while the process ran;";
	const size_t unseen_len = sizeof(unseen) - 1, checkpoint_len = sizeof(checkpoint) - 1;
	if (f->nbytes > unseen_len && memcmp(f->bytes, unseen, unseen_len) == 0)
		snprintf(m->heap_unseen, sizeof(m->heap_unseen), "%.*s", (int)(f->nbytes - unseen_len),
				(const char *)f->bytes + unseen_len);
	m->is_checkpoint |= f->nbytes > checkpoint_len && memcmp(f->bytes, checkpoint, checkpoint_len) == 0;
}

static int find_sum(const struct pb_field *name)
{
	for (int i = 0; i < NSUMS; i++) {
		if (name->nbytes == strlen(sums[i].name) &&
				memcmp(name->bytes, sums[i].name, name->nbytes) == 0)
			return i;
	}
	return -1;
}

/** Which sum each column goes to (-1: none); looks at the comments in passing, since both are strings. */
static void read_strings(struct pb_reader profile, int columns[MAX_TYPES], struct measure *m)
{
	uint64_t names[MAX_TYPES], index = 0, program = read_program(profile);
	int ntypes = read_types(profile, names);
	memset(columns, -1, MAX_TYPES * sizeof(*columns));
	struct pb_field f;
	while (pb_get_field(&profile, &f)) {
		if (f.number != PROFILE_STRING_TABLE)
			continue;
		for (int i = 0; i < ntypes; i++) {
			if (names[i] == index)
				columns[i] = find_sum(&f);
		}
		if (index > 0 && index == program && !m->program[0])
			note_program(&f, m);
		m->threads += count_threads(&f);
		note_comment(&f, m);
		index++;
	}
}

static void add_value(uint64_t value, int i, const int columns[MAX_TYPES], struct measure *m)
{
	if (i == 0)
		m->samples += (int64_t)value;
	if (i < MAX_TYPES && columns[i] >= 0)
		*(int64_t *)((char *)m + sums[columns[i]].offset) += (int64_t)value;
}

/** The library packs the values; the analyzer, as Go does, three and more. */
static void add_sample(struct pb_reader sample, const int columns[MAX_TYPES], struct measure *m)
{
	struct pb_field f;
	uint64_t value;
	int i = 0;
	while (pb_get_field(&sample, &f)) {
		struct pb_reader packed = {f.bytes, f.bytes + f.nbytes};
		if (f.number != 2)
			continue;
		if (f.wire != PB_BYTES)
			add_value(f.value, i++, columns, m);
		else
			while (packed.at < packed.end && pb_get_varint(&packed, &value))
				add_value(value, i++, columns, m);
	}
}

bool measure_add(const char *path, struct measure *m)
{
	struct buf content = {0};
	bool is_whole = inflate_file(path, &content);
	const uint8_t *bytes = (const uint8_t *)content.ptr;
	struct pb_reader profile = {bytes, bytes + content.len}, r = profile;
	int columns[MAX_TYPES];
	if (is_whole)
		read_strings(profile, columns, m);
	struct pb_field f;
	while (is_whole && pb_get_field(&r, &f)) {
		if (f.number == PROFILE_SAMPLE && f.wire == PB_BYTES)
			add_sample((struct pb_reader){f.bytes, f.bytes + f.nbytes}, columns, m);
	}
	is_whole = is_whole && r.at == r.end;
	buf_deinit(&content);
	return is_whole;
}
