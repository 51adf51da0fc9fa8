#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof run stops with its program and goes on with it. CPROF_BUILD as for test_run.py."""

import os
import signal
import sys

import test_run
from test_run import Live, expect, expect_eq


def test_it_stops_and_continues_with_the_program():
    live = Live("sh", "-c", "echo ready; kill -STOP $$; echo on; sleep 100 & wait", start_new_session=True)
    expect_eq(live.line(), "ready")
    _, status = os.waitpid(live.child.pid, os.WUNTRACED)
    expect(os.WIFSTOPPED(status), status)
    os.killpg(live.child.pid, signal.SIGCONT)
    expect_eq(live.line(), "on")
    os.killpg(live.child.pid, signal.SIGTERM)
    expect_eq(live.child.wait(), -signal.SIGTERM)


def test_it_continues_when_the_program_alone_is_continued():
    """It stayed stopped, and who waited for it waited for ever."""
    live = Live("sh", "-c", "echo $$; kill -STOP $$; echo on")
    pid = int(live.line())
    _, status = os.waitpid(live.child.pid, os.WUNTRACED)
    expect(os.WIFSTOPPED(status), status)
    os.kill(pid, signal.SIGCONT)
    expect_eq(live.line(), "on")
    try:
        expect_eq(live.child.wait(timeout=30), 0)
    finally:
        live.child.kill()
        live.child.communicate()


test_run.PARTS = {"": [test_it_stops_and_continues_with_the_program,
                       test_it_continues_when_the_program_alone_is_continued]}
sys.exit(test_run.main([]))
