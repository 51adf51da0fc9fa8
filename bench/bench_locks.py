#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the block and the mutex profile cost a program's locks: bench_locks.py BUILD [ROUNDS]

Plain against the preloaded library with both profiles off, at Go's recommended rates, and recording all.
Rounds are interleaved; shown is the best of them (the others had company), its distance to plain, and the
range.
"""

import os
import subprocess
import sys

RATES = {
    "plain": None,
    "off": {},
    "on (10 us, 1/100)": {"CPROF_BLOCKPROFILE": "/dev/null", "CPROF_BLOCKPROFILERATE": "10000",
                          "CPROF_MUTEXPROFILE": "/dev/null", "CPROF_MUTEXPROFILEFRACTION": "100"},
    "all": {"CPROF_BLOCKPROFILE": "/dev/null", "CPROF_MUTEXPROFILE": "/dev/null"},
}


def run(build, env, *args):
    full = dict(os.environ)
    if env is not None:
        full.update(env, LD_PRELOAD=os.path.join(build, "lib", "libcprof-preload.so"))
    return float(subprocess.run([os.path.join(build, "bench", "lock_pairs"), *args], check=True, env=full,
                                capture_output=True, text=True).stdout)


def main():
    build, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    for threads, thousands in ((1, 10000), (2, 1000), (8, 250)):
        took = {name: [] for name in RATES}
        for _ in range(rounds):
            for name, env in RATES.items():
                took[name].append(run(build, env, str(threads), str(thousands)))
        plain = min(took["plain"])
        for name, values in took.items():
            ns = min(values)
            print("%d thread%s %-18s %8.2f ns a pair  %+7.2f ns  (%.2f to %.2f)" % (
                threads, " " if threads == 1 else "s", name, ns, ns - plain, min(values), max(values)), flush=True)


if __name__ == "__main__":
    main()
