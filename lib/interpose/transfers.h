// SPDX-License-Identifier: MIT
// Context: SIG. Calls that block until all is moved, unless a signal comes: when it was one of ours, the rest is moved,
// too (sigsafe/cut.h). A call that would not have blocked says so at the second try, and what is moved stands.
//
// Messages are whole or not sent at all: what is said here of parts of them is of streams.
#ifndef CPROF_INTERPOSE_TRANSFERS_H
#define CPROF_INTERPOSE_TRANSFERS_H

#include "calls.h"
#include "sigsafe/cut.h"

/** Stands in for a transfer, which whole_NAME makes. */
#define CP_STAND_IN_WHOLE_AS(leaf, name, parameters, arguments) \
	static ssize_t whole_##name parameters;                 \
	CP_STAND_IN_BY(whole_##name, leaf, fd, ssize_t, name, parameters, arguments)

#define CP_STAND_IN_WHOLE(kind, name, parameters, arguments) \
	CP_OWN(name, kind);                                  \
	CP_STAND_IN_WHOLE_AS(name, name, parameters, arguments)

/** One that goes on. */
struct transfer {
	size_t size, done;
	uintptr_t cuts; // before the call
	int saved_errno;
};

static inline struct transfer transfer_of(size_t size)
{
	return (struct transfer){.size = size, .cuts = cp_cuts(), .saved_errno = errno};
}

/** result: the last call's. False: that is all. */
static inline bool transfer_goes_on(struct transfer *t, ssize_t result)
{
	if (result <= 0)
		return false;
	t->done += (size_t)result;
	uintptr_t before = t->cuts;
	t->cuts = cp_cuts();
	return t->done < t->size && t->cuts != before;
}

/** What the program is told. */
static inline ssize_t transfer_result(const struct transfer *t, ssize_t result)
{
	if (t->done == 0)
		return result;
	errno = t->saved_errno;
	return (ssize_t)t->done;
}

/** The body of a whole_NAME: `call` moves what is behind t.done, t.size - t.done bytes at most. After a cut `more` says
 *  whether it may be made again. */
#define CP_TRANSFER(nbytes, more, call)                          \
	struct transfer t = transfer_of(nbytes);                 \
	ssize_t result;                                          \
	do                                                       \
		result = (call);                                 \
	while (transfer_goes_on(&t, result) && (more));          \
	return transfer_result(&t, result)

/** Where parts of memory go to, by what moves one of them or many. */
struct stream {
	int fd, flags;
	ssize_t (*one)(const struct stream *stream, const void *data, size_t size);
	ssize_t (*many)(const struct stream *stream, const struct iovec *parts, size_t nparts);
};

/** Moves the rest: `done` bytes of the parts are there. A part that is there by half goes alone. */
static CP_BETWEEN ssize_t stream_rest(
		const struct stream *stream, const struct iovec *part, size_t nparts, ssize_t done)
{
	size_t of_part = (size_t)done;
	int saved_errno = errno;
	for (;;) {
		for (; nparts > 0 && of_part >= part->iov_len; part++, nparts--)
			of_part -= part->iov_len;
		if (nparts == 0)
			return done;
		uintptr_t cuts = cp_cuts();
		size_t left = part->iov_len - of_part;
		ssize_t result = of_part > 0 ? stream->one(stream, (const char *)part->iov_base + of_part, left)
					     : stream->many(stream, part, nparts);
		if (result <= 0)
			break;
		done += result;
		if (cp_cuts() == cuts && (of_part == 0 || (size_t)result < left))
			break;
		of_part += (size_t)result;
	}
	errno = saved_errno;
	return done;
}

#endif
