// SPDX-License-Identifier: MIT
// Demangled names in the three forms. What they should be was printed by github.com/ianlancetaylor/demangle,
// which pprof uses, with the options pprof gives it; parameters of enclosing functions and generic
// arguments of Rust, which only its newer versions leave out, by hand.
#include <stdio.h>

#include "base/buf.h"
#include "tests/unit/unit.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/demangle.h"

static struct arena a;

static void check_mode(const char *name, enum demangle_mode mode, const char *want)
{
	struct str got = STR("(not mangled)");
	demangle(&a, str_from(name), mode, &got);
	ck_assert_msg(str_eq(got, str_from(want)), "%s (mode %d): got %.*s, want %s", name, mode, STR_FMT(got),
			want);
}

// {mangled, simple, templates, full}
static const char *const cases[][4] = {
		{"_ZN5space3BoxIiE5twiceEi", "space::Box::twice", "space::Box<int>::twice",
				"space::Box<int>::twice(int)"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector::push_back",
				"std::vector<int, std::allocator<int> >::push_back",
				"std::vector<int, std::allocator<int> >::push_back(int const&)"},
		{"_ZN12_GLOBAL__N_16callerEi", "(anonymous namespace)::caller",
				"(anonymous namespace)::caller", "(anonymous namespace)::caller(int)"},
		{"_ZN12_GLOBAL__N_16callerEi.cold", "(anonymous namespace)::caller",
				"(anonymous namespace)::caller", "(anonymous namespace)::caller(int)"},
		{"_ZlsRSoRK3Foo", "operator<<", "operator<<", "operator<<(std::ostream&, Foo const&)"},
		{"_ZN3FooltERKS_", "Foo::operator<", "Foo::operator<", "Foo::operator<(Foo const&)"},
		{"_ZNK3FoocvbEv", "Foo::operator bool", "Foo::operator bool",
				"Foo::operator bool() const"},
		{"_ZN3FooD1Ev", "Foo::~Foo", "Foo::~Foo", "Foo::~Foo()"},
		{"_ZThn16_N3Foo3barEv", "non-virtual thunk to Foo::bar()",
				"non-virtual thunk to Foo::bar()", "non-virtual thunk to Foo::bar()"},
		{"_ZTV3Foo", "vtable for Foo", "vtable for Foo", "vtable for Foo"},
		{"_ZN3foo3barB5cxx11Ev", "foo::bar[abi:cxx11]", "foo::bar[abi:cxx11]",
				"foo::bar[abi:cxx11]()"},
		{"_ZSt4sortIPiEvT_S1_", "std::sort", "std::sort<int*>",
				"void std::sort<int*>(int*, int*)"},
		{"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()",
				"main::{lambda(int)#1}::operator()",
					"main::{lambda(int)#1}::operator()(int) const"},
		{"_ZZ3fooiENKUlvE_clEv", "foo::{lambda()#1}::operator()",
				"foo::{lambda()#1}::operator()",
					"foo(int)::{lambda()#1}::operator()() const"},
		{"_ZNSs6appendEPKc", "std::string::append", "std::string::append",
				"std::string::append(char const*)"},
		{"_ZNSolsEi", "std::ostream::operator<<", "std::ostream::operator<<",
				"std::ostream::operator<<(int)"},
		{"_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEC1IS3_EEPKcRKS3_",
				"std::__cxx11::basic_string::basic_string",
				"std::__cxx11::basic_string<char, std::char_traits<char>, "
					"std::allocator<char> >::basic_string<std::allocator<char> >",
				"std::__cxx11::basic_string<char, std::char_traits<char>, "
					"std::allocator<char> >::basic_string<std::allocator<char> "
					">(char const*, std::allocator<char> const&)"},
		{"_ZN4core3ptr13drop_in_place17h0123456789abcdefE", "core::ptr::drop_in_place",
				"core::ptr::drop_in_place", "core::ptr::drop_in_place"},
		{"_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt"
				"17h0123456789abcdefE",
				"<alloc::string::String as core::fmt::Display>::fmt",
				"<alloc::string::String as core::fmt::Display>::fmt",
				"<alloc::string::String as core::fmt::Display>::fmt"},
		{"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar", "mycrate::foo::bar",
				"mycrate::foo::bar"},
		{"_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<>", "std::mem::align_of::<f64>",
				"std::mem::align_of::<f64>"},
		{"_RNvMs_NtCs_5alloc3vecINtB4_3VechE4push", "<alloc::vec::Vec<>>::push",
				"<alloc::vec::Vec<u8>>::push", "<alloc::vec::Vec<u8>>::push"},
		{"_RNvXNtNtNtCs8NwYtU1Mohg_4core3ops8function5implsRDINtB4_2FnTNtNtCsaWFnICSgzaq_3url6parser15Synta"
				"xViolationEEp6OutputuEL_IBN_BV_E4callB10_",
				"<&dyn core::ops::function::Fn<, Output = ()> as core::ops::function::Fn<>>::call",
				"<&dyn core::ops::function::Fn<(url::parser::SyntaxViolation,), Output = ()> as "
				"core::ops::function::Fn<(url::parser::SyntaxViolation,)>>::call",
				"<&dyn core::ops::function::Fn<(url::parser::SyntaxViolation,), Output = ()> as "
				"core::ops::function::Fn<(url::parser::SyntaxViolation,)>>::call"},
		{"_RNCNvCsh1TzFaBDtUP_4test8run_test0B3_", "test::run_test::{closure#0}", "test::run_test::{closure#0}",
				"test::run_test::{closure#0}"},
		{"_ZN3std3sys9backtrace28__rust_begin_short_backtrace17h0123456789abcdefE",
				"std::sys::backtrace::_rust_begin_short_backtrace",
				"std::sys::backtrace::_rust_begin_short_backtrace",
				"std::sys::backtrace::_rust_begin_short_backtrace"},
		{"_RNvXCs_7mycrateNtB2_3FooNtNtCs_4core3fmt7Display3fmt",
				"<mycrate::Foo as core::fmt::Display>::fmt",
				"<mycrate::Foo as core::fmt::Display>::fmt",
				"<mycrate::Foo as core::fmt::Display>::fmt"},
};

