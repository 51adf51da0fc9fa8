#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""<cprof/profile.h>, one line in main(): test_session.py PART PROGRAM

    lines   what is said: pkg/profile's own test cases, and some more
    ends    however the program ends, its files are there, and its end is what it would have been
"""

import os
import re
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[2])
PRELOAD = os.path.join(os.path.dirname(PROGRAM), "..", "..", "lib", "libcprof-preload.so")
FILES = ["allocs.pprof", "block.pprof", "clock.pprof", "cpu.pprof", "goroutine.pprof", "mem.pprof", "mutex.pprof",
         "syscall.pprof", "threadcreation.pprof", "trace.out"]


class Run:
    """One run in a directory of its own; `lines`: what it said, the time in front of each checked and cut off."""

    def __init__(self, how, *args, path=None, sig=None, **more):
        self._folder = tempfile.TemporaryDirectory()
        self.dir = path or self._folder.name
        child = subprocess.Popen([PROGRAM, how, self.dir, *map(str, args)], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, cwd=self._folder.name, **more)
        heard = child.stdout.readline() if sig else ""
        if sig:
            child.send_signal(sig)
        out, err = child.communicate(timeout=60)
        self.status, self.stdout = child.returncode, heard + out
        self.lines = []
        for line in err.splitlines():
            m = re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (profile: .*)", line)
            check(how + ": a line of Go's log", m, line)
            self.lines.append(m[1] if m else line)
        self.files = sorted(os.listdir(self.dir)) if os.path.isdir(self.dir) else []

    def read(self, name):
        return profile.read(os.path.join(self.dir, name))


# --- lines


def lines_are(run, *patterns):
    ok = len(run.lines) == len(patterns) and all(re.fullmatch(p, line) for p, line in zip(patterns, run.lines))
    check(" ".join(map(str, run.lines)), ok, "not " + " ".join(patterns))
    check("nothing on stdout", run.stdout == "", run.stdout)
    check("it succeeds", run.status == 0, run.status)


def both(what, file, rate=""):
    return ["profile: %s %s%s, .*/%s" % (what, change, re.escape(rate), re.escape(file))
            for change in ("enabled", "disabled")]


def test_pkg_profiles_own_cases():
    on, off = both("cpu profiling", "cpu.pprof")
    mutex = both("mutex profiling", "mutex.pprof")
    lines_are(Run("modes", 1), on, off)
    lines_are(Run("memory"), *both("memory profiling", "mem.pprof", " (rate 4096)"))
    lines_are(Run("memory", 2048), *both("memory profiling", "mem.pprof", " (rate 2048)"))
    lines_are(Run("double"), on, r"profile: Start\(\) already called", off)
    lines_are(Run("modes", 8), *both("block profiling", "block.pprof"))
    lines_are(Run("modes", 16), *mutex)
    lines_are(Run("modes", 32), *both("goroutine profiling", "goroutine.pprof"))
    lines_are(Run("modes", 64), *both("thread creation profiling", "threadcreation.pprof"))
    lines_are(Run("modes", 128), *both("syscall profiling", "syscall.pprof"))
    lines_are(Run("modes", 256), *both("clock profiling", "clock.pprof"))
    lines_are(Run("modes", 512), *both("trace", "trace.out"))
    lines_are(Run("sequential"), on, off, *mutex)
    lines_are(Run("badpath", path=os.path.abspath(__file__)),
              "profile: could not create initial output directory: Not a directory")
    lines_are(Run("nothreads"), "profile: could not start: Resource temporarily unavailable")
    quiet = Run("quiet")
    lines_are(quiet)
    check("quiet, but at work", quiet.files == FILES, quiet.files)


def test_paths():
    with tempfile.TemporaryDirectory() as folder:
        deep = os.path.join(folder, "a", "100%p", "c")
        run = Run("modes", 1, path=deep)
        lines_are(run, "profile: cpu profiling enabled, %s/cpu.pprof" % deep,
                  "profile: cpu profiling disabled, %s/cpu.pprof" % deep)
        check("made, and a percent sign is one", run.files == ["cpu.pprof"], run.files)
        for how in ("default", "emptypath"):
            run = Run(how, env={**os.environ, "TMPDIR": folder})
            lines_are(run, "profile: cpu profiling enabled, %s/profile.{6}/cpu.pprof" % folder,
                      "profile: cpu profiling disabled, %s/profile.{6}/cpu.pprof" % folder)
            check("in a new directory", os.path.exists(run.lines[0].split(", ")[1]))


def test_numbers_and_versions():
    for how in ("stoptwice", "refused", "old"):
        run = Run(how)
        check(how, run.status == 0, run.lines)


def test_modes_are_what_they_say():
    run = Run("return")
    check("several at once", run.files == FILES, run.files)
    check("cpu", run.read("cpu.pprof").by_function("cpu").get("work", 0) > 200e6)
    types = {"mem.pprof": "inuse_space", "allocs.pprof": "alloc_space", "block.pprof": "delay", "mutex.pprof": "delay",
             "goroutine.pprof": "threads", "threadcreation.pprof": "threadcreate",
             "syscall.pprof": "delay", "clock.pprof": "time"}
    for name, wanted in types.items():
        p = run.read(name)
        check(name, wanted in [t for t, _ in p.sample_types], p.sample_types)
    inuse = run.read("mem.pprof").by_function("inuse_space").get("work", 0)
    check("heap, at a rate of 4096", 700e3 < inuse < 1300e3, inuse)


# --- ends


def is_complete(what, run, status, last="profile: trace disabled, .*"):
    check(what + ": status", run.status == status, "%s, not %s" % (run.status, status))
    if check(what + ": files", run.files == FILES, run.files):
        check(what + ": cpu", run.read("cpu.pprof").by_function("cpu").get("work", 0) > 200e6, run.lines)
        check(what + ": heap", run.read("mem.pprof").by_function("inuse_space").get("work", 0) > 700e3)
        with open(os.path.join(run.dir, "trace.out"), "rb") as f:
            check(what + ": trace", len(f.read()) > 100)
        check(what + ": threads", run.read("goroutine.pprof").total("threads") >= 1)
    check(what + ": the last line", re.fullmatch(last, run.lines[-1]), run.lines)


def test_ends_of_its_own():
    for how, status in (("return", 7), ("exit", 7), ("quick_exit", 7), ("abort", -signal.SIGABRT),
                        ("thread", -signal.SIGABRT)):
        is_complete(how, Run(how), status)
    for how in ("_exit", "exec"):  # no time to talk
        is_complete(how, Run(how), 7, "profile: trace enabled, .*")


def test_signals():
    for sig, name in ((signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")):
        run = Run("killed", sig=sig)
        is_complete(name, run, -sig)
        check(name, "profile: caught %s, stopping profiles" % name in run.lines, run.lines)
        check(name + ": the program saw nothing", run.stdout == "ready\n", run.stdout)
        is_complete(name + ", as Go", Run("zero", sig=sig), 0)
        run = Run("nohook", sig=sig)
        check(name + ", no hook", run.status == -sig and "mem.pprof" not in run.files, run.files)
    run = Run("chain", sig=signal.SIGTERM)
    is_complete("the program's handler", run, 7)
    check("it is called, and system calls are interrupted", run.stdout == "ready\nhandler\ninterrupted\n", run.stdout)
    run = Run("later", sig=signal.SIGTERM)
    is_complete("a handler set later", run, 7)
    check("has the say", run.stdout == "ready\nhandler\ninterrupted\n", run.stdout)
    check("and we none", not any("caught" in line for line in run.lines), run.lines)
    is_complete("restored to what it was", Run("restored", sig=signal.SIGTERM), -signal.SIGTERM)


def test_signals_under_cprof_run():
    """The injected library was first to watch for them, by a thread that could not have said this."""
    if "static" in PROGRAM:
        return  # there are two libraries in one process, and the signals are the program's
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mem")
        run = Run("killed", sig=signal.SIGTERM, env={**os.environ, "LD_PRELOAD": PRELOAD, "CPROF_MEMPROFILE": path})
        is_complete("both", run, -signal.SIGTERM)
        check("both", "profile: caught terminated, stopping profiles" in run.lines, run.lines)
        check("the injected library's", os.path.exists(path), os.listdir(folder))


def test_a_signal_while_it_writes_itself():
    for name in ("heap", "mutex", "threads", "threadcreate"):
        is_complete("in the middle of " + name, Run("writing " + name), -signal.SIGTERM)


def test_an_ignored_signal_stays_ignored():
    run = subprocess.run(["sh", "-c", "trap '' INT; exec \"$0\" quiet . & pid=$!; kill -INT $pid; wait $pid", PROGRAM],
                         capture_output=True, cwd=tempfile.mkdtemp(), timeout=60, check=False)
    check("ignored", run.returncode == 0, run)


def test_a_kill_leaves_the_profiles():
    run = Run("killed", sig=signal.SIGKILL)
    check("killed", run.status == -signal.SIGKILL)
    check("its CPU profile and what was kept", {"cpu.pprof", "trace.out"} <= set(run.files) and
          run.read("cpu.pprof").by_function("cpu")["work"] > 0,
          run.files)


def test_a_fork_has_no_session():
    run = Run("fork")
    check("fork", run.status == 7 and run.files == ["cpu.pprof", "mem.pprof"], (run.status, run.files))
    check("fork: who wrote is the parent", run.read("mem.pprof").by_function("inuse_space").get("work", 0) > 700e3)


PARTS = {
    "lines": [test_pkg_profiles_own_cases, test_paths, test_numbers_and_versions, test_modes_are_what_they_say],
    "ends": [test_ends_of_its_own, test_signals, test_signals_under_cprof_run, test_a_signal_while_it_writes_itself,
             test_an_ignored_signal_stays_ignored, test_a_kill_leaves_the_profiles, test_a_fork_has_no_session],
}

if __name__ == "__main__":
    for test in PARTS[sys.argv[1]]:
        test()
    sys.exit(exit_status())
