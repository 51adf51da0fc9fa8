#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's MariaDB while clients update one row: test_mariadb.py BUILD.

One process with a thread a client. Who waits for the row waits for a condition, InnoDB's own latches are bare futexes,
and the locks above the storage engine are mutexes: the block profile has all three, the mutex profile the last."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import shown

BUILD = os.path.abspath(sys.argv[1])
CLIENTS, UPDATES = 16, 4000
SERVER = "/usr/sbin/mariadbd"
UPDATES_BY = ("mysql_update", "Sql_cmd_update::update_single_table") # of MariaDB 10, of 11


def start(folder):
    as_root = ["--user=root"] if os.getuid() == 0 else []
    subprocess.run(["mariadb-install-db", "--no-defaults", "--datadir=" + folder + "/data", "--skip-test-db",
                    "--auth-root-authentication-method=normal", *as_root], check=True, timeout=240,
                   stdout=subprocess.DEVNULL)
    server = subprocess.Popen(
        [BUILD + "/tool/cprof", "run", "-blockprofile", folder + "/block.pb.gz", "-mutexprofile",
         folder + "/mutex.pb.gz", SERVER, "--no-defaults", "--datadir=" + folder + "/data", "--tmpdir=" + folder,
         "--socket=" + folder + "/sock", "--skip-networking", *as_root],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while subprocess.run(["mariadb-admin", *client(folder), "ping"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL).returncode != 0:
        if server.poll() is not None:
            sys.exit("the server ended with %d" % server.returncode)
        time.sleep(0.1)
    return server


def client(folder):
    return ["--no-defaults", "--socket=" + folder + "/sock", "--user=root"]


def update_one_row(folder):
    subprocess.run(["mariadb-slap", *client(folder), "--concurrency=%d" % CLIENTS, "--number-of-queries=%d" % UPDATES,
                    "--delimiter=;",
                    "--create=CREATE TABLE counter (id INT PRIMARY KEY, n BIGINT); INSERT INTO counter VALUES (1, 0)",
                    "--query=UPDATE counter SET n = n + 1 WHERE id = 1"], check=True, timeout=240,
                   stdout=subprocess.DEVNULL)


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = start(folder)
        try:
            update_one_row(folder)
        finally:
            server.send_signal(signal.SIGTERM)
        server.wait(timeout=120)
        shown.expect(server.returncode == 0, "the server ends as ever", server.returncode)
        known = shown.top([BUILD + "/tool/cprof"], [folder + "/block.pb.gz"])
        update = next((name for name in UPDATES_BY if name in known), UPDATES_BY[-1])
        block = shown.expect_shown(BUILD, "block", [folder + "/block.pb.gz"],
                                   ["pthread_cond_timedwait", "handler::ha_index_read_map", update, "syscall",
                                    "dispatch_command"])
        shown.expect(block.get("handler::ha_index_read_map", 0) > block.get(update, 0) / 2,
                     "an update waits for its row", block)
        shown.expect_shown(BUILD, "mutex", [folder + "/mutex.pb.gz"], ["pthread_mutex_unlock", "dispatch_command"])
    return 1 if shown.failures else 0


if __name__ == "__main__":
    sys.exit(main())
