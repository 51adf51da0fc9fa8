// SPDX-License-Identifier: MIT
// Context: EARLY. Where the functions begin that CP_FRONT marks, and the variables that CP_NEAR_DATA does: each on a
// page, into which they fit (scripts/check-library looks; aarch64's code takes two). A kernel that has page tables of
// its own empties the processor's memory of pages at each system call, and a server then pays for every page again
// that it calls us on.
//
// The first object of our shared libraries, for the linker keeps their order. A static library shares its pages with
// the program anyway.
__asm__(".section cprof_front, \"ax\", %progbits\n"
	"\t.p2align 12\n"
	"\t.section cprof_near_data, \"aw\", %progbits\n"
	"\t.p2align 12\n");
