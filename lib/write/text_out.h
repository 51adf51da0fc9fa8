// SPDX-License-Identifier: MIT
// Context: CTL. Profiles as text (debug=1): lines, and stacks with their names.
//
// Written in two passes over the kind's stacks: one that tells which addresses there are, so that each
// module's symbol table is read once, and one that prints. No malloc.
//
//   begin  add*  resolve  (printf | stack)*  end
#ifndef CPROF_WRITE_TEXT_OUT_H
#define CPROF_WRITE_TEXT_OUT_H

#include <cprof/pprof.h>

#include "sigsafe/types.h"

struct cp_text_out; // opaque

/** -ENOMEM. */
int cp_text_out_begin(struct cp_text_out **out, struct cprof_writer writer);

/** The addresses of a stack, as cp_profile_out_sample() takes them. */
void cp_text_out_add(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch);

/** Finds the names of all that was added. */
void cp_text_out_resolve(struct cp_text_out *o);

/** The same, and source lines, where there is debug information. */
void cp_text_out_resolve_lines(struct cp_text_out *o);

void cp_text_out_printf(struct cp_text_out *o, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));

/** The addresses of a record's first line: " 0x5dba8f 0x5e5539", as return addresses. */
void cp_text_out_addresses(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs);

/** The record's commented lines, one a frame, tabs between: "#	0x5dba8e	name+0x2e	file.c:12", or the
 *  module's path where the line is not known. */
void cp_text_out_stack(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch);

/** The stack as a dump shows it, two lines a frame: the function, and "<tab>module +0x1b2" with an address as
 *  addr2line -e module takes it, or "<tab>file.c:12 (module +0x1b2)". */
void cp_text_out_frames(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch);

/** Hands on the rest and frees o. The first error there was. */
int cp_text_out_end(struct cp_text_out *o);

#endif
