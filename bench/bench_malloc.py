#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a heap profile costs: bench_malloc.py BUILD [pairs] [exact] [real]; some minutes.

    pairs  nanoseconds of CPU for a malloc+free pair (malloc_pairs.c), and what each profiler adds to the
           allocator it stands on; "shim" only stands in front of malloc (malloc_shim.c)
    exact  every allocation recorded, against heaptrack on the same program
    real   CPU time and peak memory of real programs at the default rate

CPU time, not wall time, of interleaved runs, and the least of several: other load only makes one slower.
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
HEAPTRACK = "/usr/lib/heaptrack/libheaptrack_preload.so"
RUNS, PAIR_ROUNDS, REAL_RUNS = 3, 15, 3
PAIRS = [(size, threads) for threads in (1, 2) for size in (16, 64, 512, 4096)]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


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


def heaptrack_env(out):
    """The library alone, writing a file: what it costs the program, not what its other process does."""
    return {"LD_PRELOAD": HEAPTRACK, "DUMP_HEAPTRACK_OUTPUT": os.path.join(out, "heaptrack.raw")}


def modes(build, out):
    """{name: (environment, name of the plain run beside it)}"""
    table = {"plain": ({}, "plain"),
             "shim": ({"LD_PRELOAD": os.path.join(build, "bench", "libmalloc_shim.so")}, "plain"),
             "cprof off": (under(build, out, 0), "plain"), "cprof 512K": (under(build, out, 512 << 10), "plain"),
             "cprof 64K": (under(build, out, 64 << 10), "plain"), "cprof 1": (under(build, out, 1), "plain")}
    if os.path.exists(HEAPTRACK):
        table["heaptrack"] = (heaptrack_env(out), "plain")
    tcmalloc = library("libtcmalloc.so.4")
    if tcmalloc:
        table |= {"tcmalloc": ({"LD_PRELOAD": tcmalloc}, "tcmalloc"),
                  "tcmalloc 512K": ({"LD_PRELOAD": tcmalloc, "TCMALLOC_SAMPLE_PARAMETER": "524288"}, "tcmalloc"),
                  "HEAPPROFILE": ({"LD_PRELOAD": tcmalloc, "HEAPPROFILE": os.path.join(out, "gperf")}, "tcmalloc")}
    if has_jemalloc_prof():
        jemalloc = library("libjemalloc.so.2")
        table |= {"jemalloc": ({"LD_PRELOAD": jemalloc}, "jemalloc"),
                  "jemalloc 512K": ({"LD_PRELOAD": jemalloc, "MALLOC_CONF": "prof:true,lg_prof_sample:19"},
                                    "jemalloc")}
    return table


def is_exact(name):
    return name in ("cprof 1", "heaptrack", "HEAPPROFILE")


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


def measured(build, folder, argv, env):
    """argv under resources.c, and where that writes. The preload is for the program alone."""
    out = os.path.join(folder, "resources")
    return [os.path.join(build, "bench", "resources"), out, "env", *("%s=%s" % e for e in env.items()), *argv], out


def read_resources(path):
    """(CPU seconds, peak RSS in KiB)"""
    with open(path, encoding="utf-8") as f:
        cpu_s, rss = f.read().split()
    return float(cpu_s), int(rss)


def cost_of(build, folder, argv, env):
    command, out = measured(build, folder, argv, env)
    subprocess.run(command, cwd=folder, check=True, timeout=300, **QUIET)
    return read_resources(out)


PYTHON_ENV = {"PYTHONMALLOC": "malloc"}  # not its own pools, which no profiler sees into
EXACT_PYTHON = "import json\nfor i in range(4): json.loads(json.dumps([{'a': j, 'b': [j] * 5} for j in range(20000)]))"
LUA_TABLES = "for r = 1, 12 do local t = {} for i = 1, 60000 do t[i] = {i, tostring(i)} end end"


