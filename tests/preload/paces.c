// SPDX-License-Identifier: MIT
// paces N REST_MS: a server of little load: uses CPU time at ever new places, N times, rests, and is killed.
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "burn.h"

enum { PACE_MS = 40, PAUSE_MS = 160 };

#define PLACE(n) \
	static __attribute__((noipa)) void place_##n(long until_ms) \
	{ \
		burn(until_ms); \
		__asm__ volatile("" ::: "memory"); \
	}
#define EIGHT(DO, n) DO(n##0) DO(n##1) DO(n##2) DO(n##3) DO(n##4) DO(n##5) DO(n##6) DO(n##7)
#define ALL(DO) EIGHT(DO, 1) EIGHT(DO, 2) EIGHT(DO, 3) EIGHT(DO, 4)
#define NAME(n) place_##n,

ALL(PLACE)

static void (*const places[])(long until_ms) = {ALL(NAME)};

static void rest(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < atoi(argv[1]); i++) {
		places[i](PACE_MS * (i + 1));
		rest(PAUSE_MS);
	}
	rest(atoi(argv[2]));
	return kill(getpid(), SIGKILL);
}
