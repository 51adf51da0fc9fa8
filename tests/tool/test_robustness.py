#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Wrong inputs and poor surroundings: one clear line and status 2, or the report all the same.
test_robustness.py CPROF"""

import gzip
import os
import subprocess
import unittest

from analyzer import CPROF, AnalyzerTest, cpu_profile, zstd

DEPTH = 100_000
# A function at main that holds DEPTH scopes, each inside the one before.
DEEP_DWARF = """
	.text
	.globl main
	.type main, @function
main:	ret
	nop
	nop
end:	.size main, . - main
	.section .debug_abbrev, "", @progbits
	.uleb128 1, 0x11			# compile unit
	.byte 1
	.uleb128 0x11, 1, 0x12, 6, 0, 0
	.uleb128 2, 0x2e			# subprogram
	.byte 1
	.uleb128 3, 8, 0x11, 1, 0x12, 6, 0, 0
	.uleb128 3, 0x0b			# lexical block
	.byte 1
	.uleb128 0x11, 1, 0x12, 6, 0, 0
	.uleb128 4, 0x1d			# inlined call of it
	.byte 1
	.uleb128 0x31, 0x13, 0x11, 1, 0x12, 6, 0, 0
	.byte 0
	.section .debug_info, "", @progbits
unit:	.long unit_end - version
version: .short 4
	.long 0
	.byte 8
	.uleb128 1
	.quad main
	.long end - main
function: .uleb128 2
	.asciz "deep"
	.quad main
	.long end - main
	.rept %(depth)d
	.uleb128 %(scope)d
	%(origin)s
	.quad main
	.long end - main
	.endr
	.zero %(depth)d + 2
unit_end:
	.section .note.GNU-stack, "", @progbits
