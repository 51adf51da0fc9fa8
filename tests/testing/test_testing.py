#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""<cprof/testing.h>: test_testing.py PART PROGRAM...

    flags      what is taken out of the command line, what is said of mistakes
    files      the profiles are there however the tests end
    bench      the lines that benchstat reads
    examples   the test programs of examples/
"""

import os
import re
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

PROGRAMS = [os.path.abspath(p) for p in sys.argv[2:]]
PROFILES = ["-cpuprofile", "cpu", "-test.memprofile=mem", "--blockprofile", "block", "--test.mutexprofile", "mutex",
            "-memprofilerate=1", "-trace=trace"]
FILES = ["block", "cpu", "mem", "mutex", "trace"]


class Run:
    def __init__(self, *args, program=None, sig=None, folder=None):
        self._folder = tempfile.TemporaryDirectory()
        self.dir = folder or self._folder.name
        child = subprocess.Popen([program or PROGRAMS[0], *args], cwd=self._folder.name, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        heard = ""
        while sig and "hanging" not in heard:
            heard += child.stdout.readline()
        if sig:
            child.send_signal(sig)
        out, self.stderr = child.communicate(timeout=100)
        self.status, self.lines = child.returncode, (heard + out).splitlines()
        self.files = sorted(f for f in os.listdir(self.dir) if not f.startswith("core"))

    def read(self, name):
        return profile.read(os.path.join(self.dir, name))


# --- flags


def test_only_our_flags_are_taken():
    run = Run("quick", "-cpuprofile", "c", "-v", "--benchmem", "-test.count=1", "-run", "x", "-", "--",
              "-cpuprofile", "d")
    check("left", run.lines == ["1 quick -v -run x - -- -cpuprofile d"], run.lines)
    check("taken", run.files == ["c"] and run.status == 0, run.files)
    for duration in ("1m30s", "1.5h", ".5s", "20\u00b5s", "1h2m3.5s"):
        check(duration, Run("-benchtime", duration).status == 0)
    run = Run()
    check("none", run.lines == ["0"] and not run.files and not run.stderr, run.lines)
    check("once", Run("again").status == 0)


def test_mistakes():
    for args, complaint in ((["-cpuprofile"], "flag needs an argument: -cpuprofile"),
                            (["-blockprofilerate", "x"], 'invalid value "x" for flag -blockprofilerate'),
                            (["-memprofilerate="], 'invalid value "" for flag -memprofilerate'),
                            (["-benchtime=0s"], 'invalid value "0s" for flag -benchtime'),
                            (["-benchtime=1m30"], 'invalid value "1m30" for flag -benchtime'),
                            (["-benchtime=1.5x"], 'invalid value "1.5x" for flag -benchtime'),
                            (["-bench", "["], 'invalid value "[" for flag -bench'),
                            (["-count=-1"], 'invalid value "-1" for flag -count'),
                            (["-memprofilerate=2000000000000"],
                             'invalid value "2000000000000" for flag -memprofilerate'),
                            (["-benchmem=perhaps"], 'invalid value "perhaps" for flag -benchmem')):
        run = Run(*args)
        check(" ".join(args), run.status == 2 and run.stderr == complaint + "\n", run.stderr)
    run = Run("-memprofile", "/nowhere/mem", "-cpuprofile", "cpu")
    check("the tests run all the same", run.status == 0 and run.files == ["cpu"] and run.lines == ["1"], run.lines)
    check("and it is told", run.stderr.startswith("testing: can't write /nowhere/mem: No such file"), run.stderr)
    run = Run("-blockprofile", "b", "-blockprofilerate", "-1", "-mutexprofile", "m", "-mutexprofilefraction=-1")
    check("rates below 0", run.files == [] and run.lines == ["0"], run.files)
    run = Run("-memprofile", "m", "-memprofilerate", "-1")
    check("of memory: as it is", run.files == ["m"] and run.lines == ["1"], run.files)
    run = Run("-cpuprofile=", "-memprofile", "", "-outputdir", "", "-bench", "", "bench")
    check("empty: none", run.files == [] and run.lines == ["0 bench"] and not run.stderr, run.lines + [run.stderr])


def test_outputdir():
    with tempfile.TemporaryDirectory() as folder:
        run = Run("-outputdir", folder, "-cpuprofile", "c.%p", "-memprofile", os.path.join(folder, "abs"),
                  folder=folder)
        check("outputdir", [f.rstrip("0123456789") for f in run.files] == ["abs", "c."], run.files)
        percent = os.path.join(folder, "100%p")
        os.mkdir(percent)
        subprocess.run([PROGRAMS[0], "-cpuprofile", "c"], cwd=percent, check=True, stdout=subprocess.DEVNULL)
        check("percent signs of the current directory", os.listdir(percent) == ["c"], os.listdir(folder))


# --- files


def is_complete(what, run, status):
    check(what + ": status", run.status == status, run.status)
    check(what + ": files", run.files == FILES, run.files)
    if run.files != FILES:
        return
    check(what + ": cpu", run.read("cpu").by_function("cpu").get("work", 0) > 200e6)
    mem = run.read("mem")
    check(what + ": mem is allocs", mem.by_function("alloc_space").get("work", 0) == 500 * 1000, mem.comments)
    check(what + ": block", run.read("block").by_function("delay").get("contend", 0) > 10e6)
    check(what + ": mutex", run.read("mutex").by_function("delay").get("hold", 0) > 10e6)


def test_however_it_ends():
    for how, status in (("pass", 0), ("stop", 0), ("fail", 1), ("_exit", 7), ("abort", -signal.SIGABRT),
                        ("assert", -signal.SIGABRT), ("alarm", -signal.SIGALRM)):
        is_complete(how, Run(*PROFILES, how), status)
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        run = Run(*PROFILES, "hang", sig=sig)
        is_complete(sig.name, run, -sig)
        check(sig.name + ": nothing is said", run.stderr == "", run.stderr)


# --- bench

NUMBER = r"\s+([0-9.]+) "


def test_lines():
    run = Run("-bench", ".", "-benchtime", "0m20.0ms", "-benchmem", "bench")
    head = dict(line.split(": ", 1) for line in run.lines[1:] if re.match("[a-z]+: ", line))
    check("head", head["goos"] == "linux" and head["goarch"] in ("amd64", "arm64") and head["pkg"] == "harness", head)
    lines = {}
    for line in run.lines:
        m = re.match(r"(Benchmark[^a-z]\S*?)(-\d+)?\s*\t\s*(\d+)\t(.*)", line)
        if m:
            check(m[1] + ": processors", (m[2] or "-1") == "-%d" % len(os.sched_getaffinity(0)), line)
            fields = m[4].split()
            check(m[1] + ": pairs", len(fields) % 2 == 0, line)
            lines[m[1]] = (int(m[3]), {u: float(v) for v, u in zip(fields[::2], fields[1::2])}, fields[1::2])
    check("all ran", [name[9:] for name in lines] == ["TwoBlocks", "Bytes", "Metrics", "Known"], lines)
    n, values, _ = lines["BenchmarkTwoBlocks"]
    check("exact counts", values["allocs/op"] == 2 and values["B/op"] == 32, values)
    n, values, units = lines["BenchmarkBytes"]
    check("MB/s", abs(values["MB/s"] * values["ns/op"] / 1e3 - 4096) < 41, values)
    check("columns", units == ["ns/op", "MB/s", "B/op", "allocs/op"], units)
    n, values, units = lines["BenchmarkMetrics"]
    check("metrics by their units", units == ["ns/op", "alpha/op", "zeta/op", "B/op", "allocs/op"], units)
    check("ns/op replaced", values["ns/op"] == 2000 and values["zeta/op"] == 0.25, values)
    n, values, _ = lines["BenchmarkKnown"]
    check("known: no less than it took, for as long as was asked", values["ns/op"] >= 1e6 and
          n * values["ns/op"] >= 19.9e6, (n, values))


def test_choice_and_count():
    run = Run("-bench=Two|Kn", "-benchtime=3x", "-count", "2", "bench")
    found = [line.split()[0].split("-")[0] + " " + line.split()[1] for line in run.lines if line.startswith("Bench")]
    check("chosen", found == ["BenchmarkTwoBlocks 3"] * 2 + ["BenchmarkKnown 3"] * 2, found)
    check("no allocs unless asked", not any("allocs/op" in line for line in run.lines), run.lines)
    check("none without -bench", Run("bench").lines == ["0 bench"])
    check("none of a count of 0", Run("-bench", ".", "-count=0", "bench").lines == ["0 bench"])


# --- examples


def test_examples():
    for program in PROGRAMS:
        run = Run("-cpuprofile", "cpu", "-memprofile", "mem", "-memprofilerate", "1", program=program)
        name = os.path.basename(program)
        check(name + ": passes", run.status == 0, run.stderr)
        wanted = "repeats_have_their_length" if "check" in name else "lists_are_summed"
        objects = sum(n for f, n in run.read("mem").by_function("alloc_objects").items() if f.startswith(wanted))
        check(name + ": the tests are in it", run.files == ["cpu", "mem"] and objects >= 1000, run.files)
        check(name + ": not profiled it is as ever", Run(program=program).status == 0)
        if "cmocka" in name:
            run = Run("-bench", "Push", "-benchmem", "-benchtime", "100x", program=program)
            line = r"BenchmarkPush\S*\s+100\s.* 32 B/op\s+2 allocs/op"
            check(name + ": bench", re.search(line, run.lines[-1]), run.lines)


PARTS = {
    "flags": [test_only_our_flags_are_taken, test_mistakes, test_outputdir],
    "files": [test_however_it_ends],
    "bench": [test_lines, test_choice_and_count],
    "examples": [test_examples],
}

if __name__ == "__main__":
    for test in PARTS[sys.argv[1]]:
        test()
    sys.exit(exit_status())
