// SPDX-License-Identifier: MIT
// Hazard 40: each form of operator new is one allocation, and each of delete one free, whose operators ever they are:
// libstdc++'s, which call malloc, or an allocator's own, which go past it. Once C++ objects were missing over jemalloc,
// tcmalloc and mimalloc, and those that malloc had made and an allocator's delete freed were shown as leaks.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

#define SITE __attribute__((noinline))

enum { ROUNDS = 100, BYTES = 1000, ALIGNED_BYTES = 1024, ALIGN = 128, NFORMS = 8 };

static const std::align_val_t wide{ALIGN};

static void must(bool condition)
{
	if (!condition)
		std::_Exit(99);
}

extern "C" SITE void *make(int form)
{
	switch (form) {
	case 0:
		return ::operator new(BYTES);
	case 1:
		return ::operator new[](BYTES);
	case 2:
		return ::operator new(BYTES, std::nothrow);
	case 3:
		return ::operator new[](BYTES, std::nothrow);
	case 4:
		return ::operator new(ALIGNED_BYTES, wide);
	case 5:
		return ::operator new[](ALIGNED_BYTES, wide);
	case 6:
		return ::operator new(ALIGNED_BYTES, wide, std::nothrow);
	default:
		return ::operator new[](ALIGNED_BYTES, wide, std::nothrow);
	}
}

/** way: 0 to 2. */
SITE static void unmake(void *p, int form, int way)
{
	bool is_array = form % 2;
	if (form < 4 && way == 0)
		is_array ? ::operator delete[](p) : ::operator delete(p);
	else if (form < 4 && way == 1)
		is_array ? ::operator delete[](p, BYTES) : ::operator delete(p, BYTES);
	else if (form < 4)
		is_array ? ::operator delete[](p, std::nothrow) : ::operator delete(p, std::nothrow);
	else if (way == 0)
		is_array ? ::operator delete[](p, wide) : ::operator delete(p, wide);
	else if (way == 1)
		is_array ? ::operator delete[](p, ALIGNED_BYTES, wide) : ::operator delete(p, ALIGNED_BYTES, wide);
	else
		is_array ? ::operator delete[](p, wide, std::nothrow) : ::operator delete(p, wide, std::nothrow);
}

SITE static bool throws_when_there_is_none()
{
	try {
		void *volatile p = ::operator new(SIZE_MAX / 2);
		return !p;
	} catch (const std::bad_alloc &) {
		return !::operator new(SIZE_MAX / 2, std::nothrow);
	}
}

int main(int argc, char **)
{
	long n = 0, nbytes = 0, nleft = 0, nleft_bytes = 0;
	for (int form = 0; form < NFORMS; form++) {
		int size = form < 4 ? BYTES : ALIGNED_BYTES;
		for (int i = 0; i < ROUNDS; i++) {
			void *p = make(form);
			must(p && (form < 4 || (std::uintptr_t)p % ALIGN == 0));
			n++;
			nbytes += size;
			nleft += i % 4 == 3;
			nleft_bytes += i % 4 == 3 ? size : 0;
			if (i % 4 != 3)
				unmake(p, form, i % 4);
		}
	}
	must(argc < 2 || throws_when_there_is_none());
	std::printf("make %ld %ld %ld %ld\n", n, nbytes, nleft, nleft_bytes);
	return 0;
}
