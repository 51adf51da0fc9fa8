# SPDX-License-Identifier: MIT
"""The profiles that both programs are asked about, made anew in every run: make(folder, cprof) returns
{name: file}. Nothing of them is kept in the project: what a producer writes today is what has to be read."""

import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
SQL = "with recursive c(x) as (select 1 union all select x+1 from c where x<%d) select count(hex(x*x)) from c;"
TABLE = "create table t(a, b); create index i on t(b); insert into t " + SQL.replace("count(hex(x*x))", "x, hex(x*x)")
PYTHON = "import json; print(sum(len(json.dumps(list(range(n)))) for n in range(%d)))"


def run(folder, *argv, **env):
    """Runs a program that leaves profiles in the folder."""
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit("%s: exit status %d\n%s" % (" ".join(argv), done.returncode, done.stderr))


def preloaded(library, folder, *argv, **env):
    run(folder, *argv, LD_PRELOAD=os.path.join(LIBRARIES, library), **env)


def of_go(folder):
    """Every kind that runtime/pprof has, in both of its formats."""
    program = os.path.join(folder, "program")
    run(folder, "go", "build", "-o", program, os.path.join(HERE, "program.go"), GO111MODULE="off",
        GOCACHE=os.path.join(folder, "gocache"), GOFLAGS="")
    kinds = os.path.join(folder, "go")
    os.mkdir(kinds)
    run(folder, program, kinds)
    made = {}
    for path in sorted(glob.glob(kinds + "/*")):
        kind, suffix = os.path.basename(path).split(".", 1)
        made["go-" + kind + ("-text" if suffix == "txt" else "")] = path
    return made


def of_cprof(folder, cprof):
    """Ours, of programs as Debian ships them."""
    run(folder, cprof, "run", "-cpuprofile", "our.cpu", "-cpurate", "500", "--", "/usr/bin/python3", "-c", PYTHON % 900)
    run(folder, cprof, "run", "-memprofile", "our.heap", "-memprofilerate", "4096", "--",
        "sqlite3", ":memory:", TABLE % 3000)
    run(folder, cprof, "run", "-memprofile", "our.heap2", "-memprofilerate", "4096", "--",
        "sqlite3", ":memory:", TABLE % 5000)
    return {"our-cpu": "our.cpu", "our-heap": "our.heap", "our-heap2": "our.heap2"}


def of_gperftools(folder):
    preloaded("libprofiler.so.0", folder, "sqlite3", ":memory:", SQL % 300000, CPUPROFILE="gperftools.cpu",
              CPUPROFILE_FREQUENCY="500")
    preloaded("libtcmalloc.so.4", folder, "sqlite3", ":memory:", TABLE % 3000, HEAPPROFILE="gperftools")
    return {"gperftools-cpu": "gperftools.cpu", "gperftools-heap": "gperftools.0001.heap"}


def of_jemalloc(folder, cprof):
    """Debian's libjemalloc2 is built with profiling; one that is not would leave no file, which fails here. pprof does
    not read these dumps: as cprof converts them."""
    preloaded("libjemalloc.so.2", folder, "sqlite3", ":memory:", TABLE % 3000,
              MALLOC_CONF="prof:true,lg_prof_sample:12,prof_final:true,prof_prefix:jemalloc")
    run(folder, cprof, "-symbolize=none", "-proto", "-output=jemalloc.pb.gz", *glob.glob(folder + "/jemalloc.*.heap"))
    return {"jemalloc-heap": "jemalloc.pb.gz"}


def make(folder, cprof):
    made = {**of_go(folder), **of_cprof(folder, cprof), **of_gperftools(folder), **of_jemalloc(folder, cprof)}
    with open(os.path.join(folder, "gperftools.pb.gz"), "wb") as f:
        f.write(subprocess.check_output(["go", "tool", "pprof", "-symbolize=none", "-proto", made["gperftools-cpu"]],
                                        cwd=folder, env={**os.environ, "PPROF_TMPDIR": folder}))
    made["gperftools-cpu-proto"] = f.name
    made = {name: os.path.join(folder, path) for name, path in made.items()}
    for name, path in made.items():
        if not os.path.getsize(path):
            raise SystemExit("the profile %s is empty" % name)
    return made
