#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_uring_waits.py PROGRAM [cpu]: no signal of ours ends a wait for io_uring, and each of the program's does."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

SKIPPED = 77

with tempfile.TemporaryDirectory() as folder:
    run = subprocess.run([sys.argv[1], folder, *sys.argv[2:]], capture_output=True, text=True, timeout=100)
    if run.returncode == SKIPPED:
        sys.exit(SKIPPED)
    check("it ends well", run.returncode == 0, run)
    nwaits, ninterrupted, nshort, nended, nalarms, nmissed = map(int, run.stdout.split())
    p = profile.read(os.path.join(folder, "cpu.pprof" if sys.argv[2:] else "clock.pprof"))
    print("%d waits, %s" % (nwaits, p.comments[1]))
    check("none is interrupted", ninterrupted == 0, ninterrupted)
    check("nor is one over without its completion", nshort == 0, nshort)
    check("the program's own signals end them", nended == nalarms, nended)
    # Such a loop misses one by itself where it is preempted before the wait.
    check("nor is one of them missed", nmissed <= 2, nmissed)
    kind = "cpu" if sys.argv[2:] else "time"
    check("wait_often is in it", p.by_function(kind).get("wait_often", 0) > 0, p.by_function(kind))
sys.exit(exit_status())
