// SPDX-License-Identifier: MIT
// Context: CTL. /proc/self/maps -> second mappings; see remapped.h.
#include <string.h>

#include "format/hex_digit.h"
#include "remapped.h"
#include "sigsafe/file.h"
#include "sigsafe/modmap_state.h"
#include "sigsafe/pagealloc.h"

enum { MAX_REGIONS = 4096, TEXT_BYTES = 4 << 20 }; // of address space; what is not used is not touched

/** Code of a file, by a line of /proc/self/maps. */
struct region {
	uintptr_t start, end;
	uint64_t file_offset, device, inode;
	bool is_modules; // mapped by the loader
};

struct maps {
	struct region regions[MAX_REGIONS];
	char text[TEXT_BYTES];
};

/** A number, and what stands behind it. */
static uint64_t take_hex(const char **at)
{
	uint64_t number = 0;
	for (; hex_digit(**at) >= 0; ++*at)
		number = number << 4 | (uint64_t)hex_digit(**at);
	*at += **at != '\0';
	return number;
}

/** "START-END r-xp OFFSET MAJOR:MINOR INODE   PATH"; false: not a file's, or no code. */
static bool parse(const char *at, struct region *region_out)
{
	bool is_code = false;
	region_out->start = take_hex(&at);
	region_out->end = take_hex(&at);
	for (; *at && *at != ' '; at++)
		is_code |= *at == 'x';
	at += *at != '\0';
	region_out->file_offset = take_hex(&at);
	region_out->device = take_hex(&at) << 32;
	region_out->device |= take_hex(&at);
	region_out->inode = take_hex(&at); // it is decimal, but only compared
	return is_code && region_out->inode != 0;
}

static void read_text(char *text)
{
	long fd = cp_open("/proc/thread-self/maps", O_RDONLY, 0); // "self" has none where the first thread has ended
	for (long at = 0, n = 1; fd >= 0 && n > 0; at += n)
		n = cp_syscall(SYS_read, fd, text + at, TEXT_BYTES - 1 - at, 0);
	cp_close(fd);
}

static uint32_t find_regions(struct maps *m)
{
	uint32_t count = 0;
	read_text(m->text);
	for (const char *line = m->text; line && *line && count < MAX_REGIONS;) {
		struct region *r = &m->regions[count];
		if (parse(line, r)) {
			r->is_modules = cp_modmap_find_at(r->start, cp_modmap_epoch()) != NULL;
			count++;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return count;
}

/** Keeps what of `copy` is code of `original`. */
static void keep(const struct region *copy, const struct region *original)
{
	uint64_t skipped = copy->file_offset - original->file_offset, bytes = original->end - original->start;
	if (!original->is_modules || copy->device != original->device || copy->inode != original->inode ||
			copy->file_offset < original->file_offset || skipped >= bytes)
		return;
	uint64_t shared = bytes - skipped, copied = copy->end - copy->start;
	cp_modmap_begin_writing();
	cp_remapped_add(copy->start, copy->start + (copied < shared ? copied : shared), original->start + skipped);
	cp_modmap_end_writing();
}

void cp_remapped_scan(void)
{
	static _Atomic uint32_t ncalls;
	uint32_t n = fetch_add(&ncalls, 1, relaxed) + 1;
	struct maps *m = (n & (n - 1)) == 0 ? cp_pages_alloc(sizeof(*m)) : NULL;
	if (!m)
		return;
	uint32_t count = find_regions(m);
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; !m->regions[i].is_modules && j < count; j++)
			keep(&m->regions[i], &m->regions[j]);
	}
	cp_pages_free(m, sizeof(*m));
}
