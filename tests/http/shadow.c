// SPDX-License-Identifier: MIT
// Says what it is told, as cat does. Its functions by libevent's names, which it exports as nmap does, are its own.
#include <stdio.h>
#include <stdlib.h>

void event_new(void);
void event_add(void);
void bufferevent_new(void);

void event_new(void)
{
	abort();
}

void event_add(void)
{
	abort();
}

void bufferevent_new(void)
{
	abort();
}

int main(void)
{
	char line[100];
	while (fgets(line, sizeof(line), stdin)) {
		fputs(line, stdout);
		fflush(stdout);
	}
	return 0;
}
