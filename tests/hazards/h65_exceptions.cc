// SPDX-License-Identifier: MIT
// Hazard 65: C++ exceptions in two threads: the language's own unwinder at work, under ours.
#include <cprof/pprof.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <time.h>

static long long clock_ns(clockid_t id)
{
	timespec ts;
	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

struct Unwound {
	int &count;
	~Unwound() { count++; }
};

extern "C" [[gnu::noinline]] void thrower(int depth, int &unwound)
{
	Unwound guard{unwound};
	if (depth == 0)
		throw std::runtime_error("thrown");
	thrower(depth - 1, unwound);
	asm volatile("" ::: "memory");
}

extern "C" void throw_and_catch()
{
	int unwound = 0, caught = 0;
	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < 400000000) {
		try {
			thrower(9, unwound);
		} catch (const std::runtime_error &) {
			caught++;
		}
	}
	if (caught == 0 || unwound != caught * 10)
		abort();
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	cprof_set_cpu_profile_rate(atoi(argv[2]));
	cprof_set_cpu_engine(argv[3][0] == 'p' ? CPROF_CPU_PERF : CPROF_CPU_TIMER);
	if (cprof_start_cpu_profile(cprof_to_path(argv[1])))
		return 1;
	long long before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	std::thread a(throw_and_catch), b(throw_and_catch);
	a.join();
	b.join();
	printf("total %lld\n", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before);
	return cprof_stop_cpu_profile() ? 1 : 0;
}
