#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPROFDEBUG: test_debug.py BUILD. What it tells is held against what the programs know of themselves."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checks import check, exit_status  # noqa: E402

build = sys.argv[1]
preload = os.path.join(build, "lib/libcprof-preload.so")


def run(debug, program, *args, inject=True, env=None):
    environment = {**os.environ, "CPROFDEBUG": debug, **(env or {})}
    if inject:
        environment["LD_PRELOAD"] = preload
    return subprocess.run([os.path.join(build, "tests/debug", program), *args], env=environment, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


BLOCK = re.compile(r"trace(alloc|free|realloc)\((0x[0-9a-f]+)(?:, (0x[0-9a-f]+))?(?:, (0x[0-9a-f]+))?\)\n"
                   r"thread (\d+) \[running\]:\n((?:[^\n]+\n\t[^\n]+\n)+)\n")


def calls(trace):
    """(call, old, new, size, tid, [function]) of each block that one of the program's three functions made."""
    for m in BLOCK.finditer(trace):
        kind, a, b, c, tid, stack = m.groups()
        functions = [line.split("+")[0] for line in stack.split("\n")[::2] if line]
        if functions[0] not in ("make_block", "drop_block", "grow_block"):
            continue
        if kind == "alloc":
            yield ("alloc", int(a, 16), 0, int(b, 16)), tid, functions
        elif kind == "free":
            yield ("free", int(a, 16), 0, 0), tid, functions
        else:
            yield ("realloc", int(a, 16), int(b, 16), int(c, 16)), tid, functions


def told(text):
    for line in text.splitlines():
        kind, a, b, size = line.split()
        yield (kind, int(a, 16) if a != "(nil)" else 0, int(b, 16) if b != "(nil)" else 0, int(size))


def test_allocfreetrace(name, program, inject):
    r = run("allocfreetrace=1", program, inject=inject)
    seen, true = list(calls(r.stderr)), list(told(r.stdout))
    check(f"{name}: exit status", r.returncode == 0, r.stderr[-300:])
    check(f"{name}: every call, in order", [s[0] for s in seen] == true, f"{len(seen)} of {len(true)}")
    check(f"{name}: two threads", len({s[1] for s in seen}) == 2, {s[1] for s in seen})
    check(f"{name}: stacks", all(f[1] in ("main", "work") for _, _, f in seen), seen[:1])
    check(f"{name}: no losses", "lost" not in r.stderr)


SCHED = re.compile(r"^SCHED (\d+)ms: cpus=(\d+) idlecpus=(\d+) threads=(\d+) idlethreads=(\d+) runqueue=(\d+) "
                   r"\[((?: \d+)+) \] running=([\d.]+) waiting=([\d.]+) switches=(\d+)\+(\d+)$", re.M)
DETAIL = re.compile(r"^  M(\d+): p=(-?\d+) status=(.)\((.*)\) running=([\d.]+) waiting=([\d.]+) slices=(\d+) "
                    r'name="(.*)"$', re.M)


def test_schedtrace():
    r = run("schedtrace=100,scheddetail=1", "debug_sched")
    lines = [m.groups() for m in SCHED.finditer(r.stderr)]
    check("schedtrace: lines", len(lines) >= 5 and lines[0][0] == "0", r.stderr[:300])
    cpus = len(os.sched_getaffinity(0))
    check("schedtrace: cpus", all(int(x[1]) == cpus and len(x[6].split()) == cpus for x in lines), lines[0])
    check("schedtrace: the queues add up", all(int(x[5]) == sum(map(int, x[6].split())) for x in lines))
    check("schedtrace: its own threads are not counted", max(int(x[3]) for x in lines) == 4, lines)
    # The averages, times the intervals they are of, are the CPU time up to the last line.
    ends = [int(x[0]) for x in lines]
    ran_ms = sum(float(x[7]) * (b - a) for x, a, b in zip(lines[1:], ends, ends[1:]))
    cpu_ms = int(r.stdout.split()[0]) / 1e6
    check("schedtrace: running", 0.5 * cpu_ms < ran_ms < 1.05 * cpu_ms, f"{ran_ms} of {cpu_ms} ms")
    details = [m.groups() for m in DETAIL.finditer(r.stderr)]
    sleepers = [d for d in details if d[7] == "sleeper" and d[2] == "S"]
    check("scheddetail: what the sleeper waits for",
          any(d[3].startswith("read fd ") and "pipe:" in d[3] for d in sleepers), sleepers[:2])
    check("scheddetail: the spinners run", any(float(d[4]) > 0.05 for d in details if d[7] == "spinner"), details[:5])


GC = re.compile(r"^gc (\d+) @([\d.]+)s (\d+)%: ([\d.]+)\+([\d.]+)\+([\d.]+) ms clock, "
                r"([\d.]+)\+([\d.]+)\+([\d.]+) ms cpu, (\d+)->(\d+)->(\d+) MB, (\d+) MB heap, (\d+) P$", re.M)
GC_MARKING = re.compile(r"World-stopped marking took (\d+) ms (\d+) ns")


def test_gctrace():
    r = run("gctrace=1", "debug_gc", env={"GC_PRINT_STATS": "1"})
    lines = [m.groups() for m in GC.finditer(r.stderr)]
    ncollections, heap_bytes, _ = map(int, r.stdout.split())
    check("gctrace: a line a collection", [int(x[0]) for x in lines] == list(range(1, ncollections + 1)),
          f"{len(lines)} of {ncollections}")
    check("gctrace: the heap", int(lines[-1][12]) == heap_bytes >> 20, (lines[-1], heap_bytes))
    check("gctrace: in use", all(int(x[11]) <= int(x[10]) <= int(x[12]) for x in lines))
    # libgc's own statistics round to 1 ms + ns; its clock calls lie within ours.
    marking_ms = [int(a) + int(b) / 1e6 for a, b in GC_MARKING.findall(r.stderr)]
    check("gctrace: marking is what libgc says", len(marking_ms) == len(lines) and
          sum(marking_ms) * 0.7 < sum(float(x[4]) for x in lines) < sum(marking_ms) * 1.3 + len(lines),
          (sum(marking_ms), sum(float(x[4]) for x in lines)))


def test_gctrace_around_fork():
    r = run("gctrace=1", "debug_gc_fork")
    check("gctrace: children of fork end", r.stdout == "5\n", r.stdout)


def test_gctrace_of_malloc():
    r = run("gctrace=1", "debug_sched")
    check("gctrace: malloc's line is called malloc's", "gc " not in r.stderr, r.stderr)


INIT = re.compile(r"^init (\S+) @([\d.]+) ms, ([\d.]+) ms clock$", re.M)


def inittrace(directory, name):
    program = os.path.join(build, "tests/debug", name)
    command = [os.path.join(build, "tool/cprof"), "run", "-cpuprofile", os.path.join(directory, "p"), program, "x"]
    environment = {**os.environ, "CPROFDEBUG": "inittrace=1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_inittrace(directory):
    """Each constructor runs, with its arguments, in order; the times are at least those slept."""
    r = inittrace(directory, "debug_init")
    check("inittrace: the program is as ever", (r.returncode, r.stdout) == (0, "10 1 0\n"), (r.returncode, r.stdout))
    lines = [(os.path.basename(m[1]), float(m[2]), float(m[3])) for m in INIT.finditer(r.stderr)]
    names, took_ms = [x[0] for x in lines], {x[0]: x[2] for x in lines}
    check("inittrace: libc first, the program last", names[0] == "libc.so.6" and names[-1] == "debug_init", names)
    check("inittrace: in the order they ran", [x[1] for x in lines] == sorted(x[1] for x in lines), lines)
    check("inittrace: the program's two", took_ms.get("debug_init", 0) >= 30, lines)
    check("inittrace: the library's", 7 <= took_ms.get("libdebug_init_library.so", 0) < 30, lines)


def test_inittrace_of_too_many(directory):
    """They were passed over in silence."""
    r = inittrace(directory, "debug_init_many")
    check("inittrace: all run", (r.returncode, r.stdout) == (0, "10 1 1500\n"), (r.returncode, r.stdout))
    m = re.match(r"init (\d+) constructors not traced\n", r.stderr)
    check("inittrace: what is not traced is told", m and 1500 - 1024 <= int(m[1]) < 700, r.stderr[:300])
    check("inittrace: the others are", "debug_init_many" in [os.path.basename(i[1]) for i in INIT.finditer(r.stderr)],
          r.stderr[:300])


def test_output(directory):
    path = os.path.join(directory, "trace.%p")
    r = run(f"schedtrace=50,output={path}", "debug_sched")
    files = [f for f in os.listdir(directory) if f.startswith("trace.")]
    text = open(os.path.join(directory, files[0])).read() if files else ""
    check("output: a file of the process's own", len(files) == 1 and files[0] != "trace.%p", files)
    check("output: nothing on standard error", r.stderr == "" and SCHED.search(text), r.stderr)


def test_closed_stderr(directory):
    data = os.path.join(directory, "data")
    r = run("schedtrace=20", "debug_closes", data)
    check("a file that got standard error's number is left alone",
          r.returncode == 0 and open(data).read() == "data\n", open(data).read())


def test_silence():
    for debug in ("", "schedtrace", "schedtrace=x", "unknown=1", "schedtrace=0,gctrace=0", ",,=,=1"):
        r = run(debug, "debug_allocs")
        check(f"CPROFDEBUG={debug!r} is silent", r.returncode == 0 and r.stderr == "", r.stderr[:200])


with tempfile.TemporaryDirectory() as directory:
    test_allocfreetrace("injected", "debug_allocs", True)
    test_allocfreetrace("linked", "debug_linked", False)
    test_schedtrace()
    test_gctrace()
    test_gctrace_around_fork()
    test_gctrace_of_malloc()
    test_inittrace(directory)
    test_inittrace_of_too_many(directory)
    test_output(directory)
    test_closed_stderr(directory)
    test_silence()

sys.exit(exit_status())
