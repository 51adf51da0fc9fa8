// SPDX-License-Identifier: MIT
// Context: CTL. The names of what a trace's stacks lead through, found when there is time for it and kept as
// chunks that every reader gets (cp_trace_made): so also a crash has them.
#ifndef CPROF_KIND_TRACE_TABLES_H
#define CPROF_KIND_TRACE_TABLES_H

/** Names all stacks that have none. It reads symbol tables. 0 or -ENOMEM. One caller at a time. */
int cp_trace_tables_update(void);

/** Forgets all: the stacks are made anew. Nobody reads. */
void cp_trace_tables_reset(void);

#endif
