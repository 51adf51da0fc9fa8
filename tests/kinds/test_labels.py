#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which CPU samples carry which labels: test_labels.py LABELS_CPU"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

failures = []


def expect(holds, what, *seen):
    print("ok  " if holds else "FAIL", what, *seen)
    if not holds:
        failures.append(what)


def labels_of(p, function):
    """{labels: CPU ms} of the samples with the function in their stack"""
    i, out = p.index("cpu"), {}
    for s in p.samples:
        if any(f.name == function for f in s.stack):
            key = tuple(sorted(s.labels.items()))
            out[key] = out.get(key, 0) + s.values[i] / 1e6
    return out


def only(p, function, labels, what, tail_ms=0):
    found = labels_of(p, function)
    wanted = found.pop(tuple(sorted(labels.items())), 0)
    expect(wanted > 0 and sum(found.values()) <= tail_ms, what, wanted, "ms;", found)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cpu.pb.gz")
        subprocess.run([sys.argv[1], path], check=True, timeout=120)
        p = profile.read(path)
    # An empty value is an empty field, which reads as 0.
    creators = {"creator": "main", "quote": 'a "b"\n', "empty": 0}
    only(p, "unlabelled", {}, "without labels there are none")
    only(p, "labelled", {"key": "value"}, "inside cprof_do there always are")
    only(p, "inherited", creators, "a thread has those of its creator from its first function on")
    only(p, "raw_thread", {}, "a thread on another one's TLS has none")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
