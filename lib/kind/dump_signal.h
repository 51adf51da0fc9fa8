// SPDX-License-Identifier: MIT
// Context: CTL. A signal that prints all threads to stderr, as SIGQUIT does in a Go program and in a JVM.
#ifndef CPROF_KIND_DUMP_SIGNAL_H
#define CPROF_KIND_DUMP_SIGNAL_H

/** From now on; once in a process. -EINVAL: no signal that can be caught; -EBUSY: the program handles it, or another
 *  was chosen before; -EAGAIN, -ENOMEM: no thread could be made. */
int cp_dump_signal_install(int sig);

#endif
