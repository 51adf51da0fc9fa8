// SPDX-License-Identifier: MIT
// From struct profile to bytes: profile.proto in pprof's field and string order (-proto, saved copies,
// /download), and the text dump of -raw.
#ifndef CPROF_TOOL_PROFILE_ENCODE_H
#define CPROF_TOOL_PROFILE_ENCODE_H

#include "base/buf.h"
#include "tool/profile/profile.h"

/** Appends the uncompressed message. */
void profile_encode(const struct profile *p, struct buf *out);

/** Appends the gzipped message. */
void profile_encode_gzip(const struct profile *p, struct buf *out);

/** Appends pprof's Profile.String(): what -raw prints. */
void profile_dump(const struct profile *p, struct buf *out);

#endif
