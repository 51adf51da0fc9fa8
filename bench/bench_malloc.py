#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a heap profile costs: bench_malloc.py BUILD [pairs] [exact]; some minutes.

    pairs  nanoseconds of CPU for a malloc+free pair (malloc_pairs.c), and what each profiler adds to the
           allocator it stands on; "shim" only stands in front of malloc (malloc_shim.c)
    exact  every allocation recorded, against heaptrack on the same program

What real programs pay at the default rate: bench_heap_programs.py.
CPU time, not wall time, of interleaved runs, and the least of several: other load only makes one slower.
"""

import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import batch  # noqa: E402
from heap_profilers import HEAPTRACK, has_jemalloc_prof, heaptrack_env, is_exact, modes, under  # noqa: E402

RUNS, PAIR_ROUNDS = 3, 15
PAIRS = [(size, threads) for threads in (1, 2) for size in (16, 64, 512, 4096)]


def pair_ns(build, env, size, threads, rounds):
    argv = [os.path.join(build, "bench", "malloc_pairs"), str(size), str(threads), str(rounds)]
    return float(subprocess.run(argv, env={**os.environ, **env}, check=True, capture_output=True, text=True,
                                timeout=120).stdout)


def pairs(build):
    print("## malloc+free, ns of CPU, the best of %d times %d rounds; in brackets what is added to the allocator below"
          % (RUNS, PAIR_ROUNDS))
    if not has_jemalloc_prof():
        print("jemalloc: Debian's is built without prof, so it is not here")
    with tempfile.TemporaryDirectory() as out:
        table = modes(build, out)
        print("%5s %7s  %s" % ("size", "threads", "".join("%15s" % name for name in table)))
        for size, threads in PAIRS:
            best = dict.fromkeys(table, float("inf"))
            for run in range(RUNS):
                for name, (env, _) in table.items():
                    if not is_exact(name) or run == 0:
                        ns = pair_ns(build, env, size, threads, 1 if is_exact(name) else PAIR_ROUNDS)
                        best[name] = min(best[name], ns)
            cells = ["%.1f" % ns + ("" if name == table[name][1] else " (%+.1f)" % (ns - best[table[name][1]]))
                     for name, ns in best.items()]
            print("%5d %7d  %s" % (size, threads, "".join("%15s" % c for c in cells)), flush=True)


def exact(build):
    print("## Every allocation: CPU seconds, the least of %d; heaptrack's library in the program, and all its processes"
          % RUNS)
    if not os.path.exists(HEAPTRACK):
        print("heaptrack is not installed")
        return
    with tempfile.TemporaryDirectory() as out:
        table = {"plain": {}, "cprof 1": under(build, out, 1), "heaptrack": heaptrack_env(out)}
        commands = batch.commands(out) | {"pairs": [os.path.join(build, "bench", "malloc_pairs"), "64", "1", "9"]}
        print("%-12s%s" % ("", "".join("%15s" % name for name in [*table, "heaptrack all"])))
        for program, argv in commands.items():
            best = {}
            for _ in range(RUNS):
                runs = {name: batch.cost(build, out, argv, env) for name, env in table.items()}
                assigned = [a for a in argv[:1] if "=" in a]
                whole = [*assigned, "heaptrack", "-o", os.path.join(out, "whole"), *argv[len(assigned):]]
                runs["heaptrack all"] = batch.cost(build, out, whole, {})
                for name, cost in runs.items():
                    best[name] = min(best.get(name, cost), cost)
            show_exact(program, {name: cpu_s for name, (cpu_s, _) in best.items()})


def show_exact(label, cost):
    line = "%-12s%s" % (label, "".join("%15s" % ("%.2f" % v) for v in cost.values()))
    added = {name: v - cost["plain"] for name, v in cost.items()}
    if added["cprof 1"] > cost["plain"] / 20:  # else it is noise
        line += "   added, in cprof's: heaptrack %.1f, all of it %.1f" % (
            added["heaptrack"] / added["cprof 1"], added["heaptrack all"] / added["cprof 1"])
    print(line, flush=True)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(sys.argv[1])
    for part in sys.argv[2:] or ("pairs", "exact"):
        {"pairs": pairs, "exact": exact}[part](build)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
