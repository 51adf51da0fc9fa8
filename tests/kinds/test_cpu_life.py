#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that lead particular lives under the CPU profile: test_cpu_life.py CPU_LIFE CPU_LIFE_STATIC"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

TIMER, PERF, ITIMER = "1", "2", "3"
MAX_FRAMES = 512
failures = []


def expect(holds, what, *seen):
    print("ok  " if holds else "FAIL", what, *seen)
    if not holds:
        failures.append(what)


def run(program, folder, *args):
    path = os.path.join(folder, "cpu.pb.gz")
    child = subprocess.run([program, path, *args], timeout=120, check=False)
    return child.returncode, profile.read(path) if os.path.exists(path) else None


def near(value, expected, tolerance):
    return abs(value - expected) <= tolerance * expected


def total_ms(p):
    return p.total("cpu") / 1e6


def c11_threads_are_seen(program, folder):
    _, p = run(program, folder, "c11", TIMER)
    found = p.by_function("cpu")["c11_thread"] / 1e6
    expect(near(found, 500, 0.25), "100 C11 threads of 5 ms are in the profile", found, "ms")


def a_silent_engine_is_replaced(program, folder):
    _, p = run(program, folder, "silent", TIMER)
    said = [c for c in p.comments if "gave no tick" in c]
    expect(len(said) == 1, "timers that never expire are noticed, and said", said)
    expect(near(total_ms(p), 3000, 0.1), "and no CPU time is missing", total_ms(p))
    in_burn = p.by_leaf("cpu")["burn_ms"] + p.by_leaf("cpu")["clock_gettime"]
    expect(in_burn / 1e6 > 1000, "what came after the change has stacks", in_burn / 1e6)


def deepest(p):
    return max((s.stack for s in p.samples), key=len)


def depth_is_cut_with_a_marker(program, folder):
    _, p = run(program, folder, "depth400", TIMER)
    stack = [f.name for f in deepest(p)]
    expect(stack.count("descend") == 400 and "main" in stack, "400 frames are whole", len(stack))
    _, p = run(program, folder, "depth5000", TIMER)
    stack = [f.name for f in deepest(p)]
    expect(len(stack) == MAX_FRAMES + 1, "5000 frames are cut at 512 and a marker", len(stack))
    expect(stack[-1].startswith("[truncated"), "the marker is at the root", stack[-1])
    expect("burn_ms" in stack[:3], "the leaf is kept", stack[:3])


def a_stop_meets_a_scan(program, folder):
    """Was: who is being looked at when all are let go was taken for a new thread, and its life counted again."""
    got = [total_ms(run(program, folder, "scan%d" % (i % 20 * 10), TIMER)[1]) for i in range(60)]
    expect(max(got) < 150, "a stop in the middle of a scan counts nothing twice", max(got))


def exec_takes_nothing_along(program, folder):
    for engine in (TIMER, PERF, ITIMER):
        status, _ = run(program, folder, "exec", engine)
        expect(status == 7, "the next program lives, engine %s" % engine, status)


def a_failed_exec_changes_nothing(program, folder):
    for engine in (TIMER, PERF, ITIMER):
        _, p = run(program, folder, "failed-exec", engine)
        in_burn = sum(p.by_function("cpu")[f] for f in ("burn_ms",)) / 1e6
        expect(near(in_burn, 500, 0.35), "after a failed exec it goes on, engine %s" % engine, in_burn)


def main():
    program, static = sys.argv[1:3]
    for test in (c11_threads_are_seen, a_silent_engine_is_replaced, depth_is_cut_with_a_marker, a_stop_meets_a_scan,
                 exec_takes_nothing_along, a_failed_exec_changes_nothing):
        with tempfile.TemporaryDirectory() as folder:
            test(program, folder)
    with tempfile.TemporaryDirectory() as folder:
        c11_threads_are_seen(static, folder)  # libcprof.a brings its constructors and hooks along
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
