// SPDX-License-Identifier: MIT
// Context: CTL. Profiles that are switched on together and written to files when the process, or who
// started them, is through: what <cprof/profile.h>, <cprof/testing.h> and libcprof-preload.so have in common.
#ifndef CPROF_RECORD_RECORDING_H
#define CPROF_RECORD_RECORDING_H

#include <cprof/pprof.h>
#include <limits.h>

enum cp_record_kind {
	CP_RECORD_CPU,
	CP_RECORD_HEAP,
	CP_RECORD_ALLOCS,
	CP_RECORD_BLOCK,
	CP_RECORD_MUTEX,
	CP_RECORD_THREADS,
	CP_RECORD_THREADCREATE,
	CP_RECORD_SYSCALL,
	CP_RECORD_WALL,
	CP_RECORD_TRACE,
	CP_RECORD_KINDS,
};

/** One profile and its file. */
struct cp_record {
	// CPU, wall: samples a second; heap, allocs: bytes; block, syscall: nanoseconds; mutex: one in so many.
	int64_t rate;
	int64_t rate_before; // to be restored
	int owner_pid;       // the process it is on in (a fork child has a copy); 0: it is off
	int error;           // why it could not be started or written; 0
	bool has_checkpoint; // in its file
};

// Those that need threads of libc's.
enum { CP_RECORDS_WITH_THREADS = 1u << CP_RECORD_WALL | 1u << CP_RECORD_TRACE };

// Those that can be written at any time. The samplers write pieces of their own or go on until they are stopped, and a
// dump of all threads stops these.
enum { CP_RECORDS_OF_STATE = 1u << CP_RECORD_HEAP | 1u << CP_RECORD_ALLOCS | 1u << CP_RECORD_BLOCK |
		1u << CP_RECORD_MUTEX | 1u << CP_RECORD_SYSCALL | 1u << CP_RECORD_THREADCREATE };

/** Zero it to start, and fill in paths and rates. */
struct cp_recording {
	struct cp_record records[CP_RECORD_KINDS];
	enum cprof_cpu_engine engine;
	bool skip_empty; // as in struct cp_cpu_options
	bool leaves_empty_out; // so, too, all others
	_Atomic uint32_t writer_pid; // a futex: of the process where somebody writes it (a fork copies that); 0: nobody
	const char *paths[CP_RECORD_KINDS]; // NULL: not asked for; %p: the process id, %%: %
};

/** Switches on those in `kinds` (bits) that have a path: all of them, or none and the error, which stands in the
 *  record that is to blame, too. */
int cp_recording_start(struct cp_recording *r, uint32_t kinds);

/** Switches off and writes what is on in this process. The first error there was. One thread at a time is in here or
 *  in cp_recording_leave(), with signals blocked: finish.c would wait for the thread whose handler waits for it. */
int cp_recording_stop(struct cp_recording *r);

/** Writes CP_RECORDS_OF_STATE that are not empty as they are now, and says so in them. Nothing, where somebody stops it
 *  or leaves. Asks the loader nothing. */
void cp_recording_checkpoint(struct cp_recording *r);

/** Removes what that wrote where the user the process may be about to become could not replace it. False: nothing. */
bool cp_recording_make_way(struct cp_recording *r);

/** Between start and stop it keeps no file open. */
bool cp_recording_keeps_none_open(const struct cp_recording *r);

/** Writes what is on in this process, which goes on only if exec fails (exits: it is none). Waits for no lock of whom
 *  the caller may have interrupted. */
void cp_recording_leave(struct cp_recording *r, bool exits);

/** The same in the handler of a signal that is taken for the end: the CPU profile stops there, and has none of the
 *  writing. */
void cp_recording_end(struct cp_recording *r);

#endif
