// SPDX-License-Identifier: MIT
// See address.h. Tries what lib/http/address.c will do, and undoes it. It reads an address as that does, by the same
// inet_pton(): what one takes and the other refuses would not be served, and nobody would say so.
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";

/** 0 or an errno; a port 0 becomes the one that was free. */
static int try_bind(struct sockaddr *sa, socklen_t len)
{
	const int one = 1;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	int error = bind(fd, sa, len) < 0 || listen(fd, 1) < 0 || getsockname(fd, sa, &len) < 0 ? errno : 0;
	close(fd);
	return error;
}

/** A socket left behind, at which nobody listens. */
static bool is_abandoned(const struct sockaddr_un *sa)
{
	struct stat st;
	if (stat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_refused = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 && errno == ECONNREFUSED;
	close(fd);
	return is_refused;
}

static int try_local(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa.sun_path))
		return ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	int error = try_bind((struct sockaddr *)&sa, sizeof(sa));
	if (error == 0)
		unlink(path);
	else if (error == EADDRINUSE && is_abandoned(&sa))
		error = 0;
	return error;
}

/** With the process id in it, it is as good as any of that length. */
static const char *example_of(struct arena *a, const char *path)
{
	const char *escape = strstr(path, "%p");
	if (!escape)
		return path;
	return arena_printf(a, "%.*s%d%s", (int)(escape - path), path, (int)getpid(), escape + 2);
}

union tcp_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool is_loopback(const union tcp_address *sa)
{
	if (sa->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&sa->v6.sin6_addr);
	return ntohl(sa->v4.sin_addr.s_addr) >> 24 == 127;
}

static bool is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");
	return len > 0 && len < 6 && text[len] == '\0' && atoi(text) <= UINT16_MAX;
}

static bool parse_tcp(struct arena *a, const char *address, union tcp_address *sa)
{
	const char *colon = strrchr(address, ':');
	if (!colon || !is_port(colon + 1))
		return false;
	size_t len = (size_t)(colon - address);
	in_port_t port = htons((uint16_t)atoi(colon + 1));
	*sa = (union tcp_address){.v4 = {.sin_family = AF_INET, .sin_port = port}};
	const char *host = arena_strndup(a, address, len);
	if (len == 0 || strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &sa->v4.sin_addr) == 1)
		return true;
	if (len < 2 || address[0] != '[' || address[len - 1] != ']')
		return false;
	*sa = (union tcp_address){.v6 = {.sin6_family = AF_INET6, .sin6_port = port}};
	return inet_pton(AF_INET6, arena_strndup(a, address + 1, len - 2), &sa->v6.sin6_addr) == 1;
}

struct err *address_check(struct arena *a, const char *address, const char **address_out)
{
	*address_out = address;
	int error = 0;
	if (strncmp(address, unix_prefix, strlen(unix_prefix)) == 0 && address[strlen(unix_prefix)]) {
		error = try_local(example_of(a, address + strlen(unix_prefix)));
		return error ? err_new(a, "%s: %s", address, strerror(error)) : NULL;
	}
	union tcp_address sa;
	if (!parse_tcp(a, address, &sa))
		return err_new(a, "%s: neither localhost:PORT, IP:PORT nor unix:PATH", address);
	if (!is_loopback(&sa))
		return err_new(a, "%s: others than this machine could ask; only a program's own code allows that",
				address);
	error = try_bind(&sa.any, sa.any.sa_family == AF_INET6 ? sizeof(sa.v6) : sizeof(sa.v4));
	if (error)
		return err_new(a, "%s: %s", address, strerror(error));
	in_port_t port = sa.any.sa_family == AF_INET6 ? sa.v6.sin6_port : sa.v4.sin_port;
	*address_out = arena_printf(a, "%.*s:%d", (int)(strrchr(address, ':') - address), address, ntohs(port));
	return NULL;
}
