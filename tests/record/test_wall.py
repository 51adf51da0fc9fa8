#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wall-clock profile's truth: test_wall.py PROGRAM MAX_EINTR [hidden]

Each thread of the program is in one function for as long as the profile runs, so each function must have that time,
whether it runs, sleeps or waits; and the thread that is idle must not notice."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402



with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o777)  # for nobody
    command = [sys.argv[1], folder, *sys.argv[3:]]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    duration, neintr = map(int, out.split())
    p = profile.read(os.path.join(folder, "clock.pprof"))
    print("%.3f s, %d EINTR, %s" % (duration / 1e9, neintr, p.comments[1]))
    check("fgprof's sample types", p.sample_types == [("samples", "count"), ("time", "nanoseconds")], p.sample_types)
    time = p.by_function("time")
    longest = time.get("main", 0)
    for function in ("spin", "wait_for_lock", "sleep_often", "be_idle", "alternate", "main"):
        print("%-14s %5.1f %%" % (function, 100 * time.get(function, 0) / duration))
        check(function, time.get(function, 0) > 0.95 * longest, time.get(function, 0) / longest)
    # A tick before the end may come late on a busy machine, but none counts more than there was.
    check("the whole time", 0.8 * duration < longest < 1.01 * p.duration_ns, longest / duration)
    check("the idle thread", neintr <= int(sys.argv[2]), neintr)
    check("and the profile's own threads are not in it", abs(p.total("time") / longest - 6) < 0.1, p.total("time"))
sys.exit(exit_status())