def sqlite_command(folder):
    path = os.path.join(folder, "bench.sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write(programs.SQL.replace(".timer on", ""))
    return ["/usr/bin/sqlite3", "-batch", "-cmd", ".read " + path, ":memory:", ".quit"]


def exact(build):
    print("## Every allocation: CPU seconds, the least of %d; heaptrack's library in the program, and all its processes"
          % RUNS)
    if not os.path.exists(HEAPTRACK):
        print("heaptrack is not installed")
        return
    with tempfile.TemporaryDirectory() as out:
        table = {"plain": {}, "cprof 1": under(build, out, 1), "heaptrack": heaptrack_env(out)}
        commands = {"python3": ["/usr/bin/python3", "-S", "-c", EXACT_PYTHON],
                    "lua5.4": ["/usr/bin/lua5.4", "-e", LUA_TABLES], "sqlite3": sqlite_command(out),
                    "pairs": [os.path.join(build, "bench", "malloc_pairs"), "64", "1", "9"]}
        print("%-12s%s" % ("", "".join("%15s" % name for name in [*table, "heaptrack all"])))
        for program, argv in commands.items():
            best = {}
            for _ in range(RUNS):
                runs = {name: cost_of(build, out, argv, env | PYTHON_ENV) for name, env in table.items()}
                whole = ["heaptrack", "-o", os.path.join(out, "whole"), *argv]
                runs["heaptrack all"] = cost_of(build, out, whole, PYTHON_ENV)
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


def c_source(folder):
    """A big file for the compiler."""
    path = os.path.join(folder, "big.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write("int printf(const char *, ...); unsigned long strlen(const char *);\n")
        for i in range(300):
            f.write("int f%d(const char *s, int n) { int a[%d] = {0};"
                    " for (int i = 0; i < n; i++) { a[i %% %d] += s[i] * %d;"
                    " if (a[i %% %d] > %d) a[i %% %d] ^= n; } return printf(\"%%d\", a[n %% %d]) + (int)strlen(s); }\n"
                    % (i, i % 50 + 2, i % 50 + 2, i, i % 50 + 2, i * 7, i % 50 + 2, i % 50 + 2))
    return path


def redis_cost(build, folder, env):
    """Of the server, for a fixed load."""
    sock = os.path.join(folder, "r.sock")
    command, out = measured(build, folder, ["/usr/bin/redis-server", "--port", "0", "--unixsocket", sock, "--save", "",
                                            "--dir", folder], env)
    server = subprocess.Popen(command, **QUIET)
    programs.wait_for("redis", lambda: os.path.exists(sock))
    subprocess.run(["redis-benchmark", "-s", sock, "-q", "-n", "30000", "-P", "8", "-r", "10000", "-t",
                    "set,get,lpush,sadd,zadd"], check=True, timeout=120, **QUIET)
    subprocess.run(["redis-cli", "-s", sock, "shutdown", "nosave"], check=False, timeout=20, **QUIET)
    if server.wait(timeout=20):
        raise RuntimeError("redis-server: status %d" % server.returncode)
    return read_resources(out)


def real(build):
    print("## Real programs at the default rate: least CPU time and median peak memory of %d, against plain runs"
          % REAL_RUNS)
    print("%-10s%10s%11s%11s%12s%14s" % ("", "CPU s", "cprof", "plain again", "RSS MiB", "more memory"))
    with tempfile.TemporaryDirectory() as out:
        big = c_source(out)
        cc1 = subprocess.run(["gcc", "-print-prog-name=cc1"], check=True, capture_output=True, text=True).stdout.strip()
        commands = {"redis": None, "sqlite3": sqlite_command(out), "lua5.4": ["/usr/bin/lua5.4", "-e", LUA_TABLES],
                    "python3": ["/usr/bin/python3", "-S", "-c", EXACT_PYTHON],
                    "gcc -O2": [cc1, "-quiet", "-O2", big, "-o", "/dev/null"]}
        for name, argv in commands.items():
            runs = {"plain": [], "cprof": [], "again": []}
            for _ in range(REAL_RUNS):
                for mode, into in runs.items():
                    env = under(build, out, 512 << 10) if mode == "cprof" else {}
                    with tempfile.TemporaryDirectory() as d:
                        into.append(cost_of(build, d, argv, env) if argv else redis_cost(build, d, env))
            cpu = {mode: min(r[0] for r in into) for mode, into in runs.items()}
            rss = {mode: statistics.median(r[1] for r in into) for mode, into in runs.items()}
            print("%-10s%10.2f%10.1f%%%10.1f%%%12.1f%9d KiB" % (
                name, cpu["plain"], (cpu["cprof"] / cpu["plain"] - 1) * 100, (cpu["again"] / cpu["plain"] - 1) * 100,
                rss["plain"] / 1024, rss["cprof"] - rss["plain"]), flush=True)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(sys.argv[1])
    for part in sys.argv[2:] or ("pairs", "exact", "real"):
        {"pairs": pairs, "exact": exact, "real": real}[part](build)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
