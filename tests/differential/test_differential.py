#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof and `go tool pprof` print the same: test_differential.py CPROF [TEXT]

Makes the profiles (profiles.py), runs each command line (cases.py; those with TEXT in them) with both programs in
the same surroundings, undoes what changed since Debian's version (rules.py), and compares standard output,
standard error and whether the exit status is 0. Ends with `N passed, N failed`."""

import difflib
import gzip
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import cases
import profiles
import rules

CPROF = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
SHOWN_LINES = 24
PPROF_TURNS = 16


def pprof_of_go():
    """The program behind `go tool pprof`: asking `go` for it each time would cost more than it does. Go 1.25 and later
    build it when it is asked for."""
    return subprocess.check_output(["go", "tool", "-n", "pprof"], text=True).strip()


def version_of_go():
    """(1, 24) of go1.24.4"""
    said = subprocess.check_output(["go", "env", "GOVERSION"], text=True)
    return tuple(int(number) for number in re.match(r"go(\d+)\.(\d+)", said).groups())


def run(program, case, paths):
    """(stdout, stderr, succeeded)"""
    with tempfile.TemporaryDirectory() as home:
        argv = [program, "-symbolize=none", *(word.format_map(paths) for word in shlex.split(case.args))]
        env = {"HOME": home, "PPROF_TMPDIR": home, "TZ": "UTC", "TERM": "dumb", "PATH": os.environ["PATH"]}
        done = subprocess.run(argv, cwd=paths["folder"], env=env, input=case.stdin.encode(), capture_output=True,
                              timeout=60)
    out = gzip.decompress(done.stdout) if done.stdout[:2] == b"\x1f\x8b" else done.stdout
    # Bytes stay what they are in latin-1.
    return out.decode("latin-1"), done.stderr.decode("latin-1"), done.returncode == 0


GO = version_of_go()


def difference(case, theirs, ours):
    """What differs, in words; "" where nothing does."""
    for what, pair in (("stdout", (ours[0], theirs[0])), ("stderr", (ours[1], theirs[1]))):
        our_text, their_text = rules.undo(case.command(), GO, *pair)
        if our_text != their_text:
            lines = difflib.unified_diff(their_text.splitlines(), our_text.splitlines(), "pprof's " + what,
                                         "cprof's " + what, n=1, lineterm="")
            return "\n".join(line[:300] for line in list(lines)[:SHOWN_LINES])
    return "" if ours[2] == theirs[2] else "cprof %s" % ("succeeded" if ours[2] else "failed")


def words(answer):
    """What is said, in whatever order, and however the boxes are numbered."""
    return Counter(re.sub(r"\bN\d+|\bnode\d+", "N", answer[0] + answer[1]).split())


def answers_differently(pprof, case, paths, theirs, ours):
    """Whether pprof says something else when asked again, and now and then what we do. Where x and -x tie, 2022's takes
    redundant edges away, and numbers boxes of labels, in the order of a map. With -files of Go 1.24 and later, whose
    functions tell where they start, files are in such an order: it does not meet ours in time, so the words have to."""
    again = [run(pprof, case, paths) for _ in range(PPROF_TURNS)]
    if all(a == theirs for a in again):
        return False
    has_order = "-files" not in case.args
    return any(not difference(case, a, ours) or (not has_order and words(a) == words(ours)) for a in again)


def main():
    passed = failed = unsteady = 0
    pprof = pprof_of_go()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        made = profiles.make(folder, CPROF)
        paths = {**made, "folder": folder, "missing": os.path.join(folder, "missing"),
                 "source": os.path.join(profiles.HERE, "program.go")}
        chosen = [case for case in cases.all_cases(made) if ONLY in case.name]
        both = pool.map(lambda case: (run(pprof, case, paths), run(CPROF, case, paths)), chosen)
        for case, (theirs, ours) in zip(chosen, both):
            wrong = difference(case, theirs, ours)
            if wrong and answers_differently(pprof, case, paths, theirs, ours):
                unsteady += 1
                wrong = ""
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print("FAIL %s\n%s" % (case.name, wrong))
    for rule in rules.RULES:
        print("%4d outputs need the rule: %s" % (rules.needed[rule.name], rule.name))
    print("%4d outputs of pprof's differ from run to run" % unsteady)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
