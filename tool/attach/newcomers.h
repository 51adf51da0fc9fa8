// SPDX-License-Identifier: MIT
// Which threads of a process have events, while these are being opened and it starts more. Private to tool/attach.
#ifndef CPROF_TOOL_ATTACH_NEWCOMERS_H
#define CPROF_TOOL_ATTACH_NEWCOMERS_H

struct sampler;

/** Has the sampler open events for each thread of the process that inherits none, and drops what these recorded
 *  meanwhile. 0 or a negative errno; -ESRCH: there is no such process. */
int newcomers_cover(struct sampler *s, int pid);

#endif
