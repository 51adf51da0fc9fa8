// SPDX-License-Identifier: MIT
// Context: CTL. Lines on stderr, as Go's package log prints them: "2026/11/25 21:14:59 text".
#ifndef CPROF_RECORD_LOG_H
#define CPROF_RECORD_LOG_H

/** Lines will be written: the time zone is looked up now, since libc has a lock around it. */
void cp_log_init(void);

/** By one write, so that lines of several threads do not mix. */
void cp_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
