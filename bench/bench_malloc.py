#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a heap profile costs: bench_malloc.py BUILD [pairs] [exact] [real]

    pairs  nanoseconds of CPU for a malloc+free pair (malloc_pairs.c): the profilers' addition to the allocator
           they stand on, each run between two plain ones
    exact  every allocation recorded, against heaptrack on the same program
    real   CPU time and memory of real programs at the default rate

Medians of CPU time, not wall time, interleaved, so that other load of the machine falls on all alike.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
PAIR_ROUNDS, REAL_ROUNDS = 7, 5
PAIRS = [(size, threads) for threads in (1, 2) for size in (16, 64, 512, 4096)]


def library(name):
    path = os.path.join(LIBRARIES, name)
    return path if os.path.exists(path) else None


def has_jemalloc_prof():
    jemalloc = library("libjemalloc.so.2")
    text = subprocess.run(["true"], env={"LD_PRELOAD": jemalloc or "", "MALLOC_CONF": "prof:true"}, check=False,
                          capture_output=True, text=True).stderr
    return bool(jemalloc) and "Invalid conf pair" not in text


def under(build, out, rate):
    env = {"LD_PRELOAD": os.path.join(build, "lib", "libcprof-preload.so")}
    if rate:
        env |= {"CPROF_MEMPROFILE": os.path.join(out, "heap.%p.pb.gz"), "CPROF_MEMPROFILERATE": str(rate)}
    return env


def modes(build, out):
    """{name: (environment, name of the plain run beside it)}"""
    table = {"plain": ({}, "plain"), "cprof off": (under(build, out, 0), "plain"),
             "cprof 512K": (under(build, out, 512 << 10), "plain"), "cprof 64K": (under(build, out, 64 << 10), "plain")}
    tcmalloc = library("libtcmalloc.so.4")
    if tcmalloc:
        table |= {"tcmalloc": ({"LD_PRELOAD": tcmalloc}, "tcmalloc"),
                  "tcmalloc 512K": ({"LD_PRELOAD": tcmalloc, "TCMALLOC_SAMPLE_PARAMETER": "524288"}, "tcmalloc"),
                  "HEAPPROFILE": ({"LD_PRELOAD": tcmalloc, "HEAPPROFILE": os.path.join(out, "gperf")}, "tcmalloc")}
    if has_jemalloc_prof():
        jemalloc = library("libjemalloc.so.2")
        table |= {"jemalloc": ({"LD_PRELOAD": jemalloc}, "jemalloc"),
                  "jemalloc 512K": ({"LD_PRELOAD": jemalloc, "MALLOC_CONF": "prof:true,lg_prof_sample:19"}, "jemalloc")}
    return table


def pair_ns(build, env, size, threads, millions):
    argv = [os.path.join(build, "bench", "malloc_pairs"), str(size), str(threads), str(millions)]
    return float(subprocess.run(argv, env={**os.environ, **env}, check=True, capture_output=True, text=True,
                                timeout=120).stdout)


def pairs(build):
    print("## malloc+free, ns of CPU; in brackets what the profiler adds to its allocator (median of %d differences "
          "to the runs beside it)" % PAIR_ROUNDS)
    if not has_jemalloc_prof():
        print("jemalloc: Debian's is built without prof, so it is not here")
    with tempfile.TemporaryDirectory() as out:
        table = modes(build, out)
        print("%5s %7s  %s" % ("size", "threads", "".join("%16s" % name for name in table)))
        for size, threads in PAIRS:
            rounds = []
            for _ in range(PAIR_ROUNDS):
                rounds.append({name: pair_ns(build, env, size, threads, 1 if name == "HEAPPROFILE" else 3)
                               for name, (env, _) in table.items()})
            cells = []
            for name, (_, base) in table.items():
                ns = statistics.median(r[name] for r in rounds)
                added = statistics.median(r[name] - r[base] for r in rounds)
                cells.append("%.1f" % ns + ("" if name == base else " (%+.1f)" % added))
            print("%5d %7d  %s" % (size, threads, "".join("%16s" % c for c in cells)), flush=True)


