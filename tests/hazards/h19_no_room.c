// SPDX-License-Identifier: MIT
// Hazard 19: no room for a walk. h19_no_room OUT HZ ENGINE main|thread: works where a signal's frame and a kilobyte
// are all that is left of the stack. So is ruby's main thread at each start, which touches its stack's end to have it
// all; a tick that met it there was the end of one ruby in thirty under all profiles.
#include "workload.h"

#include <alloca.h>
#include <sys/mman.h>
#include <sys/resource.h>

WORK(at_the_end);

enum { STACK_BYTES = 128 << 10, GUARD_BYTES = 4096, HANDLER_BYTES = 1024 };

KEPT static void go_to(uintptr_t end)
{
	uintptr_t wanted = end + (uintptr_t)sysconf(_SC_MINSIGSTKSZ) + HANDLER_BYTES;
	volatile char *last = alloca((uintptr_t)__builtin_frame_address(0) - wanted);
	*last = 0;
	at_the_end(300);
}

static void *work(void *end)
{
	go_to((uintptr_t)end);
	return NULL;
}

static uintptr_t end_of_main_stack(void)
{
	struct rlimit limit;
	unsigned long high = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	MUST(maps && getrlimit(RLIMIT_STACK, &limit) == 0);
	while (!high && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[stack]"))
			MUST(sscanf(line, "%*x-%lx", &high) == 1);
	}
	fclose(maps);
	return high - limit.rlim_cur;
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(stack != MAP_FAILED && mprotect(stack, GUARD_BYTES, PROT_NONE) == 0);
	MUST(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, stack, STACK_BYTES) == 0);

	workload_start(argc, argv);
	if (strcmp(argv[4], "main") == 0) {
		go_to(end_of_main_stack());
	} else {
		MUST(pthread_create(&thread, &attr, work, stack + GUARD_BYTES) == 0);
		join_thread(thread);
	}
	workload_stop();
	return 0;
}
