#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof run` of programs built with a sanitizer. test_sanitized.py"""

import os
import subprocess
import sys
import tempfile

import test_run
from test_run import FILE, HERE, Case, expect, expect_eq


def sanitized(folder, sanitizer, name):
    built = os.path.join(folder, sanitizer)
    source = os.path.join(HERE, name + ".c")
    subprocess.run(["gcc", "-g", "-O1", "-fsanitize=" + sanitizer, source, "-o", built, "-pthread"], check=True)
    return built


def test_address_sanitizer():
    """It warned of swapcontext(), by which _exit() came to a stack of ours."""
    with tempfile.TemporaryDirectory() as folder:
        built = sanitized(folder, "address", "leave")
        for how in "return", "_exit":
            case = Case(built, how, "300", options=["-cpuprofile=" + FILE, "-blockprofile=b.pb.gz"],
                        env={"ASAN_OPTIONS": "detect_leaks=0"})
            expect_eq((case.status, case.stderr), (7, []), how)
            expect(250 <= case.cpu_ms() <= 450, case.cpu_ms())


def test_thread_sanitizer():
    """A fork's child that made our threads anew died of it, with status 66."""
    with tempfile.TemporaryDirectory() as folder:
        built = sanitized(folder, "thread", "family")
        case = Case(built, options=["-cpuprofile=%p.pb.gz", "-blockprofile=%p.block.pb.gz"])
    expect_eq((case.status, case.stderr), (0, []))
    expect_eq(len([name for name in case.files if "block" not in name]), 2, "%s: the profiles, also of the child that "
              "called exec," % case.files)


if __name__ == "__main__":
    test_run.PARTS = {"sanitized": [test_address_sanitizer, test_thread_sanitizer]}
    sys.exit(test_run.main([]))
