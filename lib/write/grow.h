// SPDX-License-Identifier: MIT
// Context: CTL. Arrays and buffers that grow, of pages: what malloc and realloc are elsewhere.
#ifndef CPROF_WRITE_GROW_H
#define CPROF_WRITE_GROW_H

#include <stdbool.h>
#include <stddef.h>

#include "format/profwrite.h"
#include "sigsafe/pagealloc.h"

/**
 * `array` is the address of a pointer of whichever type; NULL there: nothing yet. Makes it point to room for
 * need_bytes at least; what is added is zeroed. false: no memory, nothing changed. The content may move.
 */
bool cp_grow(void *array, size_t *cap_bytes, size_t need_bytes);
void cp_grow_free(void *array, size_t *cap_bytes);

/**
 * Between the two freed memory of the least size is kept, some of it, for who grows next: profiles that are written one
 * after the other each map and unmap a dozen such pieces. Each keep has its give_back. Any threads, handlers too.
 */
void cp_grow_keep(void);
void cp_grow_give_back(void);

/** So is an arena for what is soon forgotten: fills *arena, which is zero, with one that was given, if one was kept. */
void cp_grow_take_scratch(struct cp_arena *arena);
void cp_grow_give_scratch(struct cp_arena *arena);

/** struct profwrite_sink's grow, by cp_grow(). */
bool cp_grow_sink(struct profwrite_sink *s, size_t extra_bytes);
void cp_grow_sink_free(struct profwrite_sink *s);

#endif
