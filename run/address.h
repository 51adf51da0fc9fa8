// SPDX-License-Identifier: MIT
// Where -http can listen: asked before the program runs, since the library inside it says nothing.
#ifndef CPROF_RUN_ADDRESS_H
#define CPROF_RUN_ADDRESS_H

#include "base/err.h"

/** NULL, or why the program could not serve there. address_out: the same, with a port that is free for port 0. */
struct err *address_check(struct arena *a, const char *address, const char **address_out);

#endif
