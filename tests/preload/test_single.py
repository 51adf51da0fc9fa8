#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Heap profiles of programs of one thread, in which there is none of ours. CPROF_BUILD as for test_run.py."""

import signal
import sys

import test_run
from test_run import Case, expect, expect_eq, heap_of, program

OPTIONS = ("-memprofile", "mem.pb.gz", "-memprofilerate", "1")


def test_it_stays_one():
    """Each lock of libc is dearer where there are two, malloc's at each call. Its own second brings ours."""
    for how in ("term", "second"):
        case = Case(program("single"), how, program("plugin.so"), options=OPTIONS)
        expect_eq((case.status, case.stderr), (-signal.SIGTERM, []), how)
        expect_eq(heap_of(case, "mem.pb.gz", "inuse_space", "plugin_keep"), 4096, how)


def test_a_signal_inside_the_loader_leaves_the_heap():
    for how, sig in (("locked", signal.SIGTERM), ("abort", signal.SIGABRT)):
        case = Case(program("load"), how, program("plugin.so"), options=OPTIONS)
        expect_eq((case.status, case.files), (-sig, ["mem.pb.gz"]), how)
        expect(heap_of(case, "mem.pb.gz", "inuse_space", "keep") > 0, how)


if __name__ == "__main__":
    test_run.PARTS = {"single": [test_it_stays_one, test_a_signal_inside_the_loader_leaves_the_heap]}
    sys.exit(test_run.main([]))
