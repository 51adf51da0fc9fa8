// SPDX-License-Identifier: MIT
// What only C++ does to a stack: fn runs while an exception is in flight, then where it is caught.
namespace
{
struct runs_when_unwound {
	void (*fn)();
	~runs_when_unwound()
	{
		fn();
	}
};

__attribute__((noinline)) void thrower(void (*fn)())
{
	runs_when_unwound guard{fn};
	throw 42;
}
} // namespace

extern "C" void throw_through(void (*fn)())
{
	try {
		thrower(fn);
	} catch (int) {
		fn();
	}
}
