// SPDX-License-Identifier: MIT
// Context: CTL. Where a profile goes: a file, there whole or not at all, or somebody's writer.
//
// Between start and end no descriptor is held for a file, so a program that closes all it finds, or
// is killed, does no harm: the temporary file beside it exists only while the profile is written.
#ifndef CPROF_KIND_TARGET_H
#define CPROF_KIND_TARGET_H

#include <cprof/pprof.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct cp_target {
	struct cprof_writer writer; // that takes the profile
	char path[PATH_MAX];        // absolute, %p expanded; "": not a file
	char temp_path[PATH_MAX];   // "": none exists
	int fd;                     // -1: none
	bool has_pieces;            // the file was begun by cp_target_write_piece()
};

/** The process id, with "@" and the inode of its PID namespace behind it if that was told. Returns the length. */
size_t cp_target_process_name(char *out, size_t size);

/** From now on %p stands for that; 0: for the id alone. */
void cp_target_tell_pid_namespace(uint64_t inode);

/** The template with %p the process id and %% a percent sign. 0 or a negative errno. size: not 0. */
int cp_target_expand_name(const char *template, char *out, size_t size);

/** The same made absolute, "" an error. */
int cp_target_expand_path(const char *template, char path_out[PATH_MAX]);

/** Looks whether it can be written: errors are known before a profile starts. 0 or a negative
 * errno. */
int cp_target_init(struct cp_target *t, struct cprof_writer writer);

/** Until the end: the profile goes to t->writer. */
int cp_target_begin(struct cp_target *t);

/** Both at once, for what is written now: there is nothing to look at beforehand. */
int cp_target_open(struct cp_target *t, struct cprof_writer writer);

/** `error`: what went wrong in between; then the file stays as it was. Returns the first error. */
int cp_target_end(struct cp_target *t, int error);

/** For this path cp_target_init() opens a file that is kept open: a pipe or a device. */
bool cp_target_is_kept_open(const char *template);

/** Gives up what cp_target_init() opened. */
void cp_target_drop(struct cp_target *t);

/** The target is a regular file, so that it may be written piece by piece. */
bool cp_target_takes_pieces(const struct cp_target *t);

/** A cprof_writer's function; arg: a struct cp_target. Appends to the file, which the first piece
 * begins. */
int cp_target_write_piece(void *arg, const void *data, size_t size);

/** Removes the file of pieces, if somebody has not, so that the next one begins it anew; false: there was none, or it
 * cannot be. */
bool cp_target_drop_pieces(struct cp_target *t);

/** Removes the file where only its owner may replace it. False: it was not there, or can be. */
bool cp_target_make_way(const char *template);

/** In its folder, as in /tmp, only a file's owner may replace it. */
bool cp_target_is_for_owner(const struct cp_target *t);

/** A cprof_writer's function; arg: a descriptor. EPIPE and EFBIG are errors like others, no
 * signals. */
int cp_write_fd(void *arg, const void *data, size_t size);

/** Around writes of others (stdio): the signals of a failing write, which would end the program, are
 * held back, and taken away if they came. */
struct cp_write_guard {
	uint64_t mask, were_pending;
};
void cp_write_guard_hold(struct cp_write_guard *g);
void cp_write_guard_release(const struct cp_write_guard *g);

#endif
