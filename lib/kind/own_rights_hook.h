// SPDX-License-Identifier: MIT
// Context: CTL. For calls by which a program changes who it is, where threads of ours stay: those of -http, which may
// be answering somebody.
#ifndef CPROF_KIND_OWN_RIGHTS_HOOK_H
#define CPROF_KIND_OWN_RIGHTS_HOOK_H

enum cp_own_rights {
	CP_OWN_RIGHTS_SAME, // libc may have them follow: there are none, or they may do what the calling thread may
	CP_OWN_RIGHTS_MORE, // they may follow; the calling thread has to be asked first, and alone
	CP_OWN_RIGHTS_LESS, // they may not, and no other thread is there: the call is the calling thread's alone
};

/** Of our threads, beside those of the one that calls, with regard to CAP_SETUID or CAP_SETGID. */
enum cp_own_rights cp_own_rights_compare(int capability);

#endif
