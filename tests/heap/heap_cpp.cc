// SPDX-License-Identifier: MIT
// heap_cpp FILE: C++ memory reaches the profile through malloc; the functions between are hidden.
#include <cprof/pprof.h>
#include <cstdio>
#include <string>
#include <vector>

static void *volatile sink;

__attribute__((noinline)) static void by_new(int i)
{
	if (i % 2)
		sink = new char[1000];
	else
		sink = ::operator new(1000);
}

__attribute__((noinline)) static void by_vector()
{
	sink = new std::vector<int>(1000);
}

int main(int argc, char **argv)
{
	int rc = argc > 1 ? cprof_set_mem_profile_rate(1) : -1;
	for (int i = 0; i < 100; i++)
		by_new(i);
	for (int i = 0; i < 100; i++)
		by_vector();
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		std::fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
