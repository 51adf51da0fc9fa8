#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What profiling adds to a program that does nearly nothing: bench_startup.py BUILD

Wall time and peak memory of true, node and llc (libLLVM: 95,000 functions with unwind rules), started
alone and with a profiler inside. `preload` is the library alone, `run` the whole of `cprof run`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402

PROGRAMS = (("true", ["/bin/true"], 60), ("node", ["/usr/bin/node", "-e", "0"], 12),
            ("llc", ["/usr/bin/llc-14", "--version"], 20))
GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"


def once(argv, env):
    """(wall ms, peak KiB) of one run and of what it starts."""
    begin = time.monotonic_ns()
    child = subprocess.Popen(argv, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError("%s: exit status %d" % (" ".join(argv), child.returncode))
    return (time.monotonic_ns() - begin) / 1e6, usage.ru_maxrss


def modes(build, out):
    preload = {"LD_PRELOAD": os.path.join(build, "lib", "libcprof-preload.so"),
               "CPROF_CPUPROFILE": os.path.join(out, "preload.pb.gz")}
    run = [os.path.join(build, "tool", "cprof"), "run", "-cpuprofile", os.path.join(out, "run.pb.gz"), "--"]
    gperftools = {"LD_PRELOAD": GPERFTOOLS, "CPUPROFILE": os.path.join(out, "gperftools.prof")}
    perf = ["perf", "record", "-q", "-g", "-o", os.path.join(out, "perf.data"), "--"]
    return {"alone": ([], {}), "preload": ([], preload), "run": (run, {}), "gperftools": ([], gperftools),
            "perf -g": (perf, {})}


def main():
    build = os.path.abspath(sys.argv[1])
    print("## Start and end: added wall time (ms) and peak memory (MiB), medians of paired runs")
    print("gperftools %s; %s; node %s; llvm %s" % (programs.debian("libgoogle-perftools4"), programs.version(
        ["perf", "version"]), programs.version(["node", "--version"]), programs.debian("llvm-14")))
    print("%-6s %8s %8s  %s" % ("", "alone ms", "MiB", "  ".join("%16s" % m for m in list(modes("", ""))[1:])))
    for name, argv, repeats in PROGRAMS:
        with tempfile.TemporaryDirectory() as out:
            seen = {mode: [] for mode in modes(build, out)}
            for _ in range(repeats):
                for mode, (prefix, env) in modes(build, out).items():
                    seen[mode].append(once([*prefix, *argv], env))
        alone = seen.pop("alone")
        cells = []
        for rows in seen.values():
            added_ms = statistics.median(row[0] - base[0] for row, base in zip(rows, alone))
            added_kib = statistics.median(row[1] - base[1] for row, base in zip(rows, alone))
            cells.append("%+7.2f %+8.1f" % (added_ms, added_kib / 1024))
        print("%-6s %8.2f %8.1f  %s" % (name, statistics.median(a[0] for a in alone), statistics.median(
            a[1] for a in alone) / 1024, "  ".join("%16s" % c for c in cells)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
