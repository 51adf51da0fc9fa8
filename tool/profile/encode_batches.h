// SPDX-License-Identifier: MIT
// The message of a profile in batches, which may be encoded in any order and on several threads; one behind
// the other they are the message. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_ENCODE_BATCHES_H
#define CPROF_TOOL_PROFILE_ENCODE_BATCHES_H

#include "base/buf.h"
#include "tool/profile/profile.h"

struct names; // the file's string table, and what is the same for many samples

struct names *encode_begin(const struct profile *p);
void encode_end(struct names *names);

/** How many batches there are: at least one. */
uint32_t encode_nbatches(const struct names *names, const struct profile *p);

/** Appends a batch: of ten kilobytes, unless stacks are very deep. */
void encode_batch(const struct names *names, const struct profile *p, uint32_t batch, struct buf *out);

#endif
