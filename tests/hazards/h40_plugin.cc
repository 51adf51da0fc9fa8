// SPDX-License-Identifier: MIT
// For h40_plugins.
#include <cstdint>
#include <new>

enum { NBLOCKS = 100, BYTES = 1000 };

static void *volatile sink;

extern "C" __attribute__((noinline)) void *allocate()
{
	return ::operator new(BYTES);
}

extern "C" int run()
{
	for (int i = 0; i < NBLOCKS; i++) {
		sink = allocate();
		if (i % 2)
			::operator delete(sink);
	}
	try {
		sink = ::operator new(SIZE_MAX / 2);
	} catch (const std::bad_alloc &) {
		return NBLOCKS;
	}
	return 0;
}
