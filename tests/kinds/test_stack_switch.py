#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profiles of coroutines with cprof_stack_switch() and without: test_stack_switch.py STACK_SWITCH"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

WORK = ["work_%d" % i for i in range(4)]
BY_ASSEMBLY = {"work_0", "work_3"}
failures = []


def expect(holds, what, *seen):
    print("ok  " if holds else "FAIL", what, *seen)
    if not holds:
        failures.append(what)


def run(program, told, folder):
    """(CPU profile, allocs profile, threads profile, how often a parked thread was woken)"""
    paths = [os.path.join(folder, told + "." + kind) for kind in ("cpu", "allocs", "threads")]
    done = subprocess.run([program, told] + paths, check=True, timeout=120, stdout=subprocess.PIPE)
    return [profile.read(path) for path in paths] + [int(done.stdout)]


def of(p, function):
    return [s for s in p.samples if any(f.name == function for f in s.stack)]


def is_whole(sample):
    names = [f.name for f in sample.stack]
    return names[-1] == "enter_coroutine" or names[-2] == "context_main"  # which libc calls, without a name


def check_whole(p, what):
    for name in WORK:
        samples = of(p, name)
        odd = [[f.name for f in s.stack[-4:]] for s in samples if not is_whole(s)]
        expect(samples and not odd, "%s: stacks of %s are whole" % (what, name), len(samples), odd[:2])


def check_labels(p, what):
    for number, name in enumerate(WORK):
        labels = {tuple(s.labels.items()) for s in of(p, name) if "bytes" not in s.labels}
        labels |= {(("coroutine", s.labels.get("coroutine")),) for s in of(p, name) if "bytes" in s.labels}
        expect(labels == {(("coroutine", str(number)),)}, "%s: labels of %s" % (what, name), labels)


def main():
    with tempfile.TemporaryDirectory() as folder:
        told = run(sys.argv[1], "told", folder)
        silent = run(sys.argv[1], "silent", folder)
    for p, what in zip(told, ("cpu", "allocs")):
        check_whole(p, what)
        check_labels(p, what)
    parked = of(told[2], "park")
    expect(len(parked) == 2 and all(map(is_whole, parked)), "threads: parked coroutines are whole", len(parked))
    expect(told[3] == 0, "threads: nobody is woken")
    # What is missing without it. If this ever fails, it is no more needed.
    for p, what in zip(silent, ("cpu", "allocs")):
        cut = [s for name in BY_ASSEMBLY for s in of(p, name) if not is_whole(s)]
        expect(cut, "%s, not told: stacks behind a switch in assembly have no end" % what, len(cut),
               [f.name for f in cut[0].stack[-3:]] if cut else "")
        check_labels(p, what + ", not told")
    # Those are signalled, but their waits began under a fast profile, and go on.
    expect(silent[3] == 0, "threads, not told: nor is anybody woken", silent[3])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
