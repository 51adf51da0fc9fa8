// SPDX-License-Identifier: MIT
// The small pieces of code by which linkers let one module call another's functions: they have no symbols, but jump
// through a slot whose relocation names the function. Pure.
#ifndef CPROF_FORMAT_PLT_STUB_H
#define CPROF_FORMAT_PLT_STUB_H

#include <stdint.h>

enum { PLT_STUB_BYTES = 16 };

/** The slot that the stub at vaddr jumps through; 0: it is no such stub. */
uint64_t plt_stub_slot_x86_64(const uint8_t code[PLT_STUB_BYTES], uint64_t vaddr);
uint64_t plt_stub_slot_aarch64(const uint8_t code[PLT_STUB_BYTES], uint64_t vaddr);

#endif