START_TEST(three_forms)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_mode(cases[i][0], DEMANGLE_SIMPLE, cases[i][1]);
		check_mode(cases[i][0], DEMANGLE_TEMPLATES, cases[i][2]);
		check_mode(cases[i][0], DEMANGLE_FULL, cases[i][3]);
	}
}
END_TEST

START_TEST(closing_brackets)
{
	check_mode("_Z1fISt3setIS0_IiEEEvT_", DEMANGLE_FULL,
						"void f<std::set<std::set<int> > >(std::set<std::set<int> >)");
	check_mode("_ZrsRSiR1AI1BIiEE", DEMANGLE_FULL, "operator>>(std::istream&, A<B<int> >&)");
}
END_TEST

START_TEST(rust_suffix)
{
	check_mode("_ZN4core3ptr13drop_in_place17h0123456789abcdefE.llvm.42", DEMANGLE_SIMPLE,
			"core::ptr::drop_in_place");
	check_mode("_RNvNtCs1234_7mycrate3foo3bar.llvm.42", DEMANGLE_SIMPLE, "mycrate::foo::bar");
}
END_TEST

START_TEST(not_mangled)
{
	static const char *const names[] = {"", "_", "main", "_start", "_Z", "_R", "_Znothing", "foo::bar(int)"};
	struct str text;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(!demangle(&a, str_from(names[i]), DEMANGLE_SIMPLE, &text), "%s", names[i]);
	ck_assert(!demangle(&a, STR("_ZN3FooD1Ev"), DEMANGLE_NONE, &text));
}
END_TEST

/** C++: A::operator T(), T a function of two T', and so on: each level a few bytes more, the text twice as long. */
static void put_doubling_cplusplus(struct buf *out, int depth)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	buf_cstr(out, "_ZN1AcvPFvPFviiE");
	for (int i = 1, last = 0; i < depth; i++, last += 2) {
		char one[8];
		snprintf(one, sizeof one, last < 36 ? "S%c_" : "S1%c_", digits[last % 36]);
		buf_printf(out, "PFv%s%sE", one, one);
	}
	buf_cstr(out, "EEv");
}

