// SPDX-License-Identifier: MIT
// Context: CTL. Labels in a profile: those of profile.proto, and Go's text.
#ifndef CPROF_WRITE_LABELS_OUT_H
#define CPROF_WRITE_LABELS_OUT_H

#include "profile_out.h"
#include "sigsafe/labels.h"
#include "text_out.h"

/** labels_out[0..CP_LABELS_MAX): those of the set with this id. Returns how many. */
uint32_t cp_labels_out(uint32_t id, struct cp_label *labels_out);

/** {"key":"value", "key2":"value2"}, quoted as Go's %q does. Nothing for id 0. */
void cp_labels_text(struct cp_text_out *o, uint32_t id);

#endif
