# SPDX-License-Identifier: MIT
"""Heap profilers as environments of a program, for the benchmarks: cprof and its peers, each with the allocator
it stands on, against which alone it can be measured."""

import os
import subprocess

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
HEAPTRACK = "/usr/lib/heaptrack/libheaptrack_preload.so"


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
