#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs under cprof and its peers: bench_real.py BUILD [PROGRAM...]

What a profiler costs: CPU time of the program for the same load, each run against the unprofiled runs
before and after its round, the median of the ratios. And what it sees: the share of samples whose stack
reaches the thread's first function, the rest by what is missing.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "tests", "support"))
import profile  # noqa: E402
import programs  # noqa: E402

REPEATS = 3
RATES_HZ = (100, 1000)
GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"


def cprof(build, out, hz):
    path = os.path.join(out, "cprof.%d.%%p.pb.gz" % hz)
    return [os.path.join(build, "tool", "cprof"), "run", "-cpuprofile", path, "-cpurate", str(hz), "--"], {}


def gperftools(build, out, hz):
    return ["env", "LD_PRELOAD=" + GPERFTOOLS], {
        "CPUPROFILE": os.path.join(out, "gperftools.%d.prof" % hz), "CPUPROFILE_FREQUENCY": str(hz)}


def perf(build, out, hz):
    return ["perf", "record", "-q", "-F", str(hz), "-g", "-o", os.path.join(out, "perf.data"), "--"], {}


PROFILERS = {"cprof": cprof, "gperftools": gperftools, "perf -g": perf}


def measure(build, out, data, name, mode):
    """CPU time of one run; mode: None, or (profiler, hz)."""
    prefix, env = PROFILERS[mode[0]](build, out, mode[1]) if mode else ([], {})
    started = []

    def launch(argv, **kwargs):
        started.append(subprocess.Popen([*prefix, *argv], env={**os.environ, **env}, start_new_session=True, **kwargs))
        return started[-1]
    try:
        if name == "postgres":
            return programs.PROGRAMS[name](data, launch)
        with tempfile.TemporaryDirectory() as folder:
            return programs.PROGRAMS[name](folder, launch)
    finally:
        for child in started:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def stacks(out, hz):
    """(samples, share complete, {marker: share}) of all profiles of that rate."""
    total, cut = 0, Counter()
    for name in sorted(os.listdir(out)):
        if name.startswith("cprof.%d." % hz) and name.endswith(".pb.gz"):
            p = profile.read(os.path.join(out, name))
            index = p.index("samples")
            for s in p.samples:
                total += s.values[index]
                if not s.stack or s.stack[-1].name.startswith("["):
                    cut[s.stack[-1].name if s.stack else "no stack"] += s.values[index]
    if not total:
        return 0, 0.0, {}
    return total, 1 - sum(cut.values()) / total, {k: v / total for k, v in cut.most_common()}


def rounds(build, out, data, name):
    """({mode: [CPU against the unprofiled runs of its round]}, [unprofiled CPU], {mode: error})"""
    modes = [(p, hz) for p in PROFILERS for hz in RATES_HZ]
    ratios, plain, errors = {m: [] for m in modes}, [], {}
    measure(build, out, data, name, None)  # warm
    for _ in range(REPEATS):
        one = {}
        for mode in [None, *random.sample(modes, len(modes)), None]:
            try:
                used = measure(build, out, data, name, mode)
                one.setdefault(mode, []).append(used)
            except (RuntimeError, OSError, ValueError, TypeError, subprocess.SubprocessError) as e:
                errors[mode] = e
        base = statistics.mean(one.pop(None))
        plain.append(base)
        for mode, (used,) in one.items():
            ratios[mode].append(used / base)
    return ratios, plain, errors


def bench(build, name):
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as data:
        os.chmod(out, 0o777)  # postgres writes its profiles as another user
        ratios, plain, errors = rounds(build, out, data, name)
        cells = ["%.3f" % statistics.median(r) if r else "failed" for r in ratios.values()]
        print("%-9s %6.2f  %s" % (name, statistics.median(plain), "  ".join("%15s" % c for c in cells)), flush=True)
        for mode, e in errors.items():
            print("          %s: %s" % (mode, e))
        for hz in RATES_HZ:
            total, complete, cut = stacks(out, hz)
            lacks = "  ".join("%s %.2f %%" % (k, v * 100) for k, v in cut.items())
            print("%10s%d Hz: of %d samples %.2f %% reach the first function  %s" % (
                "", hz, total, complete * 100, lacks), flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # with what was started: see measure()
    build = os.path.abspath(sys.argv[1])
    names = sys.argv[2:] or list(programs.PROGRAMS)
    print("## Real programs: CPU time for the same load, against unprofiled runs in the same round (medians of %d)"
          % REPEATS)
    print("cprof %s; gperftools %s; %s" % (
        programs.version([os.path.join(build, "tool", "cprof"), "version"]),
        programs.debian("libgoogle-perftools4"), programs.version(["perf", "version"])))
    print("redis %s, python %s, sqlite %s, lua %s, nginx %s, postgres %s" % tuple(map(programs.debian, (
        "redis-server", "python3.11-minimal", "sqlite3", "lua5.4", "nginx", "postgresql-15"))))
    print("%-9s %6s  %s" % ("", "CPU s", "  ".join("%15s" % ("%s %d" % (p.split()[0], hz))
                                                 for p in PROFILERS for hz in RATES_HZ)))
    for name in names:
        bench(build, name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
