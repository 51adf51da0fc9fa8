#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The threads profile in all its forms: test_threads.py THREADS_COUNTS"""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

# Go's numbers: (threads, function, labelled), largest group first.
GROUPS = [(50, "func3", False), (44, "func3", True), (40, "func2", False), (36, "func2", True),
          (10, "func1", False), (9, "func1", True)]
failures = []


def expect(holds, what, *seen):
    print("ok  " if holds else "FAIL", what, *("" if holds else seen))
    if not holds:
        failures.append(what)


def proto(path):
    p = profile.read(path)
    expect(p.sample_types == [("threads", "count")] and p.period == 1, "types and period", p.sample_types)
    found = []
    for s in p.samples:
        function = next((f.name for f in s.stack if f.name.startswith("func")), None)
        if function:
            found.append((s.values[0], function, s.labels == {"label": "value"}))
    expect(found == GROUPS, "proto: the groups are there, the largest first", found)
    mine = [s for s in p.samples if any(f.name == "main" for f in s.stack)]
    expect(len(mine) == 1 and mine[0].labels == {"self": '"me"\n'}, "proto: the caller is among them", mine)
    expect(p.total("threads") == 190, "proto: nobody else", p.total("threads"))


def text(path):
    with open(path, encoding="utf-8") as f:
        records = f.read().split("\n\n")
    expect(records[0].startswith("threads profile: total 190\n"), "text: the head", records[0][:60])
    records[0] = records[0].split("\n", 1)[1]
    found = []
    for r in records:
        m = re.match(r"(\d+) @( 0x[0-9a-f]+)+\n(# labels: \{\"label\":\"value\"\}\n)?#\t0x", r)
        name = re.search(r"\t(func\d)\+0x", r)
        if m and name:
            found.append((int(m[1]), name[1], bool(m[3])))
    expect(found == GROUPS, "text: the groups are there, labels behind the addresses", found)
    with_lines = [r for r in records if re.search(r"\tfunc\d\+0x[0-9a-f]+\t\S+/threads_counts\.c:\d+\n", r)]
    expect(len(with_lines) == len(GROUPS), "text: lines of the source", records[0])
    expect(any(r'# labels: {"self":"\"me\"\n"}' + "\n" in r for r in records), "text: the caller's labels, quoted")


def dump(path, program):
    with open(path, encoding="utf-8") as f:
        blocks = f.read().split("\n\n")
    expect(blocks[-1] == "" and len(blocks) == 191, "dump: a block a thread", len(blocks))
    waiting = [b for b in blocks if re.match(
        r'thread \d+ "threads_counts\w*" \[futex 0x[0-9a-f]+(, \d+ (ms|s|minutes))?\]( \{"label":"value"\})?:\n', b)]
    expect(len(waiting) == 189, "dump: 189 wait for a futex", [b for b in blocks if b not in waiting])
    expect(sum('{"label":"value"}' in b for b in waiting) == 89, "dump: 89 of them labelled")
    frames = [re.search(r"\nfunc\d\+0x[0-9a-f]+\n\t(\S+):(\d+) \(/\S*threads_counts\w* \+(0x[0-9a-f]+)\)\n", b)
              for b in waiting]
    expect(all(frames), "dump: frames and where they are")
    lines = {f[3]: "%s:%s" % (os.path.basename(f[1]), f[2]) for f in frames if f}
    asked = subprocess.run(["addr2line", "-e", program, *lines], check=True, stdout=subprocess.PIPE, text=True)
    theirs = [os.path.basename(line.split(" ")[0]) for line in asked.stdout.split("\n")[:-1]]
    expect(list(lines.values()) == theirs, "dump: lines are addr2line's", lines, theirs)
    # Names that libc, which is stripped, does not have, but its debug symbols (libc6-dbg), as its lines.
    expect(all(re.search(r"\nstart_thread\+0x[0-9a-f]+\n\t\S*pthread_create\.c:\d+ \(", b) for b in waiting),
           "dump: names of stripped functions", waiting[:1])
    first = re.match(r'thread (\d+) "threads_counts\w*" \[running\] \{"self":"\\"me\\"\\n"\}:\n', blocks[0])
    expect(first and "\nmain+0x" in blocks[0], "dump: the caller runs", blocks[0])


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True, timeout=120)
        proto(os.path.join(folder, "threads.0"))
        text(os.path.join(folder, "threads.1"))
        dump(os.path.join(folder, "threads.2"), sys.argv[1])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
