#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Costs put beside source lines and instructions: -list, -disasm, -weblist. test_sources.py CPROF SOURCE_DIR"""

import gzip
import os
import re
import subprocess
import sys
import unittest

SOURCES = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else os.path.dirname(__file__)
from analyzer import CPU, TICK, AnalyzerTest, makeprofile  # noqa: E402
from makeprofile import integer, message  # noqa: E402

LISTING = """\
Total: 60ms
ROUTINE ======================== busy in src/code.c
      30ms       50ms (flat, cum) 83.33% of Total
         .          .      2:line 2
         .          .      3:line 3
         .          .      4:line 4
         .          .      5:line 5
         .          .      6:line 6
      10ms       10ms      7:line 7
         .          .      8:line 8
      20ms       40ms      9:\tline 9
         .          .     10:line 10
         .          .     11:line 11
         .          .     12:line 12
"""


class List(AnalyzerTest):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("work/sub"))
        os.mkdir(self.path("work/src"))
        with open(self.path("work/src/code.c"), "w") as f:
            f.write("".join("line %d\n" % n if n != 9 else "\tline 9\r\n" for n in range(1, 13)))
        p = makeprofile.Maker(CPU)
        p.sample([("busy", "src/code.c", 7)], [1, TICK])
        p.sample([("busy", "src/code.c", 9), "main"], [2, 2 * TICK])
        p.sample([("leaf", "/no/such/file.c", 1), ("busy", "src/code.c", 9)], [2, 2 * TICK])
        p.sample(["bare"], [1, TICK])
        p.write(self.path("p.pb.gz"))

    def list(self, pattern, *options, status=0):
        return self.run_cprof("-symbolize=none", *options, "-list=" + pattern, self.path("p.pb.gz"), status=status)

    def test_listing(self):
        """The file is found in the search path, in its parents, and after trimming."""
        for path in "work", "work/sub", "nowhere:work/sub":
            self.assertEqual(self.list("busy", "-source_path=" + ":".join(
                self.path(p) for p in path.split(":")))[0], LISTING)

    def test_nothing_to_show(self):
        out, _ = self.list("leaf|bare|busy", "-source_path=" + self.path("nowhere"))
        self.assertIn("No source information for bare\n", out)
        self.assertIn(" Error: open /no/such/file.c: no such file or directory\n", out)
        self.assertIn(" Error: could not find file src/code.c on path %s\n" % self.path("nowhere"), out)
        self.assertIn("no matches found for regexp: absent", self.list("absent", status=2)[1])


class Code(AnalyzerTest):
    """A program with known inlining, and a profile of addresses in it."""

    def setUp(self):
        super().setUp()
        self.binary = self.path("program")
        source = SOURCES + "/inlining.c"
        subprocess.run(["gcc", "-g", "-O2", source, "-o", self.binary], check=True)
        symbols = subprocess.run(["nm", self.binary], check=True, capture_output=True, text=True).stdout
        self.marks = {m[2]: int(m[1], 16) for m in re.finditer(r"(?m)^(\w+) T mark_(\w+)$", symbols)}
        with open(source) as f:
            self.lines = {m[1]: n for n, line in enumerate(f, 1) for m in [re.search(r"// ((?:line|call) \w+)", line)]
                          if m}
        self.write_profile({"inlined_twice": 3, "plain": 1})

    def write_profile(self, costs):
        load = 0x10000000
        code = re.search(r"LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x\w+ 0x(\w+) R E", subprocess.run(
            ["readelf", "-lW", self.binary], check=True, capture_output=True, text=True).stdout)
        offset, address, size = (int(code[i], 16) for i in (1, 2, 3))
        strings = ["", "samples", "count", self.binary]
        out = message(1, integer(1, 1) + integer(2, 2))
        out += message(3, integer(1, 1) + integer(2, load) + integer(3, load + size + 4095 & ~4095) +
                       integer(4, offset) + integer(5, 3))
        for number, (mark, cost) in enumerate(costs.items(), 1):
            out += message(2, integer(1, number) + integer(2, cost))
            out += message(4, integer(1, number) + integer(2, 1) +
                           integer(3, load + self.marks[mark] - address))
        with gzip.open(self.path("p.pb.gz"), "wb") as f:
            f.write(out + b"".join(message(6, s.encode()) for s in strings))

    def test_lines(self):
        out, _ = self.run_cprof("-top", "-lines", self.path("p.pb.gz"))
        rows = [line.split()[3:] for line in out.splitlines() if "inlining.c" in line]
        where = "%s/inlining.c:%%d" % SOURCES
        self.assertEqual(sorted((r[2], r[3], r[0]) for r in rows), sorted([
            ("innermost", where % self.lines["line innermost"], "3"),
            ("middle", where % self.lines["call innermost"], "3"),
            ("outer", where % self.lines["call middle"], "3"),
            ("outer", where % self.lines["line plain"], "1")]))

    def test_disasm(self):
        out, _ = self.run_cprof("-disasm=^outer$", self.path("p.pb.gz"))
        self.assertTrue(out.startswith("Total: 4\nROUTINE ======================== outer\n"
                                       "         4          4 (flat, cum)   100% of Total\n"), out[:200])
        costs = {int(m[2], 16): m[1] for m in re.finditer(r"(?m)^ +(\d+) +\d+ +([0-9a-f]+): nop", out)}
        self.assertEqual(costs, {self.marks["inlined_twice"]: "3", self.marks["plain"]: "1"})
        self.assertRegex(out, r" nop +;<?\w+>? inlining.c:%d\n" % self.lines["line plain"])
        address = 0x10000000 + self.marks["plain"] % 0x1000
        by_address, _ = self.run_cprof("-disasm=%#x" % address, self.path("p.pb.gz"))
        self.assertIn("ROUTINE ======================== outer\n", by_address)

    def test_weblist(self):
        self.run_cprof("-weblist=innermost|outer", "-output=" + self.path("page.html"), self.path("p.pb.gz"))
        with open(self.path("page.html")) as f:
            page = f.read()
        self.assertIn("<title>program samples</title>", page)
        self.assertRegex(page, r"<h2>innermost</h2><p class=\"filename\">%s/inlining.c</p>" % re.escape(SOURCES))
        innermost = re.search(r"<h2>innermost</h2>.*?</pre>", page, re.S)[0]
        self.assertRegex(innermost, r"Total: +3 +3 \(flat, cum\) 75.00%")
        self.assertRegex(innermost, r"<span class=line> +%d</span> <span class=livesrc> +3 +3 +\tMARK\(inlined_twice"
                         % self.lines["line innermost"])
        outer = re.search(r"<h2>outer</h2>.*?</pre>", page, re.S)[0]
        # Under the line of the call: the inlined calls, then the instruction.
        call = re.search(r"(?s)> +%d</span> <span class=livesrc>.*?</span>\n(?=<span class=line>)"
                         % self.lines["call middle"], outer)[0]
        self.assertRegex(call, r"<span class=inlinesrc> +innermost\(x \+ 1\);".replace(r"\+", "&#43;"))
        self.assertRegex(call, r" 3 +3 +%x: +nop" % self.marks["inlined_twice"])

    def test_no_binary(self):
        os.rename(self.binary, self.binary + ".gone")
        _, err = self.run_cprof("-disasm=outer", self.path("p.pb.gz"), status=2)
        self.assertIn("stat %s: no such file or directory" % self.binary, err)


if __name__ == "__main__":
    unittest.main()
