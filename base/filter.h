// SPDX-License-Identifier: MIT
// Programs that turn what they are given into something else while we wait: dot, objdump, nm. They do not outlive us.
#ifndef CPROF_BASE_FILTER_H
#define CPROF_BASE_FILTER_H

#include <stdbool.h>

#include "buf.h"
#include "str.h"

/**
 * Gives `input` to argv (NULL-terminated, looked for in $PATH) and appends what it prints to `out`. Its standard error
 * is `err`, as program_start() takes it. Where the other end of the socket client_fd hangs up, it is killed; 0: that is
 * not looked at. 0 or the errno for which it could not be started; *status_out is its wait status.
 */
int filter_run(const char *const argv[], struct str input, int err, int client_fd, struct buf *out, int *status_out);

/** False: who asks, at the other end of the socket client_fd, has hung up. */
bool filter_is_wanted(int client_fd);

#endif
