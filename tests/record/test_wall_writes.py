#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_wall_writes.py PROGRAM [cpu]: what a program writes is whole, whatever the profile asks it meanwhile."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402



with tempfile.TemporaryDirectory() as folder:
    command = [sys.argv[1], folder, *sys.argv[2:]]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    ntransfers, nbroken, is_garbled, nended, nalarms = map(int, out.split())
    p = profile.read(os.path.join(folder, "cpu.pprof" if sys.argv[2:] else "clock.pprof"))
    print("%d transfers, %s" % (ntransfers, p.comments[1]))
    check("each is whole", nbroken == 0, nbroken)
    check("and in order", not is_garbled, is_garbled)
    check("the program's own signals end them", nended == nalarms, nended)
    if sys.argv[2:]:
        sys.exit(exit_status())
    nasked = int(p.comments[1].split(",")[-1].split()[0])
    check("the profile did ask", nasked > 20, nasked)
    time = p.by_function("time")
    for function in ("transfer", "by_sendmsg", "end_by_alarms"):
        check("%s is in it" % function, time.get(function, 0) > 0, time.get(function, 0))
sys.exit(exit_status())
