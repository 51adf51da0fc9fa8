// SPDX-License-Identifier: MIT
// Lives a program may lead under the CPU profile; test_cpu_life.py looks at what came out.
// cpu_life OUT MODE [ENGINE]
#include <cprof/pprof.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static void must(int ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", what, cprof_strerror(ret));
		exit(1);
	}
}

__attribute__((noinline)) static void burn_ms(long ms)
{
	struct timespec start, now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (int i = 0; i < 10000; i++)
			sink += (unsigned)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

/** Works until the collector looks for threads (every 100 ms), and some microseconds. */
static void work_till_scan(long us)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		sink++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < 100000 + us);
}

static int c11_thread(void *arg)
{
	burn_ms(5);
	return 0;
}

/** 100 threads of 5 ms by thrd_create, which does not come by pthread_create. */
static void c11_threads(void)
{
	for (int i = 0; i < 100; i++) {
		thrd_t t;
		if (thrd_create(&t, c11_thread, NULL) != thrd_success)
			exit(1);
		thrd_join(t, NULL);
	}
}

/** Timers are made and set, and never expire: as if the kernel had a bug. */
static void silence_timers(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_timer_settime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("seccomp");
		exit(1);
	}
}

/** Frames of its own are `depth`; the leaf burns. */
__attribute__((noinline)) static void descend(int depth)
{
	if (depth > 1)
		descend(depth - 1);
	else
		burn_ms(200);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "";
	if (strcmp(mode, "after-exec") == 0) {
		burn_ms(100); // a timer that came along would end us here
		return 7;
	}
	if (argc > 3)
		must(cprof_set_cpu_engine((enum cprof_cpu_engine)atoi(argv[3])), "engine");
	if (strcmp(mode, "c11") == 0) // at 100 Hz chance alone takes or gives a tenth
		must(cprof_set_cpu_profile_rate(1000), "rate");
	if (strcmp(mode, "silent") == 0)
		silence_timers();
	must(cprof_start_cpu_profile(cprof_to_path(argv[1])), "start");
	if (strcmp(mode, "c11") == 0)
		c11_threads();
	else if (strcmp(mode, "silent") == 0)
		burn_ms(3000);
	else if (strncmp(mode, "scan", 4) == 0)
		work_till_scan(atoi(mode + 4));
	else if (strncmp(mode, "depth", 5) == 0)
		descend(atoi(mode + 5));
	else if (strcmp(mode, "failed-exec") == 0) {
		burn_ms(100);
		execl("/nowhere", "nowhere", (char *)NULL);
		burn_ms(400);
	} else if (strcmp(mode, "exec") == 0) {
		burn_ms(50);
		execl(argv[0], argv[0], "-", "after-exec", (char *)NULL);
		perror("exec");
		return 1;
	}
	must(cprof_stop_cpu_profile(), "stop");
	return 0;
}
