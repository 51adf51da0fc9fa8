#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server pays with every profile on at Go's rates, and with one at a time: bench_everything.py BUILD [TIMES]
[SERVER|MODE...]; half a minute a time, of postgres more. Of the modes "plain" always runs: the fewer, the more of the
processor has each.

The servers run at the same time on one processor (at_once.py), each with its client, so that none ever waits for
another processor to wake up. Each gets a load that warms it, the load again, and a longer one. What the longer one
takes more, by the server's own clock, is compared to what it takes a plain server: so connections, for each of which
postgres starts a process, count no more than once. The rest is that of start and end, which a server pays once.
"again" is another plain one: as far from 1 as chance goes here.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import at_once  # noqa: E402
import programs  # noqa: E402

TIMES = 9
GOAL = 1.02
LOADS = {"redis": 4, "nginx": 4, "postgres": 20}  # of the longer one: some 3 s of CPU, of each of two backends 5
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


def life(build, folder, env, server, are_warm):
    """(CPU seconds of a server for what the longer load is longer; for all but its loads)."""
    total = os.path.join(folder, "total")

    def launch(argv, **kwargs):
        return subprocess.Popen([os.path.join(build, "bench", "resources"), total, "env", *env, *argv], **kwargs)
    started = programs.SERVERS[server](folder, launch)
    cold, short = (programs.used_for(started, 1) for _ in range(2))
    are_warm.wait()
    long = programs.used_for(started, LOADS[server])
    started.end()
    with open(total, encoding="utf-8") as f:
        return long - short, float(f.read().split()[0]) - cold - short - long


def lives(build, folder, settings, server, are_warm):
    """A function for at_once: what life() gives."""
    def run(cpu):
        os.sched_setaffinity(0, {cpu})  # of this thread, and so of the server and the client it starts
        with tempfile.TemporaryDirectory() as out:
            os.chmod(out, 0o777)  # postgres writes its profiles as another user
            return life(build, folder, environment(build, out, settings), server, are_warm)
    return run


def bench(build, server, modes, times):
    folders = {mode: tempfile.TemporaryDirectory() for mode in modes}
    are_warm = threading.Barrier(len(modes))
    got = at_once.together({mode: lives(build, folders[mode].name, MODES[mode], server, are_warm)
                            for mode in modes}, times)
    for folder in folders.values():
        folder.cleanup()
    serving, start_end = (statistics.median(g["plain"][i] for g in got) for i in range(2))
    print("%s %s: serving %.2f s, start and end %.0f ms" % (
        server, programs.debian({"redis": "redis-server", "postgres": "postgresql-15"}.get(server, server)),
        serving, start_end * 1000))
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
