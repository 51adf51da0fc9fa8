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

static int listen_local(const union any_address *sa, struct stat *file_out)
{
	socklen_t len = sizeof(sa->local);
	int fd = open_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	fchmod(fd, OWNER_ONLY); // what bind() makes the file with
	int ret = listen_on(fd, sa, len);
	if (ret == -EADDRINUSE && is_abandoned(sa, len)) {
		unlink(sa->local.sun_path);
		ret = listen_on(fd, sa, len);
	}
	if (ret == 0 && stat(sa->local.sun_path, file_out) < 0)
		ret = -errno;
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

void cp_http_tidy(const struct cp_http_address *address)
{
	const union any_address *sa = (const union any_address *)&address->bound;
	struct stat st;
	if (address->port == 0 && stat(sa->local.sun_path, &st) == 0 && st.st_dev == address->file.st_dev &&
			st.st_ino == address->file.st_ino)
		unlink(sa->local.sun_path);
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

static int listen_tcp(union any_address *sa)
{
	socklen_t len = sa->any.sa_family == AF_INET6 ? sizeof(sa->v6) : sizeof(sa->v4);
	int one = 1;
	int fd = open_socket(sa->any.sa_family);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	int ret = listen_on(fd, sa, len);
	if (ret == 0 && getsockname(fd, &sa->any, &len) < 0)
		ret = -errno;
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

/// Both

static int parse(const struct cp_http_host *host, const char *address, bool allow_remote, union any_address *sa)
{
	static const char local[] = "unix:";
	if (strncmp(address, local, strlen(local)) == 0) {
		*sa = (union any_address){.local = {.sun_family = AF_UNIX}};
		return host->expand_path(address + strlen(local), sa->local.sun_path, sizeof(sa->local.sun_path));
	}
	uint16_t port;
	const char *colon = strrchr(address, ':');
	if (!colon || !parse_port(colon + 1, &port) ||
			!parse_host(address, (size_t)(colon - address), allow_remote, sa))
		return -EINVAL;
	if (sa->any.sa_family == AF_INET6)
		sa->v6.sin6_port = port;
	else
		sa->v4.sin_port = port;
	return is_loopback(sa) || allow_remote ? 0 : -EACCES;
}

static int listen_at(union any_address *sa, struct cp_http_address *address_out)
{
	struct stat st;
	bool is_local = sa->any.sa_family == AF_UNIX;
	*address_out = (struct cp_http_address){.is_loopback = !is_local && is_loopback(sa)};
	int fd = address_out->fd = is_local ? listen_local(sa, &address_out->file) : listen_tcp(sa);
	if (fd >= 0 && fstat(fd, &st) == 0)
		address_out->socket = st.st_ino;
	if (!is_local)
		address_out->port = ntohs(sa->any.sa_family == AF_INET6 ? sa->v6.sin6_port : sa->v4.sin_port);
	memcpy(&address_out->bound, sa, sizeof(*sa));
	return fd < 0 ? fd : 0;
}

int cp_http_listen(const struct cp_http_host *host, const char *address, bool allow_remote,
		struct cp_http_address *address_out)
{
	union any_address sa;
	int ret = parse(host, address, allow_remote, &sa);
	return ret < 0 ? ret : listen_at(&sa, address_out);
}

int cp_http_listen_again(const struct cp_http_address *before, struct cp_http_address *address_out)
{
	union any_address sa;
	memcpy(&sa, &before->bound, sizeof(sa));
	if (sa.any.sa_family == AF_UNIX && sa.local.sun_path[0] != '/')
		return -EINVAL;
	return listen_at(&sa, address_out);
}

bool cp_http_is_open(const struct cp_http_address *address)
{
	struct stat st;
	return fstat(address->fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == address->socket;
}
