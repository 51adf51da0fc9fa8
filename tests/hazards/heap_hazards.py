#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the heap profile must survive: heap_hazards.py BUILD [NAME...]

Each row is a program of this folder (or tests/heap), under `cprof run -memprofile` at rate 1: it must end as it
would without us, and the profile must say to the byte what the program says it did (heap_truth.h). A row may
name an allocator that stands behind us, and add checks of its own.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
ALLOCATORS = {"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2.0"}
TYPES = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")

Row = namedtuple("Row", "program args env check status file options")
Run = namedtuple("Run", "status out err said profile folder")


def row(program, *args, env=None, check=None, status=0, file="heap.pb.gz", options=()):
    """file: where the profile goes; check(run): what is wrong besides."""
    return Row(program, args, env or {}, check, status, file, options)


def allocator(name):
    return os.path.join(LIBRARIES, ALLOCATORS[name])


def sums(p, functions):
    """The four values of the samples with one of the functions in their stack ("leaf:name": at its leaf)."""
    out = [0] * 4
    for s in p.samples:
        if any(f.name in functions for f in s.stack) or "leaf:" + s.stack[0].name in functions:
            out = [a + s.values[p.index(t)] for a, t in zip(out, TYPES)]
    return out


def lost(p):
    return sum(int(n) for c in p.comments for n in re.findall(r"samples lost: (\d+)", c))


def compare(said, p):
    """The lines of heap_truth.h against the profile. A line "or_lost FUNCTION COUNT" says that what is missing of
    COUNT must have been counted as lost."""
    for line in said:
        words = line.split()
        if words[0] == "or_lost":
            got = sums(p, [words[1]])[0]
            if got + lost(p) != int(words[2]) or not got:
                yield "%s: %d recorded and %d lost of %s" % (words[1], got, lost(p), words[2])
        else:
            want, got = [int(w) for w in words[1:5]], sums(p, words[0].split(","))
            if want != got:
                yield "%s: %s, is %s" % (words[0], got, want)


def says(pattern):
    """A check: the comments and the user are told."""
    def check(run):
        text = "\n".join(run.profile.comments)
        bad = [] if re.search(pattern, text) else ["the comments say nothing of it: " + text]
        notes = [line for line in run.err.splitlines() if line.startswith("cprof:") and re.search(pattern, line)]
        return bad + ([] if len(notes) == 1 else ["not one line tells of it: " + run.err])
    return check


def comments_say(pattern):
    return lambda run: [] if re.search(pattern, "\n".join(run.profile.comments)) else ["the comments say nothing of it"]


def reports(pattern):
    return lambda run: [] if re.search(pattern, run.err) else ["does not report %s: %s" % (pattern, run.err[-300:])]


def children_go_on(run):
    """The other processes' profiles: the parent's blocks of then, and their own."""
    bad, n = [], 0
    for name in sorted(os.listdir(run.folder)):
        p = profile.read(os.path.join(run.folder, name))
        if not sums(p, ["in_child"])[0]:
            continue
        n += 1
        if sums(p, ["in_child"]) != [200, 100000, 100, 50000] or sums(p, ["before_fork"]) != [10, 5000, 10, 5000]:
            bad.append("%s: %s %s" % (name, sums(p, ["in_child"]), sums(p, ["before_fork"])))
    return bad + ([] if n == 60 else ["%d of 60 children wrote a profile" % n])


