// SPDX-License-Identifier: MIT
// Context: CTL. The thread that reads the loader's list of modules for all other threads of ours.
//
// A signal that ends the process may have interrupted a thread that holds the loader's lock: it gives it
// back only after our files are written, so whoever asks the loader meanwhile waits for ever. Here it is
// one thread that waits, and the others go on with the modules that are known.
//
// It also reads the list when somebody meets code in no module, a few times a second at most: what dlopen()
// brought is then known before it goes again, also where no CPU profile's collector looks for it.
#ifndef CPROF_RECORD_LOADER_THREAD_H
#define CPROF_RECORD_LOADER_THREAD_H

#include <stdbool.h>

/** From now on cp_modmap_refresh() on a thread of ours goes through it. 0 or a negative errno. */
int cp_loader_thread_start(void);

/** Whether those that ask it wait a fraction of a second at most: the process is about to end. */
void cp_loader_thread_hurry(bool hurries);

#endif
