#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The heap profile against programs whose allocations are known. Usage: test_heap.py BUILD.

Ends with `N passed, N failed`."""
import os, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import profile

BUILD = os.path.abspath(sys.argv[1])
passed, failed = 0, 0


def check(name, ok, why=""):
    global passed, failed
    passed += ok
    failed += not ok
    print(("ok   " if ok else "FAIL ") + name + ("" if ok else ": " + why))


def run(program, *args):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "heap.pb.gz")
        r = subprocess.run([f"{BUILD}/tests/heap/{program}", path, *args], capture_output=True, text=True, timeout=120)
        if r.returncode:
            raise SystemExit(f"{program}: exit status {r.returncode}: {r.stderr}")
        return profile.read(path), r.stdout


def sums(p, sample_type, functions):
    """Value of the samples with one of the functions in their stack."""
    i = p.index(sample_type)
    return sum(s.values[i] for s in p.samples if any(f.name in functions for f in s.stack))


def near(got, want, share):
    return abs(got - want) <= want * share


def sites():
    # Rare allocations of few sites: each site has 50,000; its own statistical error is up to 1.4 % (256 B at 16 KiB).
    p, _ = run("heap_sites")
    sizes = {"17k": 17 << 10, "1k": 1 << 10, "18k": 18 << 10, "512": 512, "16k": 16 << 10, "256": 256}
    for name, size in sizes.items():
        for sample_type, want in [("alloc_objects", 50000), ("alloc_space", 50000 * size),
                                  ("inuse_objects", 25000), ("inuse_space", 25000 * size)]:
            got = sums(p, sample_type, {"site_" + name})
            check(f"site_{name} {sample_type}", near(got, want, 0.10), f"{got} for {want}")
    leaves = set(p.by_leaf("alloc_space"))
    check("leaf is the caller, not malloc", not leaves & {"malloc", "sampled", "cp_heap_sample"}, str(leaves))


def exact():
    mine = {"allocate", "grow"}
    for args in [(), ("free",)]:
        p, out = run("heap_exact", *args)
        want = [int(v) for v in out.split()]
        got = [sums(p, t, mine) for t in ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")]
        check("rate 1 exact" + (", all freed" if args else ""), got == want, f"{got} for {want}")


def peak():
    for rate, share in [("65536", 0.15), ("1", 0)]:
        p, _ = run("heap_peak", rate)
        for site, sample_type, want in [("peak_site", "peak_space", 64 << 20), ("peak_site", "inuse_space", 0),
                                        ("late_site", "peak_space", 0), ("late_site", "inuse_space", 16 << 20)]:
            got = sums(p, sample_type, {site})
            check(f"rate {rate}: {site} {sample_type}", near(got, want, share), f"{got} for {want}")


sites()
exact()
peak()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
