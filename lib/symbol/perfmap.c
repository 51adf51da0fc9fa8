// SPDX-License-Identifier: MIT
// Context: CTL. Two passes, as with symbol tables (elf.h): each line is offered to the sorted addresses asked
// for, which keep where its name stands; then the names are read. So memory grows with the question, not
// with a map that a JIT may have made a hundred megabytes long.
#include "perfmap.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/perfmap_line.h"
#include "sigsafe/file.h"
#include "sigsafe/pagealloc.h"
#include "write/vformat.h"

enum {
	CHUNK_BYTES = 64 << 10,
	LINE_START_BYTES = 40, // of a line: two numbers of 16 digits, their spaces and a "0x"
	NAME_BYTES = 4096,     // longer names are cut
};

/** A line (or its start) that stands at `offset` of the map. */
static void offer_line(const char *line, size_t len, uint64_t offset, struct cp_symbol_query *queries,
		size_t nqueries)
{
	struct perfmap_line l;
	if (!perfmap_line_parse(line, len, &l))
		return;
	const struct cp_symbol_candidate c = {.start = l.start, .size_bytes = l.size_bytes,
			.name_offset = offset + l.name_offset, .is_set = true};
	for (size_t i = cp_symbol_lower_bound(queries, nqueries, c.start); i < nqueries; i++) {
		if (queries[i].vaddr - c.start >= c.size_bytes)
			break;
		queries[i].symbol = c;
		queries[i].is_found = true;
	}
}

/** Offers the lines of one chunk; returns how much of it was used: whole lines, or all of a line too long. */
static size_t offer_lines(const char *chunk, size_t nbytes, bool is_last, uint64_t offset,
		struct cp_symbol_query *queries, size_t nqueries)
{
	size_t at = 0;
	while (at < nbytes) {
		const char *end = memchr(chunk + at, '\n', nbytes - at);
		if (!end && !is_last && nbytes - at >= LINE_START_BYTES && at == 0)
			end = chunk + nbytes - 1; // what follows is its name, and parses as no line
		if (!end && !is_last)
			break;
		size_t len = end ? (size_t)(end - (chunk + at)) : nbytes - at;
		offer_line(chunk + at, len, offset + at, queries, nqueries);
		at += len + (end != NULL);
	}
	return at;
}

int cp_perfmap_find_in(struct cp_elf_source source, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	struct cp_elf map = {.source = source};
	char *chunk = cp_pages_alloc(CHUNK_BYTES);
	if (!chunk)
		return -ENOMEM;
	for (uint64_t offset = 0;;) {
		size_t nbytes = cp_elf_read(&map, offset, chunk, CHUNK_BYTES);
		if (nbytes == 0)
			break;
		offset += offer_lines(chunk, nbytes, nbytes < CHUNK_BYTES, offset, queries, nqueries);
	}
	for (size_t i = 0; i < nqueries; i++) {
		if (!queries[i].is_found)
			continue;
		size_t nbytes = cp_elf_read(&map, queries[i].symbol.name_offset, chunk, NAME_BYTES);
		const char *end = memchr(chunk, '\n', nbytes);
		found(arg, &queries[i], chunk, end ? (size_t)(end - chunk) : nbytes);
	}
	cp_pages_free(chunk, CHUNK_BYTES);
	return 0;
}

int cp_perfmap_find(struct cp_symbol_query *queries, size_t nqueries, cp_symbol_found *found, void *arg)
{
	char path[sizeof("/tmp/perf-.map") + 10];
	cp_format(path, sizeof(path), "/tmp/perf-%d.map", cp_getpid());
	long fd = cp_open(path, O_RDONLY | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return (int)fd;
	struct stat st;
	int ret = -EPERM;
	if (fstat((int)fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		ret = cp_perfmap_find_in((struct cp_elf_source){.fd = (int)fd}, queries, nqueries, found, arg);
	cp_close(fd);
	return ret;
}
