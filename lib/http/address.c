// SPDX-License-Identifier: MIT
// Context: CTL. See address.h.
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sigsafe/file.h"

enum { BACKLOG = 128, OWNER_ONLY = 0600 };

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static int listen_on(int fd, const union any_address *sa, socklen_t len)
{
	if (bind(fd, &sa->any, len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int open_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : (int)cp_fd_above_standard(fd);
}

/// Unix sockets

/** A socket that nobody listens on any more: its process was killed, or replaced by exec. */
static bool is_abandoned(const union any_address *sa, socklen_t len)
{
	struct stat st;
	if (stat(sa->local.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = open_socket(AF_UNIX);
	bool is_refused = fd >= 0 && connect(fd, &sa->any, len) < 0 && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return is_refused;
}

static int listen_local(const struct cp_http_host *host, const char *path, struct stat *file_out)
{
	union any_address sa = {.local = {.sun_family = AF_UNIX}};
	int ret = host->expand_path(path, sa.local.sun_path, sizeof(sa.local.sun_path));
	if (ret < 0)
		return ret;
	int fd = open_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	fchmod(fd, OWNER_ONLY); // what bind() makes the file with
	ret = listen_on(fd, &sa, sizeof(sa.local));
	if (ret == -EADDRINUSE && is_abandoned(&sa, sizeof(sa.local))) {
		unlink(sa.local.sun_path);
		ret = listen_on(fd, &sa, sizeof(sa.local));
	}
	if (ret == 0 && stat(sa.local.sun_path, file_out) < 0)
		ret = -errno;
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

void cp_http_tidy(const struct cp_http_address *address)
{
	union any_address sa;
	socklen_t len = sizeof(sa);
	struct stat st;
	if (address->port == 0 && getsockname(address->fd, &sa.any, &len) == 0 && stat(sa.local.sun_path, &st) == 0 &&
			st.st_dev == address->file.st_dev && st.st_ino == address->file.st_ino)
		unlink(sa.local.sun_path);
}

/// TCP

static bool parse_port(const char *text, uint16_t *port_out)
{
	unsigned port = 0;
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 5 || text[len])
		return false;
	for (; *text; text++)
		port = port * 10 + (unsigned)(*text - '0');
	*port_out = htons((uint16_t)port);
	return port <= UINT16_MAX;
}

static bool parse_host(const char *host, size_t len, bool allow_remote, union any_address *sa)
{
	char name[INET6_ADDRSTRLEN];
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	*sa = (union any_address){.v4 = {.sin_family = AF_INET}};
	if (len == 0 || strcmp(name, "localhost") == 0) {
		sa->v4.sin_addr.s_addr = htonl(len == 0 && allow_remote ? INADDR_ANY : INADDR_LOOPBACK);
		return true;
	}
	if (inet_pton(AF_INET, name, &sa->v4.sin_addr) == 1)
		return true;
	if (name[0] != '[' || name[len - 1] != ']')
		return false;
	name[len - 1] = '\0';
	*sa = (union any_address){.v6 = {.sin6_family = AF_INET6}};
	return inet_pton(AF_INET6, name + 1, &sa->v6.sin6_addr) == 1;
}

static bool is_loopback(const union any_address *sa)
{
	if (sa->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&sa->v6.sin6_addr);
	return ntohl(sa->v4.sin_addr.s_addr) >> 24 == 127;
}

static int listen_tcp(const union any_address *sa, int *port_out)
{
	socklen_t len = sa->any.sa_family == AF_INET6 ? sizeof(sa->v6) : sizeof(sa->v4);
	union any_address bound = {0};
	int one = 1;
	int fd = open_socket(sa->any.sa_family);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	int ret = listen_on(fd, sa, len);
	socklen_t bound_len = sizeof(bound);
	if (ret == 0 && getsockname(fd, &bound.any, &bound_len) < 0)
		ret = -errno;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	*port_out = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
	return fd;
}

/** The socket, or a negative errno. */
static int open_listening(const struct cp_http_host *host, const char *address, bool allow_remote,
		struct cp_http_address *address_out)
{
	static const char local[] = "unix:";
	if (strncmp(address, local, strlen(local)) == 0)
		return listen_local(host, address + strlen(local), &address_out->file);
	union any_address sa;
	uint16_t port;
	const char *colon = strrchr(address, ':');
	if (!colon || !parse_port(colon + 1, &port) ||
			!parse_host(address, (size_t)(colon - address), allow_remote, &sa))
		return -EINVAL;
	address_out->is_loopback = is_loopback(&sa);
	if (!address_out->is_loopback && !allow_remote)
		return -EACCES;
	if (sa.any.sa_family == AF_INET6)
		sa.v6.sin6_port = port;
	else
		sa.v4.sin_port = port;
	return listen_tcp(&sa, &address_out->port);
}

int cp_http_listen(const struct cp_http_host *host, const char *address, bool allow_remote,
		struct cp_http_address *address_out)
{
	struct stat st;
	*address_out = (struct cp_http_address){0};
	int fd = address_out->fd = open_listening(host, address, allow_remote, address_out);
	if (fd >= 0 && fstat(fd, &st) == 0)
		address_out->socket = st.st_ino;
	return fd < 0 ? fd : 0;
}

bool cp_http_is_open(const struct cp_http_address *address)
{
	struct stat st;
	return fstat(address->fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == address->socket;
}