"""


class Inputs(AnalyzerTest):
    def refused(self, name, *reasons):
        out, err = self.run_cprof("-top", name, status=2)
        self.assertEqual(out, "")
        first, second = err.splitlines()
        self.assertTrue(first.startswith(name + ": "), err)
        for reason in reasons:
            self.assertIn(reason, first)
        self.assertEqual(second, "pprof: failed to fetch any source profiles")

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return name

    def write_heap(self, address, mapping, program):
        self.write("addresses", b"heap profile: 1: 1 [ 1: 1] @ heapprofile\n1: 1 [1: 1] @ 0x%x\n\nMAPPED_LIBRARIES:\n"
                   b"%s 08:01 42 %s\n" % (address, mapping, self.path(program).encode()))

    def test_what_is_no_profile(self):
        os.mkdir(self.path("directory"))
        self.refused("directory", "read directory: is a directory")
        self.refused("/dev/null", "empty input file")
        self.refused("nosuch", "stat nosuch: no such file or directory")
        self.refused(self.write("text", b"hello\n" * 1000), "unrecognized profile format")
        self.refused(CPROF, "unrecognized profile format (a program; cprof run makes its profile)")
        self.refused(self.write("cut", cpu_profile().gzipped()[:100]), "decompressing profile: unexpected EOF")

    def test_help_is_for_one_thing(self):
        for topic in ("run", "top", "nosuch"):
            self.assertIn("one command or option", self.run_cprof("help", topic, "extra", status=2)[1])

    def test_larger_than_any_profile(self):
        with open(self.path("large"), "wb") as f:
            f.truncate(1 << 32)
        self.refused("large", "more than 4000 MiB")

    def test_a_device_that_never_ends(self):
        """4,000 MiB of it were read before that was too much."""
        self.refused("/dev/zero", "read /dev/zero: more than 1 MiB from a device")

    def test_a_bomb_of_gzip(self):
        self.refused(self.write("bomb", gzip.compress(bytes(1 << 28))), "refused as a gzip bomb")

    def test_zstd(self):
        plain = gzip.decompress(cpu_profile().gzipped())
        self.write("whole", plain)
        self.write("whole.zst", zstd(plain[:10], plain[10:]) + zstd())
        self.assertEqual(self.run_cprof("-raw", "whole.zst"), self.run_cprof("-raw", "whole"))
        self.refused(self.write("cut", zstd(plain, is_whole=False)), "decompressing profile: zstd: Src size")
        self.refused(self.write("bomb", zstd(run_bytes=1 << 28)), "refused as a zstd bomb")

    def test_nested_without_end(self):
        for scope, origin in ((3, ""), (4, ".long function - unit"), (2, '.asciz "deep"')):
            with open(self.path("deep.s"), "w") as f:
                f.write(DEEP_DWARF % {"depth": DEPTH, "scope": scope, "origin": origin})
            subprocess.run(["gcc", "-no-pie", "deep.s", "-o", "deep"], cwd=self.dir, check=True)
            out = subprocess.run(["nm", "deep"], cwd=self.dir, check=True, capture_output=True, text=True).stdout
            main = next(int(line.split()[0], 16) for line in out.splitlines() if line.endswith(" T main"))
            self.write_heap(main + 2, b"00400000-00404000 r-xp 00000000", "deep")
            self.assertRegex(self.run_cprof("-top", "addresses")[0], r"\b(main|deep \(inline\))\n")

    def test_an_object_file_whose_symbol_table_is_gone(self):
        # libdw asks for its debug information elsewhere while it is opened.
        subprocess.run(["gcc", "-g", "-c", "-xc", "-", "-o", "object"], cwd=self.dir, check=True,
                       input=b"int f(int x) { return x; } int g(int x) { return f(x); }")
        with open(self.path("object"), "rb") as f:
            data = bytearray(f.read())
        headers, count = int.from_bytes(data[0x28:0x30], "little"), int.from_bytes(data[0x3c:0x3e], "little")
        for at in range(headers, headers + 64 * count, 64):
            if data[at + 4] == 2:  # SHT_SYMTAB
                data[at + 4] = 1
        self.write("object", data)
        self.write_heap(0x400001, b"00400000-00401000 r-xp 00000000", "object")
        self.assertIn("100%", self.run_cprof("-top", "addresses")[0])

    def test_hostile_section_headers(self):
        subprocess.run(["gcc", "-g", "-xc", "-", "-o", "prog"], input=b"int main(void) { return 0; }", cwd=self.dir,
                       check=True)
        with open(self.path("prog"), "rb") as f:
            good = f.read()
        headers = int.from_bytes(good[0x28:0x30], "little")
        damages = {0x28: b"\xf0" + b"\xff" * 7, 0x3c: b"\xff\xff", 0x3e: b"\xff\xff", 0x3a: b"\1\0",
                   headers + 64 * 5 + 0x18: b"\xff" * 8, headers + 64 * 5 + 0x20: b"\xff" * 8}
        for at, damage in damages.items():
            self.write("bad", good[:at] + damage + good[at + len(damage):])
            self.write_heap(0x555555555130, b"555555555000-555555556000 r-xp 00001000", "bad")
            out, _ = self.run_cprof("-top", "addresses")
            self.assertIn("100%", out)


class Surroundings(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.cpu = cpu_profile().write(self.path("cpu.pb.gz"))

    def sh(self, script, **env):
        r = subprocess.run(["sh", "-c", script], capture_output=True, cwd=self.dir, timeout=60, text=True,
                           env={**self.env, **env, "CPROF": CPROF})
        return r.returncode, r.stderr

    def test_nowhere_to_write(self):
        for words in ("-top cpu.pb.gz", "-raw cpu.pb.gz", "-proto cpu.pb.gz", "-svg cpu.pb.gz", "help", "help top",
                      "version", "trace -h", "run -h", "push -h"):
            with self.subTest(words):
                self.assertEqual(self.sh('"$CPROF" %s >/dev/full' % words),
                                 (2, "pprof: write /dev/stdout: no space left on device\n"))
                self.assertEqual(self.sh('"$CPROF" %s >&-' % words),
                                 (2, "pprof: write /dev/stdout: bad file descriptor\n"))
        self.assertEqual(self.sh('"$CPROF" -top -output=nosuch/x cpu.pb.gz'),
                         (2, "Generating report in nosuch/x\npprof: open nosuch/x: no such file or directory\n"))

    def test_half_a_file_is_none(self):
        """What a full disk had left of a report, a profile that was to be kept or a trace stayed behind."""
        big = cpu_profile()
        for i in range(2000):
            big.sample(["f%d" % (i * 7919 % 2000), "main"], [1, i])
        big.write(self.path("big.pb.gz"))
        for words in "-raw -output=out big.pb.gz", "-proto -output=out big.pb.gz", "-svg -output=out cpu.pb.gz":
            with self.subTest(words):
                script = "trap '' XFSZ; ulimit -f 1; \"$CPROF\" " + words
                self.assertEqual(self.sh(script), (2, "Generating report in out\npprof: write out: file too large\n"))
                self.assertFalse(os.path.exists(self.path("out")))
        script = "trap '' XFSZ; ulimit -f 1; \"$CPROF\" -web cpu.pb.gz"
        self.assertEqual(self.sh(script, TMPDIR=self.dir),
                         (2, "pprof: write %s: file too large\n" % self.path("pprof001.svg")))
        self.assertFalse(os.path.exists(self.path("pprof001.svg")))

    def test_nobody_reads(self):
        status, err = self.sh('("$CPROF" -raw cpu.pb.gz; echo $? >status) | true')
        self.assertEqual((status, err), (0, ""))

    def test_no_home(self):
        want = self.run_cprof("-top", "cpu.pb.gz")
        del self.env["HOME"]
        self.assertEqual(self.run_cprof("-top", "cpu.pb.gz"), want)
        self.assertEqual(self.run_cprof("cpu.pb.gz", stdin="top\n")[0], want[0].split("\n", 3)[3])

    def test_languages(self):
        accented = cpu_profile(comments=["é"])
        accented.sample(["naïve"], [1, 1])
        accented.write(self.cpu)
        want = self.run_cprof("-top", "-focus=na.ve", "cpu.pb.gz", LC_ALL="C")
        self.assertIn("naïve", want[0])
        self.assertEqual(self.run_cprof("-top", "-focus=na.ve", "cpu.pb.gz", LC_ALL="C.UTF-8"), want)

    def test_a_viewer_that_fails(self):
        self.assertRegex(self.run_cprof("-web", "cpu.pb.gz", BROWSER="false", status=2)[1],
                         r"^pprof: the viewer of /tmp/pprof\d+\.svg: exit status 1\n$")


if __name__ == "__main__":
    unittest.main(argv=["test_robustness"], verbosity=1)
