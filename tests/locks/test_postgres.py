#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's PostgreSQL while clients update one row: test_postgres.py BUILD.

Every backend is a process with profiles of its own (%p). Backends wait for the row in epoll_wait, which the syscall
profile has, and for the locks around the lock table in semaphores, which the block profile has. cprof and go tool
pprof are to show both, under the functions of the server that wait."""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import shown

BUILD = os.path.abspath(sys.argv[1])
CLIENTS, SECONDS, NOBODY = 8, 5, 65534


def as_nobody():
    """PostgreSQL refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def prepare(folder, server_bin):
    """What an unprivileged user needs, where it can be read."""
    for file in ("tool/cprof", "lib/libcprof-preload.so"):
        os.makedirs(os.path.join(folder, os.path.dirname(file)), exist_ok=True)
        shutil.copy(os.path.join(BUILD, file), os.path.join(folder, file))
    for name in ("", "out", "sock"):
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)
        if os.getuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    subprocess.run([server_bin + "/initdb", "-D", folder + "/data", "-A", "trust", "-U", "postgres", "-N"], check=True,
                   timeout=120, stdout=subprocess.DEVNULL, cwd=folder, **as_nobody())


def start(folder, server_bin):
    server = subprocess.Popen(
        [folder + "/tool/cprof", "run", "-blockprofile", folder + "/out/block.%p.pb.gz", "-syscallprofile",
         folder + "/out/syscall.%p.pb.gz", server_bin + "/postgres", "-D", folder + "/data", "-k", folder + "/sock",
         "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **as_nobody())
    while subprocess.run([server_bin + "/pg_isready", "-q", "-h", folder + "/sock"]).returncode != 0:
        if server.poll() is not None:
            sys.exit("the server ended with %d" % server.returncode)
        time.sleep(0.1)
    return server


def update_one_row(folder, server_bin):
    """Returns the number of updates."""
    client = ["-h", folder + "/sock", "-U", "postgres"]
    script = os.path.join(folder, "update.sql")
    with open(script, "w", encoding="utf-8") as f:
        f.write("UPDATE counter SET n = n + 1 WHERE id = 1;\n")
    subprocess.run([server_bin + "/psql", "-q", *client, "-c",
                    "CREATE TABLE counter (id int PRIMARY KEY, n bigint); INSERT INTO counter VALUES (1, 0)",
                    "postgres"], check=True, timeout=60)
    run = subprocess.run([server_bin + "/pgbench", "-n", *client, "-f", script, "-c", str(CLIENTS), "-j", "2", "-T",
                          str(SECONDS), "postgres"], check=True, timeout=120, text=True, stdout=subprocess.PIPE)
    return int(re.search(r"actually processed: (\d+)", run.stdout)[1])


def main():
    server_bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        prepare(folder, server_bin)
        server = start(folder, server_bin)
        nupdates = update_one_row(folder, server_bin)
        server.send_signal(signal.SIGINT)
        server.wait(timeout=120)
        shown.expect(nupdates > 0, "the row was updated", nupdates)
        for kind, functions in (("block", ["sem_wait", "PGSemaphoreLock", "LWLockAcquire"]),
                                ("syscall", ["epoll_wait", "ProcSleep", "heap_update"])):
            files = glob.glob(folder + "/out/%s.*.pb.gz" % kind)
            shown.expect(len(files) > CLIENTS, kind + ": a profile a process", len(files))
            shown.expect_shown(BUILD, kind, files, functions)
    return 1 if shown.failures else 0


if __name__ == "__main__":
    sys.exit(main())
