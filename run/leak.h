// SPDX-License-Identifier: MIT
// The report of `cprof run -leak`.
#ifndef CPROF_RUN_LEAK_H
#define CPROF_RUN_LEAK_H

#include <stdbool.h>

/** Shows on stderr what a heap profile has in use, by the analyzer of this very command. `whose`: begins the lines
 *  that tell of it ("heap.123.pb.gz: "), empty where it is the only one. is_exact: the profile holds every
 *  allocation. */
void leak_print(const char *file, const char *whose, bool is_exact);

#endif
