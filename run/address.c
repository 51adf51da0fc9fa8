// SPDX-License-Identifier: MIT
// See address.h. Tries what lib/http/address.c will do, and undoes it: reading an address here and there in the
// same way matters less than what bind() says.
#include "address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";

/** 0 or an errno. */
static int try_bind(const struct sockaddr *sa, socklen_t len)
{
	const int one = 1;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	int error = bind(fd, sa, len) < 0 || listen(fd, 1) < 0 ? errno : 0;
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
	int error = try_bind((const struct sockaddr *)&sa, sizeof(sa));
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

static bool is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)sa)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24 == 127;
}

/** getaddrinfo() takes larger numbers, less 65,536. */
static bool is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");
	return len > 0 && len < 6 && text[len] == '\0' && atoi(text) <= UINT16_MAX;
}

static struct addrinfo *look_up(struct arena *a, const char *address)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	bool is_bracketed = len > 1 && address[0] == '[' && address[len - 1] == ']';
	const char *host = arena_strndup(a, address + is_bracketed, len - 2 * is_bracketed);
	struct addrinfo *info = NULL;
	if (len == 0 || strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (!colon || !is_port(colon + 1) || (strchr(host, ':') != NULL) != is_bracketed)
		return NULL;
	return getaddrinfo(host, colon + 1, &hints, &info) == 0 ? info : NULL;
}

struct err *address_check(struct arena *a, const char *address)
{
	int error = 0;
	if (strncmp(address, unix_prefix, strlen(unix_prefix)) == 0 && address[strlen(unix_prefix)]) {
		error = try_local(example_of(a, address + strlen(unix_prefix)));
		return error ? err_new(a, "%s: %s", address, strerror(error)) : NULL;
	}
	struct addrinfo *info = look_up(a, address);
	if (!info)
		return err_new(a, "%s: neither localhost:PORT, IP:PORT nor unix:PATH", address);
	bool is_local = is_loopback(info->ai_addr);
	if (is_local)
		error = try_bind(info->ai_addr, info->ai_addrlen);
	freeaddrinfo(info);
	if (!is_local)
		return err_new(a, "%s: others than this machine could ask; only a program's own code allows that",
				address);
	return error ? err_new(a, "%s: %s", address, strerror(error)) : NULL;
}
