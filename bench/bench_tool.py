#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof beside `go tool pprof` on synthetic profiles: bench_tool.py BUILD [-full] [-reports R,...]

Wall and CPU time and peak memory of both programs, run alternately, and how many times faster and smaller
cprof is: per profile and report, for ten profiles merged, for a second command in the open shell, for a
profile of one sample (start-up). Floors beside: inflating the file with libdeflate. Both get -symbolize=none
and write to a file.

Ends within minutes: pprof reads up to 100,000 samples, the reports that tell most, once each. -full asks it
for all reports and for 1,000,000 samples (hours of CPU, 10 GB), and shows 5,000,000 of cprof alone.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import batch  # noqa: E402
import makeprofile  # noqa: E402

REPORTS = ["-top", "-tree", "-dot", "-peek=decode", "-traces", "-raw", "-proto", "-tags", "-top -focus=decode",
           "-top -lines", "-callgrind"]
OURS = ["-folded", "-speedscope", "-json"]
FUNCTIONS = {10_000: 5_000, 100_000: 10_000, 1_000_000: 30_000, 5_000_000: 100_000}
# samples: (reports pprof is asked for, runs of cprof, runs of pprof)
SHORT = {10_000: (REPORTS, 5, 3), 100_000: (["-top", "-raw", "-proto"], 5, 1), 1_000_000: ([], 3, 0)}
FULL = {10_000: (REPORTS, 5, 3), 100_000: (REPORTS, 5, 1), 1_000_000: (REPORTS, 3, 1), 5_000_000: ([], 1, 0)}
# Of genprofile's functions: half of the samples have one of read_1..., a twentieth read_26.
SHELL = ["top", "top -cum", "top read_1", "top -read_5", "tree", "tree read_1", "peek read_26$", "peek read_1",
         "list read_26$", "list read_1", "dot", "dot read_1", "traces read_123", "tags", "weblist read_26$ >weblist",
         "topproto >topproto", "callgrind >callgrind", "sample_index=0;top", "granularity=lines;top",
         "granularity=files;top", "hide=read_5;top", "show_from=read_5;top", "tagfocus=worker-1;top"]


class Bench:
    def __init__(self, build, folder):
        self.build = os.path.abspath(build)
        self.cprof = os.path.join(self.build, "tool", "cprof")
        self.pprof = ["go", "tool", "pprof"] if shutil.which("go") else None
        self.folder = folder
        self.out = os.path.join(folder, "out")

    def version(self):
        ours = subprocess.run([self.cprof, "version"], capture_output=True, text=True, check=False).stdout.strip()
        theirs = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout.strip() \
            if self.pprof else "nobody: no go here"
        return "%s beside pprof of %s" % (ours or "cprof", theirs)

    @contextlib.contextmanager
    def profile(self, samples, functions, seed=1):
        path = os.path.join(self.folder, "p%d-%d.pb.gz" % (samples, seed))
        with open(path, "wb") as f:
            subprocess.run([os.path.join(self.build, "bench", "genprofile"), str(samples), str(functions), str(seed)],
                           stdout=f, check=True)
        yield path
        os.remove(path)

    def run_once(self, argv):
        """(wall s, CPU s, peak MiB)"""
        used = os.path.join(self.folder, "resources")
        with open(self.out, "wb") as f:
            start = time.monotonic()
            subprocess.run([os.path.join(self.build, "bench", "resources"), used, *argv], check=True,
                           stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.DEVNULL)
            wall = time.monotonic() - start
        cpu_s, peak_kib = batch.read_resources(used)
        return wall, cpu_s, peak_kib / 1024

    def measure(self, programs, repeats):
        """{name: (median wall, median CPU, peak)}; the programs take turns."""
        runs = {name: [] for name in programs}
        for _ in range(max(repeats.values())):
            for name, argv in programs.items():
                if len(runs[name]) < repeats[name]:
                    runs[name].append(self.run_once(argv))
        return {name: (statistics.median(r[0] for r in rs), statistics.median(r[1] for r in rs), max(r[2] for r in rs))
                for name, rs in runs.items()}

    def compare(self, report, paths, ours=5, theirs=1):
        """A line of the table; theirs = 0 leaves pprof out."""
        programs = {"cprof": [self.cprof, "-symbolize=none", *report.split(), *paths]}
        if self.pprof and theirs:
            programs["pprof"] = [*self.pprof, "-symbolize=none", *report.split(), *paths]
        got = self.measure(programs, {"cprof": ours, "pprof": theirs})
        row = "%-20s %8.3f %8.3f %7.0f" % (report, *got["cprof"])
        if "pprof" in got:
            us, them = got["cprof"], got["pprof"]
            row += " %9.3f %9.3f %7.0f %7.0fx %7.0fx %6.1fx" % (
                *them, them[0] / max(us[0], 1e-3), them[1] / max(us[1], 1e-3), them[2] / us[2])
        print(row, flush=True)

    def floor(self, path):
        inflate = os.path.join(self.build, "bench", "inflate")
        got = self.measure({"inflate": [inflate, path]}, {"inflate": 3})["inflate"]
        print("%-20s %8.3f %8.3f %7.0f" % ("(inflate alone)", *got), flush=True)


