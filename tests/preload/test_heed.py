#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that lets signals in only while it waits (heed.c) is woken by its own, each time, and by none of ours.
Ticks at the usual 100 a second ended one wait in five, those of perf nearly all. CPROF_BUILD is the build directory."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
ROUNDS = 60
WANTED = [str(n + 1) for n in range(ROUNDS + 1)]  # the last is SIGTERM

for options in [], ["-cpurate", "1000"], ["-cpurate", "10000", "-cpuengine", "perf"], ["-wallprofile", "/dev/null"]:
    for function in "sigsuspend", "ppoll", "pselect", "epoll_pwait":
        command = [os.path.join(BUILD, "tool", "cprof"), "run", "-cpuprofile", "/dev/null", *options, "--",
                   os.path.join(BUILD, "tests", "preload", "preload_heed"), function]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
            run.stdout.readline()
            with open("/proc/%d/task/%d/children" % (run.pid, run.pid), encoding="ascii") as f:
                pid = int(f.read())
            lines = []
            while len(lines) < ROUNDS and lines == WANTED[:len(lines)]:
                os.kill(pid, signal.SIGUSR1)
                lines.append(run.stdout.readline().strip())
            os.kill(pid, signal.SIGTERM)
            lines += run.stdout.read().split()
        check("%s %s" % (function, " ".join(options)), lines == WANTED and run.returncode == 0, lines)
sys.exit(exit_status())
