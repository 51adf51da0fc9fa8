// SPDX-License-Identifier: MIT
// late HOW: sends itself SIGHUP, which its other thread takes and which kills it, and ends in the way HOW: too late,
// if not of the signal. At a heap profile's rate of 1 its 20,000 places of allocation take a while to write.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NPLACES = 20000, DEPTH = 16 };

static void *take_signals(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/** By bits of `place` one of two calls: as many stacks as there are places. */
__attribute__((noinline)) static void *allocate(unsigned place, int depth)
{
	void *p;
	if (depth == 0)
		return malloc(1);
	if (place & 1) {
		p = allocate(place >> 1, depth - 1);
		__asm__ volatile("nop");
	} else {
		p = allocate(place >> 1, depth - 1);
	}
	__asm__ volatile("" : "+r"(p)); // no tail call
	return p;
}

static int leave(const char *how)
{
	if (strcmp(how, "_exit") == 0)
		_exit(0);
	if (strcmp(how, "quick_exit") == 0)
		quick_exit(0);
	if (strcmp(how, "exec") == 0)
		execl("/bin/true", "true", NULL);
	if (strcmp(how, "daemon") == 0)
		return daemon(1, 1);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	sigset_t hangup;
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	if (argc < 2 || pthread_create(&thread, NULL, take_signals, NULL) != 0)
		return 2;
	for (unsigned place = 0; place < NPLACES; place++)
		allocate(place, DEPTH);
	pthread_sigmask(SIG_BLOCK, &hangup, NULL);
	kill(getpid(), SIGHUP);
	sigset_t pending = hangup;
	while (sigismember(&pending, SIGHUP)) {
		usleep(20000); // its handler has the files written
		sigpending(&pending);
	}
	return leave(argv[1]);
}
