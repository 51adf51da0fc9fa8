// SPDX-License-Identifier: MIT
// Context: CTL. A profile's string table: each string once, an index each, "" is 0.
#ifndef CPROF_WRITE_STRINGS_H
#define CPROF_WRITE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_string_entry {
	uint64_t hash;
	size_t offset; // in bytes[]
	size_t len;
};

/** Zero it to start. */
struct cp_strings {
	struct cp_string_entry *entries;
	uint32_t count;
	char *bytes;
	size_t bytes_used;
	uint32_t *slots; // index + 1, 0: free; open addressing, a power of two
	size_t entries_cap_bytes, bytes_cap_bytes, slots_cap_bytes;
};

/** The index of the string; a new one at the end of the table where it is new. false: no memory. */
bool cp_strings_intern(struct cp_strings *t, const char *str, size_t len, uint64_t *index_out);
void cp_strings_free(struct cp_strings *t);

#endif
