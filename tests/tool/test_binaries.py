#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the binaries of a profile are looked for, and how the user overrides them. test_binaries.py CPROF"""

import ctypes
import os
import re
import shutil
import subprocess
import unittest

from analyzer import CPROF, CPU, TICK, AnalyzerTest, makeprofile


@unittest.skipUnless(shutil.which("gcc"), "needs gcc")
class Binaries(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.id = "0123456789abcdef0123456789abcdef01234567"
        self.binary = self.path("built")
        with open(self.path("x.c"), "w") as f:
            f.write("int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-o", self.binary, self.path("x.c"), "-Wl,--build-id=0x" + self.id], check=True)
        os.mkdir(self.path("bin"))

    def profile(self, **options):
        p = makeprofile.Maker(CPU, **options)
        p.sample(["f"], [1, TICK])
        return p.write(self.path("p.pb.gz"))

    def mapping(self, *args, **env):
        """(file, build id) of the first mapping, and stderr."""
        out, err = self.run_cprof("-raw", "-symbolize=none", *args, **env)
        words = out.split("\nMappings\n")[1].splitlines()[0].split()[2:]
        words = [w for w in words if not w.startswith("[")]
        return tuple(words), err

    def place(self, name):
        path = self.path(os.path.join("bin", name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(self.binary, path)
        return path

    def found(self, **options):
        return self.mapping(self.profile(mapping="/opt/app/prog", **options), PPROF_BINARY_PATH=self.path("bin"))[0][0]

    def test_by_build_id(self):
        for name in (self.id + "/prog", self.id + "/other", "opt/app/prog/" + self.id,
                     "01/%s.debug" % self.id[2:]):
            with self.subTest(name):
                path = self.place(name)
                self.assertEqual(self.found(build_id=self.id), path)
                shutil.rmtree(self.path("bin"))

    def test_by_name(self):
        for name in ("prog", "opt/app/prog", "opt/app/prog.debug", "opt/app/.debug/prog.debug",
                     "usr/lib/debug/opt/app/prog.debug"):
            with self.subTest(name):
                path = self.place(name)
                self.assertEqual(self.found(), path)
                shutil.rmtree(self.path("bin"))

    def test_another_build_is_not_taken(self):
        path = self.place("prog")
        p = self.profile(mapping="/opt/app/prog", build_id="ffff")
        words, err = self.mapping(p, PPROF_BINARY_PATH=self.path("bin"))
        self.assertEqual(words[0], "/opt/app/prog")
        self.assertEqual(err, "Ignoring local file %s: build-id mismatch (ffff != %s)\n" % (path, self.id))

    def test_what_is_no_binary_is_not_taken(self):
        with open(self.path("bin/prog"), "w") as f:
            f.write("#!/bin/sh\n")
        self.assertEqual(self.found(), "/opt/app/prog")

    def test_the_first_argument_may_be_the_binary(self):
        self.assertEqual(self.mapping(self.binary, self.profile())[0][0], self.binary)

    def test_the_first_argument_may_be_the_build_id(self):
        self.assertEqual(self.mapping("abcd", self.profile())[0], ("/bin/prog", "abcd"))
        # One the profile has is not replaced.
        self.assertEqual(self.mapping("-buildid=abcd", self.profile(build_id="ee"))[0], ("/bin/prog", "ee"))

    def test_a_profile_without_mappings_gets_one(self):
        self.assertEqual(self.mapping(self.binary, self.profile(mapping=None))[0], (self.binary,))


@unittest.skipUnless(shutil.which("gcc"), "needs gcc")
class Unsymbolizable(AnalyzerTest):
    """Real programs that cannot be symbolized: one line says which and why."""

    def setUp(self):
        super().setUp()
        with open(self.path("prog.c"), "w") as f:
            f.write("volatile long sink;\n__attribute__((noinline, weak)) void spin(void) { for (long i = 0; i < "
                    "300000000; i++) sink += i; }\nint main(void) { spin(); return 0; }\n"
                    "void aspin(void) __attribute__((alias(\"spin\")));\n"
                    "void __spin(void) __attribute__((alias(\"spin\")));\n")
        subprocess.run(["gcc", "-g", "-O1", "prog.c", "-o", "prog"], cwd=self.dir, check=True)

    def record(self):
        subprocess.run([CPROF, "run", "-cpuprofile", "cpu.pb.gz", "--", "./prog"], cwd=self.dir, check=True,
                       capture_output=True)

    def failures(self):
        """What -top prints, and the lines about the program."""
        out, err = self.run_cprof("-top", "cpu.pb.gz")
        return out, [line for line in err.splitlines() if "prog" in line]

    def failure(self):
        """The one line about the program."""
        _, lines = self.failures()
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def test_known(self):
        self.record()
        out, lines = self.failures()
        self.assertRegex(out, r"  spin\n")
        self.assertEqual(lines, [])

    def test_stripped(self):
        subprocess.run(["strip", "prog"], cwd=self.dir, check=True)
        self.record()
        out, lines = self.failures()
        self.assertRegex(out, r"  \[prog\]\n")
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"^Local symbolization failed for %s: none of its \d+ addresses is in its symbol "
                                   r"table or debug information$" % re.escape(os.path.realpath(self.path("prog"))))

    def test_several_stripped_are_one_line(self):
        with open(self.path("part.c"), "w") as f:
            f.write("volatile long sunk;\nstatic void spin(void) { for (long i = 0; i < 200000000; i++) sunk += i; }\n"
                    "void (*part)(void) = spin;\n")
        with open(self.path("whole.c"), "w") as f:
            f.write("extern void (*part)(void);\n"
                    "int main(void) { part(); for (volatile long i = 0; i < 200000000; i++) ; return 0; }\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "part.c", "-o", "libpart.so"], cwd=self.dir, check=True)
        subprocess.run(["gcc", "whole.c", "./libpart.so", "-o", "prog"], cwd=self.dir, check=True)
        subprocess.run(["strip", "prog", "libpart.so"], cwd=self.dir, check=True)
        self.record()
        line = self.failure()
        self.assertRegex(line, r"^Local symbolization failed for \d files: none of their addresses is in their "
                               r"symbol tables or debug information: ")
        self.assertRegex(line, r"/prog \(\d+\)")
        self.assertRegex(line, r"/libpart\.so \(\d+\)")

    def test_gone(self):
        self.record()
        os.unlink(self.path("prog"))
        self.assertRegex(self.failure(), r"^Local symbolization failed for prog \(build ID \w+\): stat \S*/prog: no "
                                         r"such file or directory$")

    def test_a_pipe_in_its_place(self):
        """Opening it waited for somebody who would write there."""
        self.record()
        os.unlink(self.path("prog"))
        os.mkfifo(self.path("prog"))
        self.assertRegex(self.failure(), r"^Local symbolization failed for prog \(build ID \w+\): error reading magic "
                                         r"number from \S*/prog: it is not a regular file$")

    def test_what_is_no_file_is_not_opened(self):
        """A profile may name /dev/watchdog, which restarts the machine when it was opened once."""
        self.record()
        libc, opened = ctypes.CDLL(None), 0x20
        for name, words in ("prog.c", ["-list", "spin"]), ("prog", ["-top"]), ("prog", ["-disasm", "."]):
            os.unlink(self.path(name))
            os.mkfifo(self.path(name))
            watch = libc.inotify_init1(os.O_NONBLOCK)
            self.assertGreater(libc.inotify_add_watch(watch, self.path(name).encode(), opened), 0)
            self.run_cprof(*words, "cpu.pb.gz")
            self.assertRaises(BlockingIOError, os.read, watch, 4096)
            os.close(watch)

    def test_other_build(self):
        self.record()
        os.rename(self.path("prog"), self.path("of_before"))
        subprocess.run(["gcc", "-g", "-O0", "prog.c", "-o", "prog"], cwd=self.dir, check=True)
        _, err = self.run_cprof("-top", "cpu.pb.gz")
        self.assertRegex(err, r"(?m)^Local symbolization failed for prog \(build ID \w+\): build ID mismatch$")
        self.assertIn("Lines and inlined functions are missing where the binary has been rebuilt.\n"
                      "Keep old ones as BUILD-ID/NAME in a directory of PPROF_BINARY_PATH (~/pprof/binaries).\n", err)
        build_id = re.search(r"build ID (\w+)", err).group(1)
        os.makedirs(self.path("kept/" + build_id))
        os.rename(self.path("of_before"), self.path("kept/%s/prog" % build_id))
        out, err = self.run_cprof("-list", "spin", "cpu.pb.gz", PPROF_BINARY_PATH=self.path("kept"))
        self.assertNotIn("prog", err)
        self.assertIn("sink += i", out)


if __name__ == "__main__":
    unittest.main(argv=["test_binaries"], verbosity=1)
