#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program whose clock_gettime() is not the kernel's: libfaketime's, or its own. The profiler asked that one: where it
stood still, as faketime's does of 'faketime -f "2020-12-24 20:30:00"', a heap profile or a trace never began; where it
goes on by each call, the program saw another time; and waits took what it said. CPROF_BUILD is the build directory."""

import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
PROGRAM = os.path.join(BUILD, "tests", "preload", "preload_clock")
WAITS = {"block": "delay", "mutex": "delay", "syscall": "delay"}
KINDS = ("cpu", "mem", "allocs", "block", "mutex", "syscall", "wall")


def run(folder, args):
    """What it prints, or why it did not."""
    flags = [f for kind in KINDS for f in ("-%sprofile" % kind, os.path.join(folder, kind))]
    command = [os.path.join(BUILD, "tool", "cprof"), "run", *flags, "-memprofilerate", "1", "-syscallprofilerate", "1",
               "-trace", os.path.join(folder, "trace"), PROGRAM, *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          start_new_session=True) as process:
        try:
            return process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return "it did not end"


plain = subprocess.run([PROGRAM, "5"], stdout=subprocess.PIPE, text=True, check=True).stdout
check("counts", plain == "5\n", plain)
with tempfile.TemporaryDirectory() as folder:
    began = time.time()
    for args, count in (("5",), "5\n"), ((), "0\n"):
        printed = run(folder, args)
        check("nobody else asked it", printed == count, printed)
    for kind, value in WAITS.items() if printed == count else ():
        p = profile.read(os.path.join(folder, kind))
        check("%s: the true time" % kind, p.total(value) >= 50e6, p.total(value))  # of 100 ms; it was 0
        check("%s: the true date" % kind, p.time_ns / 1e9 >= began - 1, p.time_ns)
sys.exit(exit_status())
