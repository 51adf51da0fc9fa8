#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debug information from a debuginfod server, and from servers that do not answer. test_debuginfod.py CPROF"""

import http.server
import os
import socket
import subprocess
import threading
import time
import unittest

from analyzer import AnalyzerTest

SOURCE = """
volatile int sink;
static __attribute__((noinline)) void hidden(void) { sink++; }
int main(void) { hidden(); return 0; }
"""
ID = "0123456789abcdef0123456789abcdef01234567"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args):
        pass


class Debuginfod(AnalyzerTest):
    def setUp(self):
        super().setUp()
        with open(self.path("prog.c"), "w") as f:
            f.write(SOURCE)
        os.mkdir(self.path("served"))  # beside the programs their debug information would be found
        for name, build_id in ("prog", ID), ("other", ID[::-1]):
            full = self.path(name + ".full")
            subprocess.run(["gcc", "-g", "-O1", "-no-pie", "-Wl,--build-id=0x" + build_id, "prog.c", "-o", full],
                           cwd=self.dir, check=True)
            subprocess.run(["objcopy", "--only-keep-debug", full, self.path("served/" + name)], check=True)
            subprocess.run(["strip", "-o", self.path(name), full], check=True)
        table = subprocess.run(["nm", self.path("prog.full")], capture_output=True, text=True, check=True).stdout
        self.address = next(int(line.split()[0], 16) for line in table.splitlines() if line.endswith(" t hidden"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.asked, self.server.files = [], {}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def profile(self):
        """Of two programs, each with a sample in hidden(): addresses and a memory map, as gperftools writes them."""
        page = self.address & ~0xfff
        with open(self.path("p.heap"), "w") as f:
            print("heap profile: 2: 2 [2: 2] @ heapprofile", file=f)
            for start in page, page + 0x10000000:
                print("1: 1 [1: 1] @ %#x" % (start + self.address % 0x1000 + 1), file=f)
            print("MAPPED_LIBRARIES:", file=f)
            for start, name in (page, "prog"), (page + 0x10000000, "other"):
                print("%08x-%08x r-xp 00001000 08:01 42 %s" % (start, start + 0x1000, self.path(name)), file=f)
        return self.path("p.heap")

    def lines(self, **env):
        return self.run_cprof("-top", "-lines", "-symbolize=local", self.profile(), **env)

    def debug_file(self, name):
        with open(self.path("served/" + name), "rb") as f:
            return f.read()

    def test_served(self):
        self.server.files = {"/buildid/%s/debuginfo" % ID: self.debug_file("prog"),
                             "/buildid/%s/debuginfo" % ID[::-1]: self.debug_file("other")}
        out, err = self.lines(DEBUGINFOD_URLS=self.url)
        self.assertRegex(out, r"  hidden \S*/prog\.c:3\n")
        self.assertEqual(err, "")
        self.assertEqual(sorted(self.server.asked), sorted(self.server.files))
        self.lines(DEBUGINFOD_URLS=self.url)  # they are in the cache now
        self.assertEqual(len(self.server.asked), 2)

    def test_not_there(self):
        out, err = self.lines(DEBUGINFOD_URLS=self.url)
        self.assertIn("  [prog]\n", out)
        self.assertNotIn("DEBUGINFOD", err)
        self.assertEqual(len(self.server.asked), 2)

    def test_not_asked(self):
        out, err = self.lines()
        self.assertIn("  [prog]\n", out)
        self.assertEqual(self.server.asked, [])

    def one_complaint(self, why, **env):
        out, err = self.lines(**env)
        self.assertIn("  [prog]\n", out)
        self.assertEqual([line for line in err.splitlines() if "DEBUGINFOD" in line],
                         ["No debug information of %s: asking the servers of DEBUGINFOD_URLS: %s" %
                          (self.path("prog"), why)])

    def test_nobody_listens(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.one_complaint("Connection refused", DEBUGINFOD_URLS="http://127.0.0.1:%d" % s.getsockname()[1])

    def test_no_answer(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            before = time.monotonic()
            self.one_complaint("no answer in 1 s", DEBUGINFOD_TIMEOUT="1",
                               DEBUGINFOD_URLS="http://127.0.0.1:%d" % s.getsockname()[1])
            self.assertGreaterEqual(time.monotonic() - before, 1)


unittest.main()
