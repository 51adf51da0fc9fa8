// SPDX-License-Identifier: MIT
// Context: SIG. Where the program has but one thread there is no loader thread (finish.h), and the program's own
// reads the list of modules as it comes by.
#ifndef CPROF_RECORD_LOADER_THREAD_HOOK_H
#define CPROF_RECORD_LOADER_THREAD_HOOK_H

/** Within malloc, where code in no module was met (cp_modmap_is_stale()). Does nothing where there are other threads:
 *  one may hold the loader's lock, and want one of those that our caller holds. errno stays. */
void cp_loader_read_alone(void);

#endif
