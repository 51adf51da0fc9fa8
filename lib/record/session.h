// SPDX-License-Identifier: MIT
// Context: CTL. A session of <cprof/profile.h>: pkg/profile's in C.
#ifndef CPROF_RECORD_SESSION_H
#define CPROF_RECORD_SESSION_H

#include <cprof/profile.h>

/** As cprof_profile_start(); the options are complete and valid. */
int cp_session_start(const struct cprof_profile_options *options);

/** Says why there will be none, and returns the error. */
int cp_session_refuse(int error);

/** As cprof_profile_stop(). */
int cp_session_stop(int number);

#endif