def head(title):
    print("\n%s\n%-20s %8s %8s %7s %9s %9s %7s %8s %8s %7s" % (
        title, "", "wall s", "cpu s", "MiB", "pprof s", "cpu s", "MiB", "wall", "cpu", "memory"), flush=True)


def startup(b):
    p = makeprofile.Maker([("samples", "count"), ("cpu", "nanoseconds")])
    p.sample(["leaf", "mid", "main"], [3, 30_000_000])
    tiny = os.path.join(b.folder, "tiny.pb.gz")
    with open(tiny, "wb") as f:
        f.write(p.gzipped())
    head("1 sample: start-up")
    b.compare("-top", [tiny], 21, 21)


def merge(b, samples, functions, reports, title):
    head(title)
    with contextlib.ExitStack() as stack:
        paths = [stack.enter_context(b.profile(samples, functions, seed)) for seed in range(1, 11)]
        for report in reports:
            b.compare(report, paths, 3)


class Shell:
    def __init__(self, b, path):
        self.process = subprocess.Popen([b.cprof, "-symbolize=none", path], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=b.folder)

    def cpu(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, command):
        """(wall s, CPU s). An option may be set before: option=value;command."""
        start, cpu = time.monotonic(), self.cpu()
        # What is no command is answered on stderr, when all before it is done.
        self.process.stdin.write(("%s\n!\n" % command.replace(";", "\n")).encode())
        self.process.stdin.flush()
        for line in self.process.stderr:
            if b"unrecognized command" in line:
                break
            if b"no matches found" in line:
                raise RuntimeError("%s: %s" % (command, line.decode().strip()))
        else:
            raise RuntimeError("%s: the shell has ended" % command)
        return time.monotonic() - start, self.cpu() - cpu

    def wait_until_quiet(self):
        last = -1
        while self.cpu() != last:
            last = self.cpu()
            time.sleep(0.4)

    def close(self):
        self.process.stdin.close()
        self.process.stderr.read()
        self.process.wait()


def shell(b, path):
    """Each as the second command of a shell of its own, when its user has read what top said; the least of three."""
    print("\nin the shell, the second command%24s %8s" % ("wall s", "cpu s"))
    for command in SHELL:
        times = []
        for _ in range(3):
            s = Shell(b, path)
            s.ask("top")
            s.wait_until_quiet()
            times.append(s.ask(command))
            s.close()
        print("%-47s %8.3f %8.3f" % (command, *map(min, zip(*times))), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("-full", action="store_true")
    parser.add_argument("-reports", default=",".join(REPORTS + OURS))
    args = parser.parse_args()
    plan = FULL if args.full else SHORT
    with tempfile.TemporaryDirectory(prefix="cprof-bench-") as folder:
        b = Bench(args.build, folder)
        print("## Reports: %s; load %.1f" % (b.version(), os.getloadavg()[0]))
        startup(b)
        for samples, (asked, ours, theirs) in plan.items():
            with b.profile(samples, FUNCTIONS[samples]) as path:
                head("%d samples, %d functions, %.1f MiB" % (samples, FUNCTIONS[samples],
                                                           os.path.getsize(path) / 2**20))
                b.floor(path)
                for report in args.reports.split(","):
                    b.compare(report, [path], ours, theirs if report in asked else 0)
                if samples == 1_000_000:
                    shell(b, path)
        merge(b, 10_000, 5_000, ["-proto", "-top"], "10 files of 10,000 samples")
        if args.full:
            merge(b, 100_000, 10_000, ["-proto", "-top"], "10 files of 100,000 samples")
        print("\nload %.1f" % os.getloadavg()[0])


if __name__ == "__main__":
    main()
