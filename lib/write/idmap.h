// SPDX-License-Identifier: MIT
// Context: CTL. Dense ids, from 1, for keys: the ids of profile.proto's locations and functions.
#ifndef CPROF_WRITE_IDMAP_H
#define CPROF_WRITE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A key: an address in a module, or whatever two numbers tell things apart. */
struct cp_idkey {
	uint64_t space; // a module's id
	uint64_t value; // an address
};

/** Zero it to start. keys[id - 1] is the key of id. */
struct cp_idmap {
	struct cp_idkey *keys;
	uint32_t count;
	uint32_t *slots; // ids, 0: free; open addressing, a power of two
	size_t keys_cap_bytes, slots_cap_bytes;
};

/** The id of key; a new one where it is new, then *is_new_out. 0: no memory. */
uint32_t cp_idmap_intern(struct cp_idmap *m, struct cp_idkey key, bool *is_new_out);
void cp_idmap_free(struct cp_idmap *m);

#endif
