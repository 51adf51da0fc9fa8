// SPDX-License-Identifier: MIT
// Context: CTL. The profiles of a test program, from its flags to its end.
#ifndef CPROF_TESTING_TESTING_H
#define CPROF_TESTING_TESTING_H

#include "flags.h"

/** As cprof_testing_init(), cprof_testing_stop(). */
int cp_testing_init(int *argc, char **argv);
int cp_testing_stop(void);

/** What was asked for; all zero before cp_testing_init(). */
const struct cp_testing_flags *cp_testing_flags(void);

#endif
