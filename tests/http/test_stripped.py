#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that was stripped, and is gone from the disk: its names come from itself, asked by -symbolize=remote.
test_stripped.py BUILD"""

import os
import socket
import subprocess
import sys
import time
import unittest
import urllib.request
from tempfile import TemporaryDirectory

CPROF = os.path.join(os.path.abspath(sys.argv.pop(1)), "tool/cprof")
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
void wait_for_end(void) __asm__("_ZN5space12wait_for_endEv");
static void *volatile kept;
__attribute__((noipa)) void wait_for_end(void) { puts("ready"); fflush(stdout); while (getchar() != EOF) kept = NULL; }
__attribute__((noipa)) void fill(void) { for (int i = 0; i < 1000; i++) kept = malloc(100000); }
int main(void) { fill(); wait_for_end(); return 0; }
"""


class Stripped(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, program = folder.name, folder.name + "/program"
        # -rdynamic: what strip leaves are the names a program exports.
        subprocess.run(["gcc", "-O1", "-x", "c", "-", "-rdynamic", "-o", program], input=PROGRAM, text=True, check=True)
        subprocess.run(["strip", program], check=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen([CPROF, "run", "-http", "127.0.0.1:%d" % self.port, "--", program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end)
        self.process.stdout.readline()
        while not self.accepts() and self.process.poll() is None:
            time.sleep(0.01)
        os.unlink(program)

    def end(self):
        self.process.communicate(timeout=60)
        self.assertEqual(self.process.returncode, 0)

    def accepts(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def top(self, mode, profile):
        url = "http://127.0.0.1:%d/debug/pprof/%s" % (self.port, profile)
        result = subprocess.run([CPROF, "-top", "-symbolize=" + mode, url], capture_output=True, text=True, timeout=60,
                                env={"HOME": self.folder, "PATH": os.environ["PATH"]}, check=True)
        return result.stdout + result.stderr

    def test_addresses_alone(self):
        """debug=1 gives addresses."""
        for profile, names in (("heap?debug=1", ("fill", "main")),
                               ("threads?debug=1", ("space::wait_for_end", "main"))):
            without, remote = self.top("none", profile), self.top("remote", profile)
            for name in names:
                self.assertNotRegex(without, r"(?m)  %s$" % name)
                self.assertRegex(remote, r"(?m)  %s$" % name)

    def ask(self, name):
        with urllib.request.urlopen("http://127.0.0.1:%d/debug/pprof/%s" % (self.port, name)) as r:
            return r.read().decode()

    def test_names_for_people(self):
        """What the program writes as text has them demangled."""
        for name in "threads?debug=1", "threads?debug=2", "flamegraph?profile=threads":
            self.assertRegex(self.ask(name), r"\bspace::wait_for_end\b")
        self.assertNotIn("_ZN5space", self.ask("threads?debug=2"))

    def test_binary_gone(self):
        """The profile names what it can itself, and says where the rest could not be read."""
        out = self.top("local:force", "heap")
        self.assertRegex(out, r"(?m)  fill$")
        self.assertIn("Local symbolization failed for program (build ID ", out)
        self.assertIn("/program: no such file or directory", out)


unittest.main()
