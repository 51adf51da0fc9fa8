#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program ends with the last of its threads, not with ours, whatever we have there. CPROF_BUILD is the build
directory."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
END = b"the last has ended\n"
OPTIONS = ([], ["-memprofile", "h.gz"], ["-blockprofile", "b.gz"], ["-trace", "t"], ["-wallprofile", "w.gz"],
           ["-dumpsignal", "QUIT"], ["-http", "localhost:0"])


def run(options, *args):
    """Its exit status and output; None: it does not end."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [os.path.join(BUILD, "tool", "cprof"), "run", *options, "--",
                os.path.join(BUILD, "tests", "preload", "preload_last"), *args]
        child = subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        try:
            return child.communicate(timeout=60)[0], child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()
            return None


for options in OPTIONS:
    for threads in "0", "1", "30":
        got = run(options, threads)
        check(" ".join([*options, threads, "threads"]), got == (END, 0), str(got))
        # The kernel counts our threads, too; exit handlers are libc's.
        got = run(options, threads, "raw")
        check(" ".join([*options, threads, "threads, by system call"]), got == (b"", 9), str(got))
got = run(["-cpuprofile", "%p.gz"], "1", "fork")
check("in a child as well", got == (2 * END, 0), str(got))
sys.exit(exit_status())
