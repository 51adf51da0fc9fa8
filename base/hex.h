// SPDX-License-Identifier: MIT
// Hexadecimal digits: build ids to text, addresses from text.
#ifndef CPROF_BASE_HEX_H
#define CPROF_BASE_HEX_H

#include <stdint.h>

#include "arena.h"
#include "str.h"

/** Two lower-case digits a byte. */
struct str hex_encode(struct arena *a, const uint8_t *bytes, size_t n);

/** The digits at the start of s; returns how many: 0 where there are none or more than 64 bits of them. */
size_t hex_decode(struct str s, uint64_t *value_out);

#endif
