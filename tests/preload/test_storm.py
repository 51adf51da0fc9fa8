#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything at once, in a program that forks, loads, cancels, switches stacks and more: test_storm.py

Before children did without the loader's lock, two of three such runs, of 600 turns, hung.
"""

import sys

import test_run
from test_run import Case, expect_eq, program

KINDS = "cpu", "mem", "block", "mutex", "syscall", "wall", "thread", "threadcreate"
TURNS = 400


def storm(engine, pattern, *more):
    options = [word for kind in KINDS for word in ("-%sprofile" % kind, pattern % kind)]
    case = Case(program("storm"), program("plugin") + ".so", str(TURNS),
                options=[*options, "-trace", pattern % "trace", "-cpuengine", engine, *more])
    expect_eq((case.status, case.stderr), (5, []), (engine, pattern, case.notes))


def test_each_process_profiles():
    for engine in "perf", "timer":
        storm(engine, "%%p.%s", "-memprofilerate", "1")


def test_the_first_process_profiles():
    for engine in "perf", "timer", "itimer":
        storm(engine, "%s", "-cpurate", "1000")


if __name__ == "__main__":
    test_run.PARTS = {"storm": [test_each_process_profiles, test_the_first_process_profiles]}
    sys.exit(test_run.main([]))
