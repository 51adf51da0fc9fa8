#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where huge pages are everyone's, no sparse table of ours in the program is filled by one. CPROF_BUILD is the build
directory.

The first write into a table of 2 MiB took 2 MiB and the time to clear them: 2 MiB of the 3.3 that a heap profile cost a
small program."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checks import check, exit_status  # noqa: E402

CPROF = os.path.join(os.path.abspath(os.environ["CPROF_BUILD"]), "tool", "cprof")
HUGE_PAGE_KIB = 2048


def main():
    with tempfile.TemporaryDirectory() as folder:
        shown = subprocess.run([CPROF, "run", "-cpuprofile", "c", "-memprofile", "m", "-trace", "t", "cat",
                                "/proc/self/smaps"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, timeout=60).stdout
    maps = re.findall(r" 0 *\nSize: +(\d+) kB\n(?:\w+: .*\n)*?VmFlags: (.*)", shown)
    tables = [flags.split() for kib, flags in maps if int(kib) >= HUGE_PAGE_KIB and " nr " in flags]
    check("a table is as large as a huge page", len(tables) > 0, maps)
    if os.path.exists("/sys/kernel/mm/transparent_hugepage"):
        check("huge pages are refused", all("nh" in flags for flags in tables), tables)
    return exit_status()


if __name__ == "__main__":
    sys.exit(main())
