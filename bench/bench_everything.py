#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server pays with every profile on at Go's rates, and with one at a time: bench_everything.py BUILD [TIMES]
[SERVER|MODE...]; some minutes a time. Of the modes "plain" always runs: the fewer, the more of the processor has each.

The servers run at the same time on one processor (at_once.py), their clients on the others. Each lives twice, with a
load and with a part of it: what the longer life takes more is the price of serving, which is compared to a plain
server's; the rest is that of start and end, which a server pays once. "again" is another plain one: as far from 1 as
chance goes here.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import at_once  # noqa: E402
import programs  # noqa: E402

TIMES = 9
GOAL = 1.02
LOADS = {"redis": 3, "nginx": 3, "postgres": 5}  # of the longer life: some 3 s of CPU; the shorter has 1
CPU = {"CPUPROFILE": "cpu", "CPURATE": 100}
HEAP = {"MEMPROFILE": "heap", "MEMPROFILERATE": 512 << 10}
WAITS = {"BLOCKPROFILE": "block", "BLOCKPROFILERATE": 10000, "MUTEXPROFILE": "mutex", "MUTEXPROFILEFRACTION": 100}
THREADS = {"THREADPROFILE": "threads", "THREADCREATEPROFILE": "threadcreate"}
MODES = {"plain": None, "again": None, "off": {}, "cpu": CPU, "heap": HEAP, "block, mutex": WAITS,
         "everything": CPU | HEAP | WAITS | THREADS}


def environment(build, out, settings):
    if settings is None:
        return []
    values = {k: v if isinstance(v, int) else os.path.join(out, v + ".%p.pb.gz") for k, v in settings.items()}
    return ["LD_PRELOAD=" + os.path.join(build, "lib", "libcprof-preload.so"),
            *("CPROF_%s=%s" % e for e in values.items())]


def life(build, folder, env, cpu, server, load):
    """(CPU seconds, its children's included; seconds) of a server's life."""
    used = os.path.join(folder, "used")

    def launch(argv, **kwargs):
        return subprocess.Popen(["taskset", "-c", str(cpu), os.path.join(build, "bench", "resources"), used, "env",
                                 *env, *argv], **kwargs)
    begin = time.monotonic()
    programs.PROGRAMS[server](folder, launch, load)
    with open(used, encoding="utf-8") as f:
        return float(f.read().split()[0]), time.monotonic() - begin


def lives(build, folder, settings, server):
    """A function for at_once: (CPU s of serving, of start and end, share of the processor that it had)."""
    def run(cpu):
        others = os.sched_getaffinity(os.getpid()) - {cpu}
        os.sched_setaffinity(0, others or {cpu})  # of this thread, and so of the clients it starts
        with tempfile.TemporaryDirectory() as out:
            os.chmod(out, 0o777)  # postgres writes its profiles as another user
            env = environment(build, out, settings)
            short, _ = life(build, folder, env, cpu, server, 1)
            long, took = life(build, folder, env, cpu, server, LOADS[server])
        unit = (long - short) / (LOADS[server] - 1)
        return unit * LOADS[server], short - unit, long / took
    return run


def bench(build, server, modes, times):
    folders = {mode: tempfile.TemporaryDirectory() for mode in modes}
    got = at_once.together({mode: lives(build, folders[mode].name, MODES[mode], server)
                            for mode in modes}, times)
    for folder in folders.values():
        folder.cleanup()
    serving, start_end, share = (statistics.median(g["plain"][i] for g in got) for i in range(3))
    print("%s %s: serving %.2f s, start and end %.0f ms, %.0f %% of a processor each" % (
        server, programs.debian({"redis": "redis-server", "postgres": "postgresql-15"}.get(server, server)),
        serving, start_end * 1000, share * 100))
    for mode in modes[1:]:
        ratios = [g[mode][0] / g["plain"][0] for g in got]
        more_ms = [(g[mode][1] - g["plain"][1]) * 1000 for g in got]
        print("  %-13s %.3f [%.3f, %.3f] %-14s %+7.0f [%+.0f, %+.0f]" % (
            mode, *at_once.median_interval(ratios), at_once.verdict(ratios, GOAL),
            *at_once.median_interval(more_ms)), flush=True)


def main():
    build = os.path.abspath(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else TIMES
    print("## Servers with profiles at Go's rates: CPU time of serving over a plain one's (median of %d, 95 %%"
          " interval; goal %.2f), ms more at start and end" % (times, GOAL))
    wanted = sys.argv[3:]
    unknown = set(wanted) - LOADS.keys() - MODES.keys()
    if unknown:
        sys.exit("no such server or mode: " + ", ".join(unknown))
    modes = ["plain", *([m for m in MODES if m in wanted] or list(MODES)[1:])]
    for server in [s for s in LOADS if s in wanted] or LOADS:
        bench(build, server, modes, times)
        print("  load %.1f" % os.getloadavg()[0], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
