// SPDX-License-Identifier: MIT
// The report of `cprof run -leak`.
#ifndef CPROF_RUN_LEAK_H
#define CPROF_RUN_LEAK_H

/** Shows on stderr what a heap profile has in use, by the analyzer of this very command. */
void leak_print(const char *file);

#endif
