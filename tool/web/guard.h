// SPDX-License-Identifier: MIT
// Who may ask. A profile tells of a program's insides, so unless another address was asked for it is shown
// to this machine only; and a web page elsewhere that makes the user's browser ask (DNS rebinding, forged
// posts) gets nothing.
#ifndef CPROF_TOOL_WEB_GUARD_H
#define CPROF_TOOL_WEB_GUARD_H

#include <stdbool.h>

/** host[:port] of an address or a Host header: is it this machine, by a name nobody else can give? */
bool guard_is_local_host(const char *host);

/** Is the numeric address one of this machine's own, 127.x.x.x or ::1? */
bool guard_is_local_address(const char *address);

/** Does an Origin header (NULL: none) name the host the request was sent to? */
bool guard_is_same_origin(const char *origin, const char *host);

#endif