def cpu_of(argv, env, folder):
    """(CPU seconds, peak RSS in KiB) of a process and its children; by wait4."""
    child = subprocess.Popen(argv, env={**os.environ, **env}, cwd=folder, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise RuntimeError("%s: status %d" % (argv[0], status))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def heaptrack_env(out):
    """The library alone, writing a file: what it costs the program, not what its other process does."""
    found = "/usr/lib/heaptrack/libheaptrack_preload.so"
    if not os.path.exists(found):
        return None
    # The other process digests what the library wrote: "heaptrack all" has its time too.
    return {"LD_PRELOAD": found, "DUMP_HEAPTRACK_OUTPUT": os.path.join(out, "heaptrack.raw")}


def exact(build):
    print("## Every allocation: ns of CPU a malloc+free pair, and CPU seconds of real programs")
    with tempfile.TemporaryDirectory() as out:
        heaptrack = heaptrack_env(out)
        table = {"plain": {}, "cprof 1": under(build, out, 1)} | ({"heaptrack": heaptrack} if heaptrack else {})
        if not heaptrack:
            print("heaptrack is not installed")
        commands = {"python3": ["/usr/bin/python3", "-S", "-c", EXACT_PYTHON],
                    "lua5.4": ["/usr/bin/lua5.4", "-e", LUA_TABLES], "sqlite3": sqlite_command(out)}
        print("%-22s%s" % ("", "".join("%14s" % name for name in [*table, "heaptrack all"])))
        for size, threads in (64, 1), (64, 2):
            ns = {name: statistics.median(pair_ns(build, env, size, threads, 1) for _ in range(3))
                  for name, env in table.items()}
            show_exact("%d B, %d threads" % (size, threads), ns, "%.1f")
        for program, argv in commands.items():
            runs = {name: [] for name in table}
            for _ in range(3):
                for name, env in table.items():
                    runs[name].append(cpu_of(argv, env, out)[0])
                if heaptrack:
                    whole = ["heaptrack", "-o", os.path.join(out, "whole"), *argv]
                    runs.setdefault("heaptrack all", []).append(cpu_of(whole, {}, out)[0])
            show_exact(program, {name: statistics.median(r) for name, r in runs.items()}, "%.2f")


def show_exact(label, cost, form):
    line = "%-22s%s" % (label, "".join("%14s" % (form % v) for v in cost.values()))
    added = {name: v - cost["plain"] for name, v in cost.items()}
    for name in set(added) - {"plain", "cprof 1"}:
        if added["cprof 1"] > cost["plain"] / 20:  # else it is noise
            line += "   %s adds %.1f times as much" % (name, added[name] / added["cprof 1"])
    print(line, flush=True)


EXACT_PYTHON = "import json\nfor i in range(6): json.loads(json.dumps([{'a': j, 'b': [j] * 5} for j in range(20000)]))"
LUA_TABLES = "for r = 1, 12 do local t = {} for i = 1, 60000 do t[i] = {i, tostring(i)} end end"


def sqlite_command(folder):
    path = os.path.join(folder, "bench.sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write(programs.SQL.replace(".timer on", ""))
    return ["/usr/bin/sqlite3", "-batch", "-cmd", ".read " + path, ":memory:", ".quit"]


def c_source(folder):
    """A big file for the compiler."""
    path = os.path.join(folder, "big.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write("int printf(const char *, ...); unsigned long strlen(const char *);\n")
        for i in range(400):
            f.write("int f%d(const char *s, int n) { int a[%d] = {0};"
                    " for (int i = 0; i < n; i++) { a[i %% %d] += s[i] * %d;"
                    " if (a[i %% %d] > %d) a[i %% %d] ^= n; } return printf(\"%%d\", a[n %% %d]) + (int)strlen(s); }\n"
                    % (i, i % 50 + 2, i % 50 + 2, i, i % 50 + 2, i * 7, i % 50 + 2, i % 50 + 2))
    return path


def redis_cost(env, folder):
    """(CPU seconds, peak RSS) of the server for a fixed load."""
    sock = os.path.join(folder, "r.sock")
    server = subprocess.Popen(["/usr/bin/redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--dir",
                               folder], env={**os.environ, **env}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    programs.wait_for("redis", lambda: os.path.exists(sock))
    subprocess.run(["redis-benchmark", "-s", sock, "-q", "-n", "40000", "-P", "8", "-r", "10000", "-t",
                    "set,get,lpush,sadd,zadd"], check=True, timeout=120, stdout=subprocess.DEVNULL)
    subprocess.run(["redis-cli", "-s", sock, "shutdown", "nosave"], check=False, timeout=20, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(server.pid, 0)
    server.returncode = status
    if status:
        raise RuntimeError("redis-server: status %d" % status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def real(build):
    print("## Real programs at the default rate: CPU time and peak memory against plain runs (medians of %d pairs)"
          % REAL_ROUNDS)
    with tempfile.TemporaryDirectory() as out:
        big = c_source(out)
        cc1 = subprocess.run(["gcc", "-print-prog-name=cc1"], check=True, capture_output=True, text=True).stdout.strip()
        costs = {
            "redis": redis_cost,
            "sqlite3": lambda env, d: cpu_of(sqlite_command(d), env, d),
            "lua5.4": lambda env, d: cpu_of(["/usr/bin/lua5.4", "-e", LUA_TABLES], env, d),
            "python3": lambda env, d: cpu_of(["/usr/bin/python3", "-S", "-c", EXACT_PYTHON], env, d),
            "gcc -O2": lambda env, d: cpu_of([cc1, "-quiet", "-O2", big, "-o", "/dev/null"], env, d),
        }
        print("%-10s%10s%10s%10s%12s%14s" % ("", "CPU s", "slower", "noise", "RSS MiB", "more memory"))
        for name, cost in costs.items():
            ratios, noise, memory, plain = [], [], [], []
            for _ in range(REAL_ROUNDS):
                with tempfile.TemporaryDirectory() as d:
                    before, ours, after = cost({}, d), cost(under(build, out, 512 << 10), d), cost({}, d)
                ratios.append(ours[0] / ((before[0] + after[0]) / 2) - 1)
                noise.append(abs(after[0] / before[0] - 1))
                memory.append(ours[1] / before[1] - 1)
                plain.append(before)
            print("%-10s%10.2f%9.1f%%%9.1f%%%12.1f%13.1f%%" % (
                name, statistics.median(p[0] for p in plain), statistics.median(ratios) * 100,
                statistics.median(noise) * 100, statistics.median(p[1] for p in plain) / 1024,
                statistics.median(memory) * 100), flush=True)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(sys.argv[1])
    for part in sys.argv[2:] or ("pairs", "exact", "real"):
        {"pairs": pairs, "exact": exact, "real": real}[part](build)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
