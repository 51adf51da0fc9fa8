#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests of Go's net/http/pprof, one by one, of a C program: test_go.py HOGS

Each test has the name of Go's, and checks what that does; hogs.c is the program."""

import contextlib
import gzip
import http.client
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

HOGS = os.path.abspath(sys.argv.pop(1))
BINARY, TEXT, HTML = "application/octet-stream", "text/plain; charset=utf-8", "text/html; charset=utf-8"


class GoTest(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([HOGS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.port = int(self.process.stdout.readline())

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def get(self, path):
        with contextlib.closing(http.client.HTTPConnection("localhost", self.port, timeout=120)) as c:
            c.request("GET", path)
            r = c.getresponse()
            return r.status, r.headers, r.read()

    def query(self, path):
        status, _, body = self.get(path)
        self.assertEqual(status, 200, body)
        return profile.parse(gzip.decompress(body))

    def seen(self, p, name):
        return any(name in f.name for s in p.samples for f in s.stack)


class Handlers(GoTest):
    def test_descriptions(self):
        """Every profile the program did not make itself is described on the index."""
        page = self.get("/debug/pprof/")[2].decode()
        rows = re.findall(r'<tr><td class="count">.*?>([a-z]+)</a></td><td>(.*?)</td>', page)
        self.assertLessEqual({"allocs", "block", "heap", "mutex", "threadcreate", "threads"}, set(dict(rows)))
        for name, text in rows:
            self.assertTrue(text, name)

    def test_handlers(self):
        for path, status, content_type, disposition, body in [
                ("%3Cscript%3Escripty%3Cscript%3E", 404, TEXT, None, b"Unknown profile\n"),
                ("heap", 200, BINARY, 'attachment; filename="heap"', None),
                ("heap?debug=1", 200, TEXT, None, None),
                ("cmdline", 200, TEXT, None, None),
                ("profile?seconds=1", 200, BINARY, 'attachment; filename="profile"', None),
                ("symbol", 200, TEXT, None, None),
                ("trace", 200, BINARY, 'attachment; filename="trace"', None),
                ("mutex", 200, BINARY, 'attachment; filename="mutex"', None),
                ("block?seconds=1", 200, BINARY, 'attachment; filename="block-delta"', None),
                ("goroutine?seconds=1", 200, BINARY, 'attachment; filename="goroutine-delta"', None),
                ("", 200, HTML, None, None)]:
            with self.subTest(path):
                got, headers, answer = self.get("/debug/pprof/" + path)
                self.assertEqual(got, status)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["Content-Type"], content_type)
                self.assertEqual(headers["Content-Disposition"], disposition)
                if status != 200:
                    self.assertEqual(headers["X-Go-Pprof"], "1")
                    self.assertEqual(answer, body)


class Deltas(GoTest):
    def test_delta_profile(self):
        """What was before is in no delta; what comes is."""
        p = None
        while not p or not self.seen(p, "mutex_hog_1"):  # some milliseconds may pass without a fight
            self.say("1")
            self.process.stdout.readline()
            p = self.query("/debug/pprof/mutex")
        self.say("2")
        for seconds in 1, 4, 16, 32:
            p = self.query("/debug/pprof/mutex?seconds=%d" % seconds)
            self.assertFalse(self.seen(p, "mutex_hog_1"))
            if self.seen(p, "mutex_hog_2"):
                break
        self.assertTrue(self.seen(p, "mutex_hog_2"))
        self.assertGreater(p.duration_ns, 0)
        p = self.query("/debug/pprof/mutex")
        self.assertTrue(self.seen(p, "mutex_hog_1") and self.seen(p, "mutex_hog_2"))

    def test_delta_profile_empty_base(self):
        """A delta against nothing, and one of nothing, say what they count."""
        types = [("contentions", "count"), ("delay", "nanoseconds")]
        empty = self.query("/debug/pprof/mutex?seconds=1")
        self.say("2")
        for seconds in 1, 4, 16, 32:
            p = self.query("/debug/pprof/mutex?seconds=%d" % seconds)
            if p.samples:
                break
        self.assertTrue(p.samples)
        self.assertEqual(empty.samples, [])
        for one in empty, p:
            self.assertEqual([tuple(t) for t in one.sample_types], types)
            self.assertEqual(tuple(one.period_type), types[0])
            self.assertEqual(one.period, 1)


unittest.main()
