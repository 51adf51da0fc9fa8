#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof push into a folder, and against a receiver that reads the form, and fails on purpose: test_push.py CPROF"""

import email.parser
import gzip
import http.server
import os
import signal
import struct
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from urllib.parse import parse_qs, urlsplit

CPROF = os.path.abspath(sys.argv.pop(1))
PROFILE = gzip.compress(b"\x32\x00\x32\x03cpu")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers as `plan` says, and then well: a status, "reset", or "slow"."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/slow":
            self.server.released.wait(60)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.profile)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        plan = self.server.plan.pop(0) if self.server.plan else 200
        if plan == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.tried.append(plan)
            self.connection.close()
            return
        if plan == "slow":
            self.server.tried.append(plan)
            self.server.released.wait(60)
            return
        form = email.parser.BytesParser().parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
        self.server.tried.append(plan)
        self.server.received.append((plan, self.path, self.headers, parts))
        self.send_response(plan)
        self.end_headers()


class PushTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.server.plan, self.server.asked, self.server.tried, self.server.received = [], [], [], []
        self.server.released, self.server.profile = threading.Event(), PROFILE
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.released.set)

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def push(self, *args, names=("heap",), env=None):
        words = [CPROF, "push", "-to", self.url, *args, *("%s/debug/pprof/%s" % (self.url, n) for n in names)]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False,
                              env={**os.environ, **(env or {})})

    def test_the_form(self):
        out = self.push("-rounds=1", "-every=7", "-name=shop{env=prod}", "-tenant=t1",
                        names=("heap", "profile", "mutex"), env={"CPROF_PUSH_TOKEN": "s3cret"})
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn("3 profiles sent, 0 dropped, 0 could not", out.stderr)
        self.assertEqual(sorted(self.server.asked), ["/debug/pprof/heap", "/debug/pprof/mutex?seconds=7",
                                                     "/debug/pprof/profile?seconds=7"])
        for _, path, headers, parts in self.server.received:
            query = {k: v[0] for k, v in parse_qs(urlsplit(path).query).items()}
            self.assertEqual(urlsplit(path).path, "/ingest")
            self.assertEqual((query["name"], query["spyName"], query["sampleRate"]), ("shop{env=prod}", "cprof", "100"))
            self.assertLessEqual(int(query["from"]), int(query["until"]))
            self.assertEqual(headers["X-Scope-OrgID"], "t1")
            self.assertEqual(headers["Authorization"], "Bearer s3cret")
            self.assertEqual(list(parts), ["profile"])
            self.assertEqual(parts["profile"].get_filename(), "profile.pprof")
            self.assertEqual(parts["profile"].get_payload(decode=True), PROFILE)

    def test_basic_auth(self):
        self.push("-rounds=1", env={"CPROF_PUSH_USER": "ann:pass"})
        self.assertEqual(self.server.received[0][2]["Authorization"], "Basic YW5uOnBhc3M=")

    def test_failures_are_tried_again(self):
        self.server.plan = [500, "reset", "slow", 429]
        out = self.push("-rounds=1", "-timeout=1")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(self.server.tried, [500, "reset", "slow", 429, 200])
        self.assertEqual(self.server.received[-1][3]["profile"].get_payload(decode=True), PROFILE)
        self.assertIn("it is kept", out.stderr)
        self.assertIn("answers again", out.stderr)

    def test_the_last_round_ends_without_a_server(self):
        """It was tried for ever, and a job that asks for some rounds never ended."""
        begin = time.monotonic()
        out = subprocess.run([CPROF, "push", "-to", "http://127.0.0.1:1", "-rounds=2", "-every=1", "-timeout=1",
                              self.url + "/debug/pprof/heap"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(out.returncode, 2)
        self.assertIn("0 profiles sent, 2 dropped, 0 could not", out.stderr)
        self.assertGreater(time.monotonic() - begin, 9)

    def test_a_refusal_is_final(self):
        self.server.plan = [400]
        out = self.push("-rounds=1")
        self.assertEqual((out.returncode, self.server.tried), (2, [400]))
        self.assertIn("dropped", out.stderr)
        self.assertIn("0 profiles sent, 1 dropped", out.stderr)

    def test_what_it_keeps_is_bounded(self):
        self.server.profile = PROFILE + bytes(600_000)
        self.server.plan = [503, 503, 503]
        out = self.push("-rounds=4", "-every=1", "-buffer=1")
        sent = len([1 for plan, *_ in self.server.received if plan == 200])
        self.assertLess(sent, 4, out.stderr)
        self.assertEqual(out.returncode, 2)
        self.assertIn("%d profiles sent, %d dropped" % (sent, 4 - sent), out.stderr)
        self.assertRegex(out.stderr, "answers again; [1-9] profiles dropped so far")

    def start_pushing(self):
        return subprocess.Popen([CPROF, "push", "-to", self.url, "-every=3600", self.url + "/debug/pprof/heap"],
                                stderr=subprocess.PIPE, text=True)

    def end_by_signal(self, p, status):
        """What it says."""
        p.send_signal(signal.SIGTERM)
        err = p.communicate(timeout=60)[1]
        self.assertEqual(p.returncode, status, err)
        return err

    def test_a_signal_ends_it_and_tells(self):
        p = self.start_pushing()
        while not self.server.received:
            self.assertIsNone(p.poll())
        err = self.end_by_signal(p, 0)
        self.assertIn("1 profiles sent, 0 dropped", err)

    def test_what_is_on_its_way_at_the_end_is_told(self):
        """It was neither sent nor dropped, and the exit status 0."""
        self.server.plan = ["slow"]
        p = self.start_pushing()
        while not self.server.tried:
            self.assertIsNone(p.poll())
        err = self.end_by_signal(p, 2)
        self.assertIn("0 profiles sent, 1 dropped", err)

    def test_a_signal_is_not_slept_through(self):
        """What waited for the next try was given up with the process, though there was time for one."""
        self.server.plan = [503, 503, 503, 503]
        p = self.start_pushing()
        while len(self.server.tried) < 4:  # the next would be in 8 s
            self.assertIsNone(p.poll())
            time.sleep(0.05)
        err = self.end_by_signal(p, 0)
        self.assertIn("1 profiles sent, 0 dropped", err)

    def test_the_time_of_day_may_be_set(self):
        """Set back by an hour while a profile was fetched, it made the next one an hour late."""
        clock = os.path.join(self.folder(), "clock.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-xc", "-", "-o", clock], check=True, text=True, input="""
            #include <time.h>
            time_t time(time_t *out)
            {
                static int ncalls;
                struct timespec t;
                clock_gettime(CLOCK_REALTIME, &t);
                t.tv_sec -= 3600 * __atomic_add_fetch(&ncalls, 1, __ATOMIC_RELAXED);
                if (out)
                    *out = t.tv_sec;
                return t.tv_sec;
            }
            """)
        out = self.push("-rounds=2", "-every=1", env={"LD_PRELOAD": clock, "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn("2 profiles sent", out.stderr)

    def test_a_folder_keeps_the_last(self):
        """Of each source by itself, also over a restart and a crash; names say what, and when it began."""
        with tempfile.TemporaryDirectory() as folder:
            for left in ("shop_env_prod_-heap.20200101T000000Z.pb.gz.77.tmp",
                         "shop_env_prod_-heap.20200101T000001Z.pb.gz", "shop_env_prod_-heap.notes",
                         "shop_env_prod_-heap2.20200101T000000Z.pb.gz"):
                open(os.path.join(folder, left), "w", encoding="utf-8").close()
            before = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            out = self.push("-to", folder, "-keep=2", "-rounds=3", "-every=1", "-name=shop{env=prod}",
                            names=("heap", "heap", "threads?debug=2"))
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertIn("9 profiles written, 0 dropped", out.stderr)
            files = sorted(os.listdir(folder))
            self.assertIn("shop_env_prod_-heap.notes", files)
            self.assertIn("shop_env_prod_-heap2.20200101T000000Z.pb.gz", files)
            stems = [f.split(".")[0] for f in files if f.split(".")[1] >= before and f.endswith("Z.pb.gz")]
            self.assertEqual(sorted(stems), [s for s in ("shop_env_prod_-heap", "shop_env_prod_-heap-2",
                                                         "shop_env_prod_-threads") for _ in range(2)])
            self.assertEqual(len(files), 8)
            newest = max(f for f in files if "heap.2" in f)
            with open(os.path.join(folder, newest), "rb") as f:
                self.assertEqual(f.read(), PROFILE)

    def test_a_folder_that_cannot_be_written_is_tried_again(self):
        with tempfile.TemporaryDirectory() as parent:
            folder = os.path.join(parent, "profiles")
            os.mkdir(folder)
            p = subprocess.Popen([CPROF, "push", "-to", folder, "-rounds=1", self.url + "/slow"],
                                 stderr=subprocess.PIPE, text=True)
            while not self.server.asked:
                self.assertIsNone(p.poll())
            os.rmdir(folder)
            self.server.released.set()
            self.assertIn("No such file or directory; it is kept", p.stderr.readline())
            os.mkdir(folder)
            err = p.communicate(timeout=60)[1]
            self.assertEqual(p.returncode, 0, err)
            self.assertIn("the folder can be written again", err)
            self.assertRegex(" ".join(os.listdir(folder)), r"^cprof-slow\.\d{8}T\d{6}Z\.pb\.gz$")

    def test_what_cannot_be_fetched_is_told(self):
        out = subprocess.run([CPROF, "push", "-to", self.url, "-rounds=1", "http://127.0.0.1:1/heap"],
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(out.returncode, 2)
        self.assertIn("1 could not be fetched", out.stderr)

    def test_bad_command_lines(self):
        for words in ([], ["-to", self.url], ["-to", "nothing", self.url], ["-to", self.url, "file.pb.gz"],
                      ["-to", self.url, "-every=0", self.url], ["-nope"],
                      ["-to", "/", "-keep=0", self.url],
                      ["-to", self.url, "-tenant=a\r\nb", self.url]):
            out = subprocess.run([CPROF, "push", *words], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(out.returncode, 2, words)
            first, second = out.stderr.splitlines()
            self.assertRegex(first, "^cprof: push: .")
            self.assertRegex(second, "^usage: cprof push .*; for the flags: cprof help push$")


if __name__ == "__main__":
    unittest.main()
