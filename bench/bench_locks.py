#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the block and the mutex profile cost a program's locks: bench_locks.py BUILD [ROUNDS]

Plain against a library that only stands in front of the functions (lock_shim.c), and the preloaded library with both
profiles off, at Go's recommended rates, and recording all.
Rounds are interleaved; shown is the best of them (the others had company), its distance to plain, and the
range.
"""

import os
import subprocess
import sys

PRELOAD, SHIM = "lib/libcprof-preload.so", "bench/liblock_shim.so"
RATES = {
    "plain": (None, {}),
    "shim": (SHIM, {}),
    "off": (PRELOAD, {}),
    "on (10 us, 1/100)": (PRELOAD, {"CPROF_BLOCKPROFILE": "/dev/null", "CPROF_BLOCKPROFILERATE": "10000",
                                    "CPROF_MUTEXPROFILE": "/dev/null", "CPROF_MUTEXPROFILEFRACTION": "100"}),
    "all": (PRELOAD, {"CPROF_BLOCKPROFILE": "/dev/null", "CPROF_MUTEXPROFILE": "/dev/null"}),
}


def run(build, library, env, *args):
    full = {**os.environ, **env}
    if library:
        full["LD_PRELOAD"] = os.path.join(build, library)
    return float(subprocess.run([os.path.join(build, "bench", "lock_pairs"), *args], check=True, env=full,
                                capture_output=True, text=True).stdout)


def main():
    build, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    for threads, thousands in ((1, 10000), (2, 1000), (8, 250)):
        took = {name: [] for name in RATES}
        for _ in range(rounds):
            for name, (library, env) in RATES.items():
                took[name].append(run(build, library, env, str(threads), str(thousands)))
        plain = min(took["plain"])
        for name, values in took.items():
            ns = min(values)
            print("%d thread%s %-18s %8.2f ns a pair  %+7.2f ns  (%.2f to %.2f)" % (
                threads, " " if threads == 1 else "s", name, ns, ns - plain, min(values), max(values)), flush=True)


if __name__ == "__main__":
    main()
