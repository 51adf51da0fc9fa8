#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A leak of 1 MiB/s in a module of Debian's redis, under load, found by the difference of two heap profiles that are
taken by URL at the default rate: test_redis.py BUILD."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
CPROF = os.path.join(BUILD, "tool", "cprof")
FOUND_BYTES = 10 << 20  # some 20 samples, a third of the 30 seconds that finding it may take
PATIENCE_SECONDS = 60   # a loaded machine delays the timers that leak
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
passed = failed = 0


def check(what, holds, seen=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print("ok  " if holds else "FAIL", what, "" if holds else seen, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(where):
    with socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET) as s:
        return s.connect_ex(where) == 0


def cprof(*args):
    return subprocess.run([CPROF, *args], check=True, capture_output=True, text=True, timeout=60).stdout


def growth(base, url):
    """Bytes in use that came since `base`, of each function with those it called."""
    top = cprof("-top", "-cum", "-nodecount=1000", "-unit=b", "-sample_index=inuse_space", "-diff_base", base, url)
    return {name: int(cum) for cum, name in re.findall(r"(-?\d+)B +-?[0-9.]+% +(\S+)$", top, re.M)}


def find_leak(folder, url, redis):
    base = os.path.join(folder, "base.pb.gz")
    load = subprocess.Popen(["redis-benchmark", "-s", redis, "-q", "-l", "-P", "4", "-r", "1000", "-t", "set,get,sadd"],
                            **QUIET)
    try:
        time.sleep(1)  # the server has grown to what the load needs
        cprof("-proto", "-output", base, url)
        start, grown = time.monotonic(), {}
        while grown.get("open_session", 0) < FOUND_BYTES and time.monotonic() - start < PATIENCE_SECONDS:
            time.sleep(1)
            grown = growth(base, url)
        seconds = time.monotonic() - start
    finally:
        load.kill()
        load.wait()
    leaked = grown.get("open_session", 0)
    check("the module's function is in the difference", leaked >= FOUND_BYTES, grown)
    check("it is most of what grew", leaked > grown.get("main", 0) / 2, grown)
    print("%.1f MiB charged to the leak after %.0f seconds" % (leaked / 2**20, seconds))


def run(folder):
    redis, port = os.path.join(folder, "redis.sock"), free_port()
    process = subprocess.Popen([CPROF, "run", "-http", "localhost:%d" % port, "--", "redis-server", "--port", "0",
                                "--unixsocket", redis, "--save", "", "--dir", folder, "--loadmodule",
                                os.path.join(BUILD, "tests", "heap", "redis_leak.so")], **QUIET)
    try:
        while process.poll() is None and not (listens(redis) and listens(("127.0.0.1", port))):
            time.sleep(0.02)
        check("redis comes up with the module", process.poll() is None, process.returncode)
        if process.poll() is None:
            find_leak(folder, "http://localhost:%d/debug/pprof/heap" % port, redis)
    finally:
        process.terminate()
        process.wait()


with tempfile.TemporaryDirectory() as folder:
    run(folder)
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
