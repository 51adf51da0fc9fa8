#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A child that begins with all signals blocked, as Ruby's do, is sampled once it has let them in: its first 100 ms had
no stacks, which was all of a short one. CPROF_BUILD is the build directory."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
RUNS, MS = 5, 90

burnt_ms = total_ms = 0
for _ in range(RUNS):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-cpuprofile", "cpu.%p", "--",
                        os.path.join(BUILD, "tests", "preload", "preload_masked"), str(MS)], cwd=folder,
                       stderr=subprocess.DEVNULL, timeout=60, check=True)
        for p in (profile.read(os.path.join(folder, f)) for f in os.listdir(folder)):
            burnt_ms += p.by_function("cpu").get("burn", 0) / 1e6
            total_ms += p.total("cpu") / 1e6
check("all of the child's time", total_ms >= 0.9 * RUNS * MS, total_ms)
check("most of it with its stack", burnt_ms >= 0.5 * RUNS * MS, burnt_ms)
sys.exit(exit_status())
