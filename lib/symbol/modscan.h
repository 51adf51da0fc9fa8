// SPDX-License-Identifier: MIT
// Context: CTL. What the loader has mapped just now, copied out of its own list.
//
// dl_iterate_phdr holds the loader's lock while it calls back, so the callback only copies, into memory
// that was there before; names are copied as well: a dlclose may free the loader's.
#ifndef CPROF_SYMBOL_MODSCAN_H
#define CPROF_SYMBOL_MODSCAN_H

#include "sigsafe/modmap.h"

struct modscan {
	struct cp_module *modules; // only their constants are set; path points into names
	uint32_t count, capacity;
	char *names;
	size_t names_bytes, names_capacity;
	uint32_t epoch; // cp_modmap_epoch() before it was read; the caller's
	uint64_t adds, subs;     // the loader's counters: equal sums, equal lists
	uint64_t known_version;  // of the list the caller has already
	bool unchanged;          // the list is that one: modules is empty
	bool only_adds;          // what is not in modules may be loaded all the same, and there is no version
	bool full;               // something did not fit
	size_t pages_bytes;
};

/**
 * Reads the list, but only if its version (adds + subs) is not known_version. 0 or a negative errno. Where the loader's
 * lock is in doubt (cp_modmap_doubt_loader()) it reads what has no record yet.
 */
int modscan_read(struct modscan *scan_out, uint64_t known_version);
void modscan_free(struct modscan *scan);

/** The start of the object that holds pc, as the loader knows it this moment: a module that dlopen has
 *  just mapped, before anybody refreshed. False: none, or the loader cannot say. Context: SIG. */
bool modscan_ask_loader(uintptr_t pc, uintptr_t *image_out);

#endif
