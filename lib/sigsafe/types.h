// SPDX-License-Identifier: MIT
// Context: SIG. The words of lib/, in one place.
//
// Context tags, on the first line of each file and as "Context:" in each prototype:
//   SIG    in a signal handler or inside an interposed function; any lock may be held by the
//          application. Atomics, our own rings and tables, allow-listed system calls. errno is saved.
//   EARLY  before our constructor ran: SIG, and nothing of ours may be set up yet.
//   FORK   in the child of fork(), before anything else.
//   CTL    on a thread that called our API, or on our own thread: our locks, mmap, file I/O. No malloc.
//
// pc      an address of code. In a stack, entry 0 (the leaf) is the interrupted instruction, the
//         others are return addresses: the call is just before them. profile.proto wants the call, so
//         whoever writes a profile takes 1 from every entry that is a return address.
// module  an ELF object the loader has mapped (program, shared library, vDSO).
// stack   pcs, leaf first.
// marker  a pc below CP_MARKER_LIMIT in a stack: no address but the reason why the stack ends there.
#ifndef CPROF_SIGSAFE_TYPES_H
#define CPROF_SIGSAFE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Deep enough that only runaway recursion is cut (Go's own limit is 64; the kernel's 127).
enum {
	CP_MAX_FRAMES = 512,
	CP_MAX_PCS = CP_MAX_FRAMES + 1, // of a stack, with the marker where it is cut
};

// Why a stack ends before the thread's first function. Stored as the root-most pc of such a stack and
// counted; names and order are those of cp_marker_name() in lib/symbol/marker.c.
enum cp_marker {
	CP_MARKER_NONE = 0,
	CP_MARKER_TRUNCATED,    // deeper than CP_MAX_FRAMES
	CP_MARKER_NO_MODULE,    // the pc is in no module and frame pointers lead nowhere (JIT, packed code)
	CP_MARKER_NO_CFI,       // a module without a rule for the pc, and no frame pointer either
	CP_MARKER_BAD_RULE,     // a rule of a form we do not evaluate
	CP_MARKER_BAD_STACK,    // the rule leads to memory that cannot be read, or back down the stack
	CP_MARKER_MAP_BUSY,     // the module map was being changed (dlclose running)
	CP_MARKER_KERNEL,       // time spent in the kernel that the engine may not sample
	CP_MARKER_THREAD_EXIT,  // CPU time after a thread's last tick, until it or the profile ended
	CP_MARKER_BLOCKED,      // CPU time of a thread that blocks the profiling signal
	CP_MARKER_LOST,         // samples dropped because the rings were full
	CP_MARKER_OVERFLOW,     // stacks not kept because the stack table was full
	CP_MARKER_NO_STACK,     // more frames were to be left out than there are
	CP_MARKER_NO_ANSWER,    // a thread that did not answer when all were asked for their stacks
	CP_MARKER_IN_KERNEL,    // the same of one that cannot: it sleeps uninterruptibly, or is stopped
	CP_MARKER_COUNT,
	CP_MARKER_LIMIT = 4096, // no code lies in the first page
};

// A sample is rare: when one comes nothing of ours is in a cache any more, and the lines and pages that it touches
// cost many times its instructions. So what most samples run, and the variables they use, lies together, the latter
// beside what calls that are no sample use.
#define CP_NEAR __attribute__((hot))
#define CP_NEAR_DATA __attribute__((section("cprof_near_data")))
/** Large and zero: behind all variables, which else would lie on a page each, that is to be made when a process starts
 *  and copied when it forks. (Of this name the compiler knows that a file holds nothing of it.) */
#define CP_TABLE __attribute__((section(".sbss.cprof_tables")))
/** Out of the way of those. */
#define CP_FAR __attribute__((cold, noinline))

#endif
