#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What exec leaves of our ticks: test_replace.py

A tick that is pending when a program is replaced ends the next one, which has no handler for it yet.
"""

import os
import re
import sys

import test_run
from test_run import Case, expect, expect_eq, program
import profile


def test_no_tick_meets_the_next_program():
    """The child of perl's fork() was found by the collector, and made to tick, when it was in execve() already: of 200
    such children SIGPROF killed 25."""
    for engine in "perf", "timer", "itimer":
        case = Case(program("replace"), "200", options=["-cpuprofile", "%p.gz", "-cpurate", "1000", "-cpuengine",
                    engine, "-memprofile", "%p.mem.gz"])
        expect_eq((case.status, case.stdout), (0, b"0 of 200\n"), engine)


def test_nor_does_one_that_was_blocked():
    """It outlives exec, as the mask does, and all of 20 were killed by perf's, and by those of setitimer()."""
    for engine in "perf", "timer", "itimer":
        case = Case(program("replace"), "20", "blocked", options=["-cpuprofile", "%p.gz", "-cpurate", "1000",
                    "-cpuengine", engine])
        expect_eq((case.status, case.stdout), (0, b"0 of 20\n"), engine)


def test_whose_exec_failed_ticks_again():
    """At once: it did after 50 ms, in which an exec that takes long was not over."""
    fails = "import os, time\nfor _ in range(40):\n  try: os.execv('/nowhere', ['x'])\n  except OSError: pass\n" \
            "  end = time.thread_time() + 0.01\n  while time.thread_time() < end: sum(range(3000))\n"
    for engine in "perf", "timer", "itimer":
        case = Case("/usr/bin/python3", "-c", fails, options=["-cpurate", "1000", "-cpuengine", engine])
        p = profile.read(case.path)
        switched = [c for c in p.comments if re.match("engine: itimer: ", c)]
        expect(p.total("cpu") > 350e6, (engine, p.total("cpu"), switched))
        unseen = sum(s.values[1] for s in p.samples if s.stack[0].name.startswith("["))
        expect(unseen < 0.3 * p.total("cpu"), (engine, unseen, p.total("cpu"), case.notes))


if __name__ == "__main__":
    test_run.PARTS = {"replace": [test_no_tick_meets_the_next_program, test_nor_does_one_that_was_blocked,
                                  test_whose_exec_failed_ticks_again]}
    sys.exit(test_run.main([]))
