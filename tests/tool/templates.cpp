// SPDX-License-Identifier: MIT
// As inlining.c, with what only C++ has: templates, an anonymous namespace, a lambda.
#include <cstdio>

#define MARK(name) __asm__ volatile(".globl mark_" #name "\nmark_" #name ": nop")

static volatile int sink;

namespace space {
template <class T> struct Box {
	T value;
	__attribute__((noinline)) T twice(T by) // start twice
	{
		sink += by;
		MARK(method); // line method
		return value * by;
	}
};
} // namespace space

namespace {
__attribute__((always_inline)) inline int hidden(int x) // start hidden
{
	sink += x;
	MARK(hidden); // line hidden
	return sink;
}

__attribute__((noinline)) int caller(int x) // start caller
{
	return hidden(x) + 1; // call hidden
}
} // namespace

int main(int argc, char **)
{
	auto lambda = [](int x) __attribute__((noinline)) { // start lambda
		sink -= x;
		MARK(lambda); // line lambda
		return sink + 0;
	};
	space::Box<int> box{argc};
	std::printf("%d\n", box.twice(2) + caller(argc) + lambda(argc));
}
