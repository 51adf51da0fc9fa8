# SPDX-License-Identifier: MIT
"""What cprof and go tool pprof say of the waits of a server; for the tests of servers."""

import re
import subprocess

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "mins": 60, "hrs": 3600}
failures = []


def expect(holds, what, seen=""):
    print("ok  " if holds else "FAIL", what, seen if not holds else "", flush=True)
    if not holds:
        failures.append(what)


def top(command, files):
    """{function: seconds of delay in it and what it called}"""
    text = subprocess.run(command + ["-top", "-cum", "-nodecount=0", "-nodefraction=0", "-total_delay", *files],
                          check=True, timeout=120, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    rows = re.findall(r"^ *\S+ +\S+ +\S+ +([0-9.]+)(\w+) +\S+  (\S+)", text, re.M)
    return {name: float(number) * UNITS[unit] for number, unit, name in rows}


def expect_shown(build, kind, files, functions):
    """Both show that threads waited under each of the functions, and how long. Returns top() of it."""
    ours = top([build + "/tool/cprof"], files)
    theirs = top(["go", "tool", "pprof"], files)
    for name in functions:
        expect(ours.get(name, 0) > 0, "%s: cprof shows the wait in %s" % (kind, name), sorted(ours)[:40])
        expect(theirs.get(name) == ours.get(name), "%s: go tool pprof shows the same of %s" % (kind, name),
               (ours.get(name), theirs.get(name)))
    return ours
