#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The heap profile against programs whose allocations are known. Usage: test_heap.py BUILD.

Ends with `N passed, N failed`."""
import os, re, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import profile

BUILD = os.path.abspath(sys.argv[1])
CPROF = f"{BUILD}/tool/cprof"
TYPES = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
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
    # At 16 KiB the 25,000 blocks of 256 bytes in use are 390 samples: 5 % off is one standard deviation. The mean of
    # four runs is within 10 % of the truth but once in 10,000 times.
    runs = [run("heap_sites")[0] for _ in range(4)]
    sizes = {"17k": 17 << 10, "1k": 1 << 10, "18k": 18 << 10, "512": 512, "16k": 16 << 10, "256": 256}
    for name, size in sizes.items():
        for sample_type, want in [("alloc_objects", 50000), ("alloc_space", 50000 * size),
                                  ("inuse_objects", 25000), ("inuse_space", 25000 * size)]:
            got = sum(sums(p, sample_type, {"site_" + name}) for p in runs) / len(runs)
            check(f"site_{name} {sample_type}", near(got, want, 0.10), f"{got} for {want}")
    leaves = {leaf for p in runs for leaf in p.by_leaf("alloc_space")}
    check("leaf is the caller, not malloc", not leaves & {"malloc", "sampled", "cp_heap_sample"}, str(leaves))


def exact():
    mine = {"allocate", "grow"}
    for args in [(), ("free",)]:
        p, out = run("heap_exact", *args)
        want = [int(v) for v in out.split()]
        got = [sums(p, t, mine) for t in ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")]
        check("rate 1 exact" + (", all freed" if args else ""), got == want, f"{got} for {want}")


def null():
    p, _ = run("heap_null")
    got = sums(p, "inuse_objects", {"main"})
    check("free(NULL) frees nothing", got == 200000, str(got))


def peak():
    for rate, share in [("65536", 0.15), ("1", 0)]:
        p, _ = run("heap_peak", rate)
        for site, sample_type, want in [("peak_site", "peak_space", 64 << 20), ("peak_site", "inuse_space", 0),
                                        ("late_site", "peak_space", 0), ("late_site", "inuse_space", 16 << 20)]:
            got = sums(p, sample_type, {site})
            check(f"rate {rate}: {site} {sample_type}", near(got, want, share), f"{got} for {want}")


def labels():
    p, _ = run("heap_labels")
    i, got = p.index("inuse_objects"), {}
    for s in p.samples:
        if any(f.name.startswith("allocate") for f in s.stack):
            label = s.labels.get("request")
            got[label] = got.get(label, 0) + s.values[i]
    check("labels of the allocating thread", got == {"/search": 10, None: 5}, str(got))


def reference():
    """What Go's TestConvertMemProfile expects of these buckets, truncation included."""
    p, _ = run("heap_reference")
    got = sorted(s.values[:4] for s in p.samples)
    check("Go's reference values", got == [[1, 829411, 0, 0], [2050, 2099200, 1537, 1574400]], str(got))
    check("period and its type", (p.period, p.period_type) == (512 << 10, ("space", "bytes")), str(p.period_type))
    sizes = sorted(s.labels.get("bytes", 0) for s in p.samples)
    check("label bytes", sizes == [1024, 512 << 10], str(sizes))


