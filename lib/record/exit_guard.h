// SPDX-License-Identifier: MIT
// Context: CTL. Has the files written whole where more than one thread ends the process.
#ifndef CPROF_RECORD_EXIT_GUARD_H
#define CPROF_RECORD_EXIT_GUARD_H

#include <stdbool.h>

/** Zero but for stop(), which writes the files. Any number of threads may be in it, and who comes second leaves it no
 *  sooner than they are written. */
struct cp_exit_guard {
	void (*stop)(void);
	_Atomic bool is_through;
};

/** In a constructor: from now on each thread that ends the process by exit(), or by a return from main, comes by at
 *  stop(). */
void cp_exit_guard_set(struct cp_exit_guard *guard);

/** Calls stop(), in a destructor: whoever is there at the end need not do so again. */
void cp_exit_guard_stop(struct cp_exit_guard *guard);

#endif
