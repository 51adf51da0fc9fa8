#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof beside `go tool pprof` on synthetic profiles: bench_tool.py BUILD [-sizes N,...] [-reports R,...] [-huge]

For each profile and report: wall and CPU time (median) and peak memory (largest) of both programs, measured
alternately in the same run, and how many times faster and smaller cprof is. Floors beside: inflating the
file with libdeflate, and reading a 400-byte profile (start-up). Both get -symbolize=none and write to a
file. Peaks below this script's own, about 15 MiB, read as that. -huge adds 1,000,000 samples, one run each of
pprof (minutes), and 5,000,000, of cprof alone.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import makeprofile  # noqa: E402

REPORTS = ["-top", "-tree", "-dot", "-peek=decode", "-traces", "-raw", "-proto", "-tags", "-top -focus=decode",
           "-top -lines", "-callgrind"]
OURS = ["-folded", "-speedscope", "-json"]
FUNCTIONS = {10_000: 5_000, 100_000: 10_000, 1_000_000: 30_000, 5_000_000: 100_000}


def functions_for(samples):
    return FUNCTIONS.get(samples, max(1000, min(100_000, samples // 10)))


def run_once(argv, out):
    """(wall s, CPU s, peak MiB)"""
    with open(out, "wb") as f:
        start = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("%s: exit %d" % (" ".join(argv), process.returncode))
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(programs, out, repeats):
    """{name: (median wall, median CPU, peak)}; the programs take turns."""
    runs = {name: [] for name in programs}
    for _ in range(max(repeats.values())):
        for name, argv in programs.items():
            if len(runs[name]) < repeats[name]:
                runs[name].append(run_once(argv, out))
    return {name: (statistics.median(r[0] for r in rs), statistics.median(r[1] for r in rs), max(r[2] for r in rs))
            for name, rs in runs.items()}


def compare(cprof, pprof, path, report, out, repeats):
    programs = {"cprof": [cprof, "-symbolize=none", *report.split(), path]}
    if pprof and report.split()[0] not in OURS:
        programs["pprof"] = [*pprof, "-symbolize=none", *report.split(), path]
    got = measure(programs, out, repeats)
    ours, theirs = got["cprof"], got.get("pprof")
    row = "%-20s %8.3f %8.3f %7.0f" % (report, *ours)
    if theirs:
        row += " %9.3f %9.3f %7.0f %7.0fx %7.0fx %6.1fx" % (
            *theirs, theirs[0] / max(ours[0], 1e-3), theirs[1] / max(ours[1], 1e-3), theirs[2] / ours[2])
    print(row, flush=True)


def floor(build, folder, path):
    out = os.path.join(folder, "out")
    inflate = os.path.join(build, "bench", "inflate")
    got = measure({"inflate": [inflate, path]}, out, {"inflate": 3})["inflate"]
    print("%-20s %8.3f %8.3f %7.0f" % ("(inflate alone)", *got))


def startup(cprof, pprof, folder):
    p = makeprofile.Maker([("samples", "count"), ("cpu", "nanoseconds")])
    p.sample(["leaf", "mid", "main"], [3, 30_000_000])
    tiny = os.path.join(folder, "tiny.pb.gz")
    with open(tiny, "wb") as f:
        f.write(p.gzipped())
    print("\nstart-up: a profile of one sample")
    compare(cprof, pprof, tiny, "-top", os.path.join(folder, "out"), {"cprof": 21, "pprof": 21})


def generate(build, folder, samples):
    path = os.path.join(folder, "p%d.pb.gz" % samples)
    with open(path, "wb") as f:
        subprocess.run([os.path.join(build, "bench", "genprofile"), str(samples), str(functions_for(samples)), "1"],
                       stdout=f, check=True)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("-sizes", default="10000,100000")
    parser.add_argument("-reports", default=",".join(REPORTS + OURS))
    parser.add_argument("-huge", action="store_true")
    args = parser.parse_args()

    cprof = os.path.join(os.path.abspath(args.build), "tool", "cprof")
    pprof = ["go", "tool", "pprof"] if shutil.which("go") else None
    version = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout if pprof else ""
    ours = subprocess.run([cprof, "version"], capture_output=True, text=True, check=False).stdout
    print("## Reports: %s beside pprof of %s" % (ours.strip() or "cprof", version.strip() or "nobody: no go here"))
    sizes = [int(s) for s in args.sizes.split(",")] + ([1_000_000, 5_000_000] if args.huge else [])
    with tempfile.TemporaryDirectory(prefix="cprof-bench-") as folder:
        startup(cprof, pprof, folder)
        for samples in sizes:
            path = generate(args.build, folder, samples)
            is_large = samples >= 1_000_000
            print("\n%d samples, %d functions, %.1f MiB" % (samples, functions_for(samples),
                                                            os.path.getsize(path) / 2**20))
            print("%-20s %8s %8s %7s %9s %9s %7s %8s %8s %7s" % (
                "", "wall s", "cpu s", "MiB", "pprof s", "cpu s", "MiB", "wall", "cpu", "memory"))
            floor(args.build, folder, path)
            for report in args.reports.split(","):
                compare(cprof, pprof if samples <= 1_000_000 else None, path, report, os.path.join(folder, "out"),
                        {"cprof": 3 if is_large else 5, "pprof": 1 if is_large else 3})
            os.remove(path)


if __name__ == "__main__":
    main()