def build_table(build):
    here, library = os.path.join(build, "tests", "hazards"), os.path.join(build, "lib")
    rows = [
        row("h29_heap_threads"),
        row("h31_heap_fork", file="heap.%p.pb.gz", check=children_go_on),
        row("h32_heap_vfork"),
        row("h37_early"),
        row("h38_handler", env={"LD_PRELOAD": os.path.join(here, "h38_bump.so")}),
        row("h39_malloc_address"),
        row("h40_operators", "throws"),
        *(row("h40_plugins", *(os.path.join(here, name + ".so") for name in order))
          for order in (("h40_plugin", "h40_plugin_static"), ("h40_plugin_static", "h40_plugin"))),
        row("h40_operators_jemalloc", "throws"),
        row("h40_mallocx"),
        row("h40_mallocx", env={"LD_PRELOAD": allocator("jemalloc")}),
        row("h40_operators_tcmalloc_minimal", "throws"),
        row("h39_own_malloc", check=says("brings its own malloc")),
        row("h43_reuse", env={"LD_PRELOAD": os.path.join(here, "h40_nested.so")}),
        row("h42_foreign"),
        row("h43_reuse"),
        row("h44_many_alive"),
        row("h46_mmap"),
        row("h47_oom"),
        row("h48_unload", os.path.join(here, "h48_plugin.so")),
        row("h49_dlopened", os.path.join(library, "libcprof.so.0"), "OUT", check=comments_say("brings its own malloc"),
            options=("direct",)),
        row("h39_static_jemalloc", check=says("brings its own malloc")),
    ]
    for name in ALLOCATORS:
        preload = {"LD_PRELOAD": allocator(name)}
        rows += [row(program, env=preload)
                 for program in ("h37_early", "h40_operators", "h43_reuse", "h29_heap_threads", "h32_heap_vfork")]
        rows += [row("h31_heap_fork", env=preload, file="heap.%p.pb.gz", check=children_go_on)]
    for name, sanitizer in ("asan", "AddressSanitizer"), ("tsan", "ThreadSanitizer"):
        report = sanitizer + ": heap-use-after-free"
        rows += [row("h74_heap_" + name, check=says(sanitizer)),
                 row("h74_heap_" + name, "error", status=None, check=reports(report)),
                 *(row(linked + name, "error", status=None, check=reports(report), options=("direct",))
                   for linked in ("h74_heap_linked_", "h74_heap_static_"))]
    return rows


def run(build, r, folder):
    program = os.path.join(build, "tests", "hazards", r.program)
    path = os.path.join(folder, r.file)
    argv = [program, *(path if a == "OUT" else a for a in r.args)]
    if "direct" not in r.options:
        argv = [os.path.join(build, "tool", "cprof"), "run", "-memprofile", path, "-memprofilerate", "1", "--", *argv]
    done = subprocess.run(argv, env={**os.environ, **r.env}, capture_output=True, text=True, timeout=180)
    name = next((n for n in os.listdir(folder) if re.fullmatch(re.escape(r.file).replace("%p", r"\d+"), n)), None)
    if "%p" in r.file:  # the one of the process that spoke
        profiles = {n: profile.read(os.path.join(folder, n)) for n in os.listdir(folder)}
        name = next((n for n, p in profiles.items() if not sums(p, ["in_child"])[0]), name)
    p = profile.read(os.path.join(folder, name)) if name else None
    return Run(done.returncode, done.stdout, done.stderr, done.stdout.splitlines(), p, folder)


def judge(build, r):
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = run(build, r, folder)
        except (OSError, profile.ProfileError, subprocess.TimeoutExpired) as e:
            return [str(e)]
        if r.status is not None and done.status != r.status:
            return ["exit status %d: %s" % (done.status, done.err[-300:])]
        if r.status is not None and not done.profile:
            return ["no profile: " + done.err]
        bad = list(compare(done.said, done.profile)) if r.status is not None else []
        if done.said and "empty: " in done.err:
            bad.append("it is said that the heap is not seen")
        return bad + (r.check(done) if r.check else [])


def main():
    build, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    passed = failed = skipped = 0
    for r in build_table(build):
        label = " ".join([r.program, *(os.path.basename(a) for a in r.args), *map(os.path.basename, r.env.values())])
        if wanted and not any(w in label for w in wanted):
            continue
        needed = (os.path.join(build, "tests", "hazards", r.program), *r.env.values())
        missing = [p for p in needed if not os.path.exists(p)]
        if missing:
            print("skip %s: %s is not there" % (label, missing[0]), flush=True)
            skipped += 1
            continue
        bad = judge(build, r)
        passed, failed = passed + (not bad), failed + bool(bad)
        print(("FAIL " if bad else "ok   ") + label + ("  " + "; ".join(bad) if bad else ""), flush=True)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
