#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a heap profile costs real programs: bench_heap_programs.py BUILD [RUNS[,PEERS]] [PROGRAM...]; a quarter of an
hour.

CPU time of a whole run, start and profile included, and peak memory, over that of the same allocator alone at the same
time (at_once.py). RUNS times the program five times at once: plain, plain again (as far from 1 as chance goes here),
under a library that only stands in front of malloc (malloc_shim.c: any interposition's price), under ours, and with its
profile. Then the peers in pairs, at most PEERS each, by 512 KiB and of every allocation. "true" tells what is paid once
a process.
"""

import os
import resource
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import at_once  # noqa: E402
import batch  # noqa: E402
import heap_profilers  # noqa: E402
import programs  # noqa: E402

RUNS = "6"  # 12 and more tell a percent
OURS = ("plain again", "shim", "cprof off", "cprof 512K")
# The most pairs worth their time: what doubles the program's, or takes thirty times as much, is seen in one.
PEERS = {"jemalloc 512K": 6, "tcmalloc 512K": 6, "heaptrack": 1, "HEAPPROFILE": 1}
GOAL_CPU = 1.01


def runner(build, argv, env):
    """A function that gives (CPU s, KiB) of a run on a processor."""
    def run(cpu):
        with tempfile.TemporaryDirectory() as folder:
            if not argv:
                return batch.redis_cost(build, folder, env, cpu)
            return batch.cost(build, folder, argv, env, cpu)
    return run


def show(name, profiler, got):
    ratios = [a[0] / b[0] for a, b in got]
    cpu_s, rss_kib = (statistics.median(b[i] for _, b in got) for i in (0, 1))
    more_kib = statistics.median(a[1] - b[1] for a, b in got)
    print("%-15s %-14s %5d %8.4f   %6.3f [%.3f, %.3f] %-14s %8.1f %+8.2f %+6.1f %%" % (
        name, profiler, len(got), cpu_s, *at_once.median_interval(ratios), at_once.verdict(ratios, GOAL_CPU),
        rss_kib / 1024, more_kib / 1024, more_kib / rss_kib * 100), flush=True)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(sys.argv[1])
    runs, _, peers = (sys.argv[2] if len(sys.argv) > 2 else RUNS).partition(",")
    print("## Real programs under heap profilers: CPU time over that of the same allocator alone (median and 95 %%"
          " interval,\ngoal %.2f), peak memory" % GOAL_CPU)
    print("jemalloc %s, gperftools %s, heaptrack %s; load %.1f" % (*map(programs.debian, (
        "libjemalloc2", "libgoogle-perftools4", "heaptrack")), os.getloadavg()[0]))
    print("%-15s %-14s %5s %8s   %-38s %8s %8s" % ("", "", "runs", "CPU s", "CPU ratio", "RSS MiB", "more"))
    with tempfile.TemporaryDirectory() as out:
        modes = heap_profilers.modes(build, out)
        modes["plain again"] = modes["plain"]
        commands = {"redis": None} | batch.commands(out)
        for name in sys.argv[3:] or commands:
            def run(mode, name=name):
                return runner(build, commands[name], modes[mode][0])
            ours = at_once.together({mode: run(mode) for mode in ("plain", *OURS)}, int(runs))
            for mode in OURS:
                show(name, mode, [(got[mode], got["plain"]) for got in ours])
            for profiler, most in PEERS.items():
                count = min(int(peers or runs), most) if profiler in modes else 0
                if count:
                    show(name, profiler, at_once.pairs(run(profiler), run(modes[profiler][1]), count))
    print("load %.1f" % os.getloadavg()[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
