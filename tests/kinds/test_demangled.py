#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names demangled in the process, against c++filt: test_demangled.py DEMANGLED

Every function libstdc++ exports, and forms it has none of. What c++filt says is stripped of template arguments, which
are not shown; its -p leaves parameters away."""

import glob
import os
import re
import subprocess
import sys
import unittest

DEMANGLED = os.path.abspath(sys.argv.pop(1))


def lines_of(argv, names):
    out = subprocess.run(argv, input="".join(n + "\n" for n in names), capture_output=True, text=True, check=True)
    return out.stdout.splitlines()


def strip(name):
    """Without what is in angle brackets that are no operator's, nor return types, which only templates have."""
    name = re.sub(r"operator(<=>|<<=|<<|<=|<|>>=|>>|>=|>|->\*|->)", lambda m: "operator" + m[1].translate(HIDE), name)
    while (shorter := re.sub(r"(?<=\S) ?<[^<>]*>", "", name)) != name:
        name = shorter
    name = re.sub(r"\{lambda\([^{}]*\)#", "{lambda#", name)
    return name.translate(SHOW).strip()


HIDE = str.maketrans("<>", "\1\2")
SHORT = re.compile("basic_(istream|ostream|iostream|string)")  # pprof, and we, say std::istream
SHOW = str.maketrans("\1\2", "<>")


class Demangled(unittest.TestCase):
    def test_libstdcxx(self):
        library = glob.glob("/usr/lib/*/libstdc++.so.6")[0]
        symbols = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                                 check=True).stdout.splitlines()
        names = sorted({line.split()[2].split("@")[0] for line in symbols if line.split()[1] in "TtWw"})
        names = [n for n in names if re.match(r"_Z[^GT]", n)]
        self.assertLess(3000, len(names))
        ours, theirs = lines_of([DEMANGLED], names), lines_of(["c++filt", "-p"], names)
        unknown = 0
        for mangled, mine, other in zip(names, ours, theirs):
            unknown += mine == ""
            if mine:
                self.assertEqual(SHORT.sub(r"\1", mine), SHORT.sub(r"\1", strip(other)), mangled)
        self.assertLess(unknown, len(names) / 100)

    def test_forms(self):
        for mangled, name in [
                ("_Z4mainv", "main"), ("_ZL6staticv", "static"), ("_ZN5space12wait_for_endEv", "space::wait_for_end"),
                ("_ZZ4mainENKUlvE_clEv", "main::{lambda#1}::operator()"),
                ("_ZZN1a1fIiEEvT_ENKUliE0_clEi", "a::f::{lambda#2}::operator()"),
                ("_ZZ1fvE1x_0", "f::x"), ("_ZN1aUt0_1fEv", "a::{unnamed type#2}::f"),
                ("_ZN12_GLOBAL__N_13barEv", "(anonymous namespace)::bar"),
                ("_ZN3fooC2ERKS_", "foo::foo"), ("_ZN3fooD0Ev", "foo::~foo"), ("_ZN3fooIiED1Ev", "foo::~foo"),
                ("_ZNSsC1Ev", "std::basic_string::basic_string"), ("_ZNSs6appendEPKc", "std::string::append"),
                ("_ZN3barEv.constprop.0", "bar [clone .constprop.0]"), ("_Z3barv.cold", "bar [clone .cold]"),
                ("_ZNK1a3getB5cxx11Ev", "a::get[abi:cxx11]"), ("_ZN1anwEm", "a::operator new"),
                ("_ZN1a1gILi5ELb1EXadL_Z1hvEEEEvv", ""), ("_ZN1a1gILin5ELb1EL_Z1hvEEEvv", "a::g"),
                ("_ZN1a1gIJicEEEvDpT_", "a::g"), ("_ZN1a1gIFivEPA3_iM1bFvvEDnEEvT_T0_T1_T2_", "a::g"),
                ("_ZThn16_N3foo3barEv", "non-virtual thunk to foo::bar"), ("_ZTh8_N3foo3barEv.cold",
                 "non-virtual thunk to foo::bar [clone .cold]"), ("_ZTv0_n24_N3fooD0Ev", "virtual thunk to foo::~foo"),
                ("_ZTch0_v0_n24_N3foo3barEv", "covariant return thunk to foo::bar"),
                # Rust, as it was before v0
                ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
                ("_ZN49_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$Drop$GT$4drop17h0123456789abcdefE",
                 "<alloc::vec::Vec<T> as Drop>::drop"),
                ("_ZN3foo17h0123456789abcdegE", "foo::h0123456789abcdeg"),
                # and since
                ("_RNvC7mycrate4main", "mycrate::main"), ("_RNvNtCsjrHSEGnQ3l9_3std2rt4init", "std::rt::init"),
                ("_RNCNvNtCsjrHSEGnQ3l9_3std2rt10lang_starts_0B5_", "std::rt::lang_start::{closure#1}"),
                ("_RNCNCNCNvC1a1f00s_0B8_", "a::f::{closure#0}::{closure#0}::{closure#1}"),
                ("_RNSNvC1a1f6vtableB4_", "a::f::{shim:vtable#0}"),
                ("_RINvNtC4core3ptr13drop_in_placeNtNtC5alloc6string6StringEB2_", "core::ptr::drop_in_place"),
                ("_RNvMNtC1a1bINtB2_3VechE4push", "<a::b::Vec>::push"),
                ("_RNvXs_C1aINtC1b3VechENtC1c5Clone5cloneB4_", "<b::Vec as c::Clone>::clone"),
                ("_RNvYRShNtC1c4Read4read", "<&[u8] as c::Read>::read"),
                ("_RNvXC1aTQL_eOPuFUKCjEbAhj20_DNtC1b1cNtBt_1dp4ItemhEL_ENtBt_1e1f",
                 "<(&mut str, *mut *const (), unsafe extern \"C\" fn(usize) -> bool, [u8; 32], dyn b::c + b::d) "
                 "as b::e>::f"),
                ("_RNvXC1aTzEINtB2_1tKj1f_E1f", "<(!,) as a::t>::f"), ("_RNvC1a1f.cold", "a::f [clone .cold]"),
                # what is no function, no name, cut short, or hostile
                ("main", ""), ("_Z", ""), ("_ZN", ""), ("_ZN3fo", ""), ("_ZNE", ""), ("_ZTV3foo", ""),
                ("_ZThN3foo3barEv", ""), ("_ZTv0_N3foo3barEv", ""), ("_ZT", ""), ("_ZTc", ""),
                ("_ZGVZ1fvE1x", ""),
                ("_ZN99999999999999999999fooEv", ""), ("_ZN" + "1a" * 2000 + "Ev", ""), ("_Z" + "Z" * 5000, ""),
                ("_Z1fI" + "I" * 5000, ""), ("_ZL", ""), ("_ZN1aL", ""), ("_ZNS_1aEv", ""),
                ("_R", ""), ("_RB_", ""), ("_RNvB_1a", ""), ("_RNvB0_1a", ""), ("_RNvC1a9b", ""), ("_RNvC1a1b?", ""),
                ("_RC99999999999999999999a", ""), ("_R" + "Nv" * 5000, ""), ("_RY" + "T" * 5000, ""), ("_RIC1a", ""),
                ("_RYAhj1", ""), ("_RYTB_EC1a", ""), ("_RC2000_" + "a" * 2000, "")]:
            with self.subTest(mangled[:60]):
                self.assertEqual(lines_of([DEMANGLED], [mangled]), [name])


unittest.main()