/** Rust: <T>::f, T a tuple of tuples in the same way. */
static void put_doubling_rust(struct buf *out, int depth)
{
	buf_cstr(out, "_RNvMC1aTTuuE");
	for (int i = 1, last = 7, at = 11; i < depth; i++) {
		static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
		char number[3] = {0};
		int n = last - 1; // "_" is 0
		number[0] = digits[n < 62 ? n : n / 62];
		number[1] = n < 62 ? '\0' : digits[n % 62];
		last = at;
		buf_printf(out, "TB%s_B%s_E", number, number);
		at = (int)out->len - 2;
	}
	buf_cstr(out, "E1f");
}

START_TEST(what_a_short_name_stands_for)
{
	void (*const puts[])(struct buf *, int) = {put_doubling_cplusplus, put_doubling_rust};
	for (int i = 0; i < 2; i++) {
		struct buf name = {0};
		struct str text = {0};
		puts[i](&name, 5);
		ck_assert(demangle(&a, (struct str){name.ptr, name.len}, DEMANGLE_SIMPLE, &text));
		ck_assert_uint_ge(text.len, 1 << 5);
		name.len = 0;
		puts[i](&name, 40); // terabytes, without end for all who wait for it
		ck_assert_uint_lt(name.len, 500);
		ck_assert(!demangle(&a, (struct str){name.ptr, name.len}, DEMANGLE_SIMPLE, &text));
		buf_deinit(&name);
	}
}
END_TEST

static void check_short(const char *name, enum demangle_mode mode, const char *want)
{
	struct str got = demangle_shorten(&a, str_from(name), mode);
	ck_assert_msg(str_eq(got, str_from(want)), "%s: got %.*s, want %s", name, STR_FMT(got), want);
}

START_TEST(shorten)
{
	check_short("ns::f<int>(std::vector<int>)", DEMANGLE_SIMPLE, "ns::f");
	check_short("ns::f<int>(std::vector<int>)", DEMANGLE_TEMPLATES, "ns::f<int>");
	check_short("ns::f<int>(std::vector<int>)", DEMANGLE_FULL, "ns::f<int>(std::vector<int>)");
	check_short("java.lang.String.<init>", DEMANGLE_SIMPLE, "java.lang.String.<init>");
	// Methods of Go's generic types: all were "main..run", as in pprof before 2022.
	check_short("main.(*worker[...]).run", DEMANGLE_SIMPLE, "main.(*worker[...]).run");
	check_short("main.(*T[go.shape.int]).f.func1", DEMANGLE_SIMPLE, "main.(*T[go.shape.int]).f.func1");
	check_short("slices.Sort[...]", DEMANGLE_SIMPLE, "slices.Sort[...]");
	check_short("f(int)", DEMANGLE_SIMPLE, "f(int)"); // nothing of C++ about it
	check_short("a::b)c(d)", DEMANGLE_SIMPLE, "a::b)c(d)");
	check_short("a::b(c)d)e(f)", DEMANGLE_SIMPLE, "a::bd)e(f)");
	check_short("a::b(c", DEMANGLE_SIMPLE, "a::b(c");
}
END_TEST

static struct str function_name(struct profile *p, const char *name, const char *system_name, bool force)
{
	struct function f = {.name = profile_intern(p, str_from(name)),
			.system_name = profile_intern(p, str_from(system_name))};
	uint32_t i = profile_add_function(p, f);
	demangle_profile(p, &a, force, DEMANGLE_SIMPLE);
	return profile_str(p, p->functions[i].name);
}

START_TEST(whole_profile)
{
	struct profile *p = profile_create();
	ck_assert(str_eq(function_name(p, "_ZN3FooD1Ev", "_ZN3FooD1Ev", false), STR("Foo::~Foo")));
	ck_assert(str_eq(function_name(p, "", "_ZN3FooD1Ev", false), STR("Foo::~Foo")));
	ck_assert(str_eq(function_name(p, "named", "_ZN3FooD1Ev", false), STR("named")));
	ck_assert(str_eq(function_name(p, "named", "_ZN3FooD1Ev", true), STR("Foo::~Foo")));
	ck_assert(str_eq(function_name(p, "named", "", true), STR("named")));
	ck_assert(str_eq(function_name(p, "__ZN3FooD1Ev", "__ZN3FooD1Ev", false), STR("Foo::~Foo")));
	ck_assert(str_eq(function_name(p, "__libc_start_main", "__libc_start_main", false),
			STR("__libc_start_main")));
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("demangle", three_forms, closing_brackets, rust_suffix, not_mangled, what_a_short_name_stands_for, shorten,
		whole_profile)
