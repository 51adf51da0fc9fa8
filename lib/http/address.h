// SPDX-License-Identifier: MIT
// Context: CTL. Where the listener listens.
#ifndef CPROF_HTTP_ADDRESS_H
#define CPROF_HTTP_ADDRESS_H

#include <sys/socket.h>
#include <sys/stat.h>

#include "listener.h"

struct cp_http_address {
	int fd; // listening, not blocking, closed by exec
	int port; // 0: a Unix socket
	bool is_loopback; // then browsers can be made to ask for it: the header Host is checked
	struct sockaddr_storage bound; // where: of a TCP socket with the port it got
	struct stat file; // a Unix socket's
	ino_t socket;     // the descriptor's
};

/** 0 or a negative errno: see cprof_http_serve(). No names are looked up but localhost. */
int cp_http_listen(const struct cp_http_host *host, const char *address, bool allow_remote,
		struct cp_http_address *address_out);

/** At the same address anew, where the program has closed what was there. Not at a path that depends on the folder the
 *  process is in, which may be another by now. */
int cp_http_listen_again(const struct cp_http_address *before, struct cp_http_address *address_out);

/** False: the program has closed it, with all descriptors it did not open itself. The numbers of ours are its own
 *  files' by now, or will be. */
bool cp_http_is_open(const struct cp_http_address *address);

/** At the end of the process: takes away the file of a Unix socket, unless it is another's by now. */
void cp_http_tidy(const struct cp_http_address *address);

#endif
