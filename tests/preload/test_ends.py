#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends that are not the program's alone: by a signal of ours: test_ends.py"""

import signal
import sys

import test_run
from test_run import Case, expect, expect_eq, program


def test_the_ticks_signal_ends_who_has_no_handler_for_it():
    """It was taken for one of ours that came late, and the program lived on."""
    for more in [], ["-memprofile", "heap.gz"]:
        case = Case(program("leave"), "prof", "50", options=["-cpuprofile", "cpu.gz", *more])
        expect_eq(case.status, -signal.SIGPROF, more)
        expect({"cpu.gz", *more[1:]} <= set(case.files), case.files)
    case = Case("sh", "-c", "trap '' PROF; kill -PROF $$; exit 3", options=["-cpuprofile", "cpu.gz"])
    expect_eq(case.status, 3)


if __name__ == "__main__":
    test_run.PARTS = {"ends": [test_the_ticks_signal_ends_who_has_no_handler_for_it]}
    sys.exit(test_run.main([]))
