// SPDX-License-Identifier: MIT
// Who may ask (see guard.h).
#include "guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { MAX_HOST_BYTES = 256 };

bool guard_is_local_address(const char *address)
{
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, address, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, address, &six) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return six.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&six);
}

bool guard_is_local_host(const char *host)
{
	char name[MAX_HOST_BYTES];
	size_t len = strlen(host);
	if (*host == '[') {
		const char *end = strchr(host++, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		len = (size_t)(end - host);
	} else {
		const char *colon = strchr(host, ':');
		if (colon && !strchr(colon + 1, ':'))
			len = (size_t)(colon - host);
	}
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return strcasecmp(name, "localhost") == 0 || guard_is_local_address(name);
}

bool guard_is_same_origin(const char *origin, const char *host)
{
	static const char scheme[] = "http://";
	if (!origin)
		return true;
	return strncasecmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
			strcasecmp(origin + sizeof(scheme) - 1, host) == 0;
}