def churn():
    """What is written while threads allocate and free: each free is of an allocation that was counted before."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "allocs.pb.gz")
        subprocess.run([f"{BUILD}/tests/heap/heap_churn", path], check=True, timeout=60)
        values = [s.values[:4] for i in range(20) for s in profile.read(f"{path}.{i}").samples]
    negative = [v for v in values if min(v) < 0]
    check("written under way, nothing is negative", values and not negative, f"{len(values)}: {negative[:5]}")


def convert(tool, source, *options):
    """A profile through `cprof -proto` or `go tool pprof -proto`."""
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, "out.pb.gz")
        r = subprocess.run([*tool, "-proto", "-output=" + out, "-symbolize=none", *options, source],
                           capture_output=True, text=True, timeout=120, cwd=d)
        if r.returncode:
            raise SystemExit(f"{tool}: exit status {r.returncode}: {r.stderr}")
        return profile.read(out)


def lifetime():
    sizes = {"churn": (1000, 1000), "cache": (100, 5000), "keep": (10, 10000)}
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "allocs.pb.gz")
        subprocess.run([f"{BUILD}/tests/heap/heap_lifetime", path], check=True, timeout=60)
        p, short = profile.read(path), convert([CPROF], path, "-tagfocus=lifetime=:1ms")
    check("allocs shows alloc_space first", p.default_sample_type == "alloc_space", p.default_sample_type)
    for name, (count, size) in sizes.items():
        got = [sums(p, t, {name}) for t in TYPES]
        left = 10 if name == "keep" else 0
        check(f"allocs of {name}", got == [count, count * size, left, left * size], str(got))
    i = p.index("alloc_objects")
    lifetimes = {n: [(s.labels.get("lifetime"), s.values[i]) for s in p.samples if s.stack[0].name == n] for n in sizes}
    check("lifetimes are powers of two", all(v & (v - 1) == 0 for n in ("churn", "cache") for v, _ in lifetimes[n]),
          str(lifetimes))
    check("cached blocks lived for 50 ms", min(v for v, _ in lifetimes["cache"]) > 50000000, str(lifetimes["cache"]))
    check("what stays has no lifetime", lifetimes["keep"] == [(None, 10)], str(lifetimes["keep"]))
    want = sum(n for v, n in lifetimes["churn"] if v <= 1000000)
    got = {n: sums(short, "alloc_objects", {n}) for n in sizes}
    check("-tagfocus=lifetime=:1ms", want > 0 and got == {"churn": want, "cache": 0, "keep": 0}, f"{got} for {want}")


def text():
    with tempfile.TemporaryDirectory() as d:
        path, text_path = os.path.join(d, "heap.pb.gz"), os.path.join(d, "heap.txt")
        subprocess.run([f"{BUILD}/tests/heap/heap_lifetime", path, text_path], check=True, timeout=60)
        want = profile.read(path)
        for name, tool in {"cprof": [CPROF], "go tool pprof": ["go", "tool", "pprof"]}.items():
            got = convert(tool, text_path)
            totals = [(p.total(t)) for t in TYPES for p in (got, want)]
            check(f"{name} reads the text", totals[::2] == totals[1::2] and totals[0] > 0, str(totals))
        with open(text_path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        tail = {line[2:].split(" = ")[0]: int(line.split(" = ")[1]) for line in lines if " = " in line}
    in_use = [int(line.split(":")[1].split()[0]) for line in lines[1:] if "] @" in line]
    check("lines of the source", any(re.fullmatch(r"#\t0x[0-9a-f]+\tmain\+0x[0-9a-f]+\t\S+/heap_lifetime\.c:\d+", line)
                                     for line in lines), "\n".join(lines[:8]))
    check("most in use first", in_use == sorted(in_use, reverse=True) and in_use[0] == 100000, str(in_use[:4]))
    check("the state of malloc and process", tail["InUse"] >= 100000 and tail["Resident"] <= tail["VmSize"] and
          tail["MaxRSS"] >= 1 << 20 and tail["ProfilerAddressSpace"] > 0, str(tail))


def lifetime_of_others():
    churn = "import ctypes; c = ctypes.CDLL(None); c.malloc.restype = ctypes.c_void_p\n" \
            "kept = c.malloc(1 << 20)\n" \
            "for _ in range(100): c.free(ctypes.c_void_p(c.malloc(1 << 20)))"
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "allocs.pb.gz")
        said = subprocess.run([CPROF, "run", "-allocsprofile", path, "-memprofilerate", "1", "/usr/bin/python3", "-c",
                               churn], check=True, timeout=60, capture_output=True, text=True).stderr
        mib = [s for s in profile.read(path).samples if s.labels.get("bytes") == 1 << 20]
    told = re.fullmatch(r"cprof: wrote \S+ \(\d+[.\d]*MB allocated\); try: .*\n", said)
    check("cprof run says what was allocated", bool(told), said)
    freed, kept = (sum(s.values[0] for s in mib if ("lifetime" in s.labels) == is_freed) for is_freed in (True, False))
    check("what was freed has a lifetime", (freed, kept) == (100, 1), f"{freed}, {kept}")


def rates():
    p, _ = run("heap_rates")
    for name, share in {"at_64k": 0.15, "at_1": 0, "at_16k": 0.1, "at_1_again": 0}.items():
        for sample_type, want in ("alloc_objects", 16384), ("inuse_space", 64 << 20):
            got = sums(p, sample_type, {name})
            check(f"{name} {sample_type}", near(got, want, share), f"{got} for {want}")
    check("nothing at rate 0", sums(p, "alloc_objects", {"at_0"}) == 0)


def family():
    p, out = run("heap_family")
    for line in out.splitlines():
        name, count, size = line.split()
        got = [sums(p, t, {name}) for t in TYPES]
        check(f"{name} is counted once", got == [int(count), int(size), 0, 0], str(got))
    check("failed allocations are not counted", sums(p, "alloc_objects", {"fail_each"}) == 0)
    leaves = {n for n in p.by_leaf("alloc_objects") if "alloc" in n and not n.startswith("way_")}
    check("leaves are the callers", not leaves, str(leaves))


def cpp():
    if not os.path.exists(f"{BUILD}/tests/heap/heap_cpp"):
        return
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "heap.pb.gz")
        subprocess.run([f"{BUILD}/tests/heap/heap_cpp", path], check=True, timeout=60)
        p = convert([CPROF], path)
    leaves = p.by_leaf("alloc_objects")
    mine = {n: v for n, v in leaves.items() if "by_new" in n}
    check("operator new: the caller is the leaf", sum(mine.values()) == 100, str(leaves))
    hidden = [n for n in leaves if n.startswith(("_Zn", "operator new", "malloc"))]
    check("operator new is hidden", not hidden, str(hidden))
    i = p.index("alloc_space")
    vector = sum(s.values[i] for s in p.samples if any("by_vector" in f.name for f in s.stack))
    check("a vector and its elements", vector == 100 * (4000 + 24), str(vector))


def leak():
    with tempfile.TemporaryDirectory() as d:
        first, second = os.path.join(d, "first.pb.gz"), os.path.join(d, "second.pb.gz")
        subprocess.run([f"{BUILD}/tests/heap/heap_leak", first, second], check=True, timeout=60)
        p = convert([CPROF], second, "-diff_base=" + first)
        top = subprocess.run([CPROF, "-top", "-diff_base=" + first, second], capture_output=True, text=True, timeout=60)
    # 80 samples are expected: half as many, or half again, is 4.5 standard deviations off.
    got = sums(p, "inuse_space", {"log_request"})
    check("a leak found at the default rate", near(got, 40000 << 10, 0.5), f"{got} for {40000 << 10}")
    lines = [line.split()[-1] for line in top.stdout.splitlines() if "%" in line and "flat%" not in line]
    check("it is the first line of -top -diff_base", "log_request" in lines[:2], top.stdout + top.stderr)


for part in reference, sites, exact, null, peak, churn, labels, lifetime, lifetime_of_others:
    part()
for part in text, rates, family, cpp, leak:
    part()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
