#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lock convoy of examples/convoy_server.c, found as docs/lock-convoy.md tells: test_convoy_server.py BUILD."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

import shown

BUILD = os.path.abspath(sys.argv[1])
CLIENTS, REQUESTS = 8, 50


def ask(port):
    connection = http.client.HTTPConnection("localhost", port, timeout=120)
    for _ in range(REQUESTS):
        connection.request("GET", "/")
        connection.getresponse().read()
    connection.close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: "%s/%s.pb.gz" % (folder, kind) for kind in ("block", "mutex")}
        options = [o for kind, file in files.items() for o in ("-%sprofile" % kind, file)]
        server = subprocess.Popen([BUILD + "/tool/cprof", "run", *options, BUILD + "/examples/convoy_server", "0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = int(re.search(r":(\d+)/", server.stdout.readline())[1])
        clients = [threading.Thread(target=ask, args=(port,)) for _ in range(CLIENTS)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
        for kind, leaf in (("block", "pthread_mutex_lock"), ("mutex", "pthread_mutex_unlock")):
            delay = shown.expect_shown(BUILD, kind, [files[kind]], [leaf, "append_to_log", "answer"])
            shown.expect(delay["append_to_log"] > 0.9 * delay[leaf], kind + ": the planted lock is the one", delay)
            shown.expect(delay.get("count_visit", 0) < 0.1 * delay[leaf], kind + ": the other is not", delay)
    return 1 if shown.failures else 0


if __name__ == "__main__":
    sys.exit(main())
