#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the injected library itself does in the program is not shown as the program's. CPROF_BUILD is the build
directory.

The writing of the other profiles before an exec or _exit was, at cp_own_stack_call: a third of what processes as short
as a compiler's use. And of the wall-clock profile our start and end were, and threads of ours as they are born: 4 ms
of those of `sleep 0.01`, and a third of `sleep 0.05` where a machine has much to do."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
LEAVE = os.path.join(BUILD, "tests", "preload", "preload_leave")
OTHERS = ("mem", "block", "mutex", "syscall", "wall", "threadcreate", "thread")
RUNS = 8


def ours_ms(argv):
    """CPU time of the writing, in the profiles of all programs that were there."""
    with tempfile.TemporaryDirectory() as folder:
        others = [o for kind in OTHERS for o in ("-%sprofile" % kind, kind)]
        subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-cpuprofile", "cpu", "-cpurate", "250", *others,
                        "--", *argv], cwd=folder, stderr=subprocess.DEVNULL, timeout=60)
        files = [os.path.join(folder, f) for f in os.listdir(folder) if f.startswith("cpu")]
        return sum(profile.read(f).by_function("cpu").get("cp_leave", 0) for f in files) / 1e6


def walls_own_ms(argv):
    """Of the wall-clock profile, in ms: our work, our threads, all."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-cpuprofile", "cpu", "-memprofile", "mem",
                        "-trace", "trace", "-wallprofile", "wall", *argv], cwd=folder, stderr=subprocess.DEVNULL,
                       timeout=60)
        p = profile.read(os.path.join(folder, "wall"))
        time, ours = p.by_function("time"), ("construct", "stop", "cp_recording_stop", "cp_keeper_stop")
        return [sum(time.get(name, 0) for name in names) / 1e6
                for names in (ours, ["[thread blocks the profiling signal]"])] + [p.total("time") / 1e6]


for argv in (LEAVE, "_exit", "20"), (LEAVE, "return", "20"), ("sh", "-c", "exec true"):
    ms = sum(ours_ms(argv) for _ in range(RUNS))
    check(" ".join([os.path.basename(argv[0]), *argv[1:]]), ms <= 16, ms)  # a tick or two; it was 150
for argv in ("sleep", "0"), ("sleep", "0.02"), (LEAVE, "return", "20"):
    found = [walls_own_ms(argv) for _ in range(RUNS)]
    clean = all(work == 0 < total for work, _, total in found)
    # The program may be met in the handler of a tick of CPU time, which blocks signals.
    clean &= argv[0] == LEAVE or sum(threads > 0 for _, threads, _ in found) <= 1
    check("wall of " + " ".join(argv[1:]), clean, found)
sys.exit(exit_status())
