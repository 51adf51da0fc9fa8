// SPDX-License-Identifier: MIT
// `cprof run PROGRAM`: runs any program under the profiler, as if it had been started without.
//
//   options.c  what was asked
//   target.c   what the program is, and why it may have no profile
//   inject.c   our library and the environment that starts it
//   outside.c  the CPU time of what the library cannot be put into
//   child.c    fork, exec, signals both ways, wait
//   outcome.c  which profiles came of it, measure.c what they amount to
//   summary.c  what is said about them, leak.c what -leak shows
//
// `cprof test TEST`: the same for a test program, with go test's flags and a file a test; test.c
#ifndef CPROF_RUN_RUN_H
#define CPROF_RUN_RUN_H

/**
 * argv[0] is "run" or "test". Does not return where the program ended by a
 * signal (then this process ends by the same); else returns the program's exit status, 127 or 126 where
 * it could not be started, 2 where the options make no sense.
 */
int run_main(int argc, char **argv);

#endif
