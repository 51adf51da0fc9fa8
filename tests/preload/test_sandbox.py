#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process that may not return from signal handlers any more lives on without us, and leaves the profiles of what it
did before. CPROF_BUILD is the build directory.

Logging in to an sshd under `cprof run -cpuprofile sshd.%p` hung: a tick killed the thread of its sandbox, and our
threads kept the process from ending. What allowed little else, as chronyd -F 1, died where it would have exited,
or hung. In the strict mode it was killed by the first tick, or never ended."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
ALL = ["-memprofile", "mem.%p", "-blockprofile", "block.%p", "-wallprofile", "wall.%p", "-trace", "trace.%p"]

for options, how in ([], []), (ALL, []), ([], ["little"]), (ALL, ["little"]), ([], ["trapped"]), \
        ([], ["strict"]), (ALL, ["strict"]):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-cpuprofile", "cpu.%p", *options, "--",
                               os.path.join(BUILD, "tests", "preload", "preload_sandboxed"), "200", *how],
                              cwd=folder, stderr=subprocess.DEVNULL, timeout=60)
        name = " ".join(["with", *options, *how])
        check(name + ": its status", done.returncode == 7, done.returncode)
        files = [os.path.join(folder, f) for f in os.listdir(folder)]
        ms = sum(profile.read(f).by_function("cpu").get("burn", 0) for f in files if "/cpu." in f) / 1e6
        check(name + ": its time before", 150 <= ms <= 280, ms)
        kinds = sorted({os.path.basename(f).split(".")[0] for f in files})
        check(name + ": all profiles", len(kinds) == 1 + len(options) // 2, kinds)
for how in [], ["little"], ["trapped"]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-http", "unix:%s/%%p.sock" % folder, "--",
                               os.path.join(BUILD, "tests", "preload", "preload_sandboxed"), "200", *how],
                              stderr=subprocess.DEVNULL, timeout=60)
        check(" ".join(["served alone", *how]) + ": its status", done.returncode == 7, done.returncode)
sys.exit(exit_status())
