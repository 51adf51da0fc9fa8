// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Functions by name, as dlsym() finds them, but without the loader: nothing is called that may
// allocate, take its lock or be somebody's own. So malloc itself can be found at its first call, wherever that comes
// from.
//
// What is read is the loader's own list of objects, and their tables of symbols in memory (<link.h>), which stay as
// they are while nobody loads or unloads: who calls does it before the program's threads are there. The vDSO is in the
// list, too, which dlsym() passes over; it has nothing that we stand in for.
#ifndef CPROF_INTERPOSE_LOOKUP_H
#define CPROF_INTERPOSE_LOOKUP_H

/** In the object that we are part of: a library of ours, or the program. NULL: it has none. */
void *cp_lookup_own(const char *name);

/** In the others, those behind ours first (RTLD_NEXT): those before it where we were loaded late, after libc. */
void *cp_lookup_next(const char *name);

/** The same, and which object it is in, for comparison. */
void *cp_lookup_next_in(const char *name, const void **object_out);

/** In the vDSO. NULL: there is none in the loader's list, or it has none. */
void *cp_lookup_vdso(const char *name);

/** What a library that was loaded by itself means: its own, or one of a library that it needs, else the next. pc is in
 *  its code. */
void *cp_lookup_for(const void *pc, const char *name);

#endif
