#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof run` where file systems are full or missing. In a mount namespace of its own: needs root, or a kernel that
lets users have one. CPROF_BUILD is the build directory."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
LEAVE = os.path.join(BUILD, "tests/preload/preload_leave")


class MountsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def run_sh(self, code):
        own_mounts = (["--mount", "--propagation", "unchanged"] if os.getuid() == 0  # also where / is no mount point
                      else ["--user", "--map-root-user", "--mount"])
        done = subprocess.run(["unshare", *own_mounts, "sh", "-c", code], cwd=self.dir, capture_output=True, text=True,
                              env={**os.environ, "CPROF": os.path.join(BUILD, "tool/cprof"), "LEAVE": LEAVE})
        self.assertNotRegex(done.stderr, "unshare|mount:", "needs root or user namespaces")
        self.assertEqual(done.returncode, 7, done.stderr)
        return done

    def test_a_full_disk_ends_nothing(self):
        """A file system of one block, which a second program fills while the first runs."""
        os.mkdir(os.path.join(self.dir, "full"))
        done = self.run_sh("""mount -t tmpfs -o size=16k none full || exit 99
            cd full; dd if=/dev/zero of=fill bs=4k 2>/dev/null
            "$CPROF" run "$LEAVE" return 300; s=$?; ls; cd ..; umount full; exit $s""")
        self.assertEqual(done.stdout, "fill\n")
        self.assertIn("No space left on device", done.stderr)

    def read_with_stacks(self, name):
        """The CPU profile; most of its time has stacks."""
        p = profile.read(os.path.join(self.dir, name))
        cpu_ns = p.by_function("cpu")
        self.assertGreater(sum(ns for name, ns in cpu_ns.items() if not name.startswith("[")), 300e6, cpu_ns)
        return p

    def test_without_proc(self):
        """The library was not found, the first thread had no stacks, and its time was said to be that of children."""
        done = self.run_sh('mount -t tmpfs none /proc || exit 99\n'
                           'exec "$CPROF" run -cpuprofile cpu "$LEAVE" return 500')
        self.assertRegex(done.stderr, r"^cprof: wrote cpu \(0\.\d\d s of CPU.*\n$")
        p = self.read_with_stacks("cpu")
        self.assertEqual(p.mappings[0].file, LEAVE)

    def test_proc_of_another_pid_namespace(self):
        """The ids in it were taken for ours: the thread was not found, and none of its time had a stack."""
        done = self.run_sh('exec unshare --pid --fork "$CPROF" run -cpuprofile cpu -wallprofile wall "$LEAVE" '
                           'return 500')
        self.assertRegex(done.stderr, r"^cprof: wrote cpu \(0\.\d\d s of CPU.*\ncprof: wrote wall;.*\n$")
        p = self.read_with_stacks("cpu")
        for p in p, profile.read(os.path.join(self.dir, "wall")):
            self.assertIn("another PID namespace", "\n".join(p.comments))

    def test_same_ids_in_other_pid_namespaces(self):
        """As in the sandboxes of a build, each with a process 1: of those that ran at once one left a profile."""
        done = self.run_sh('exec "$CPROF" run -cpuprofile cpu.%p -memprofile mem.%p -memprofilerate 1 sh -c \''
                           'for i in 1 2 3; do unshare --pid --fork "$LEAVE" return 500 & done; wait; exit 7\'')
        self.assertRegex(done.stderr, r"wrote cpu\.\* \(1\.\d\d s of CPU.*, [3-7] processes\)")
        for kind in "cpu", "mem":
            names = [n for n in os.listdir(self.dir) if re.fullmatch(kind + r"\.1@\d+(\.1)?", n)]
            self.assertEqual(len(names), 3, os.listdir(self.dir))
        for name in [n for n in os.listdir(self.dir) if n.startswith("cpu.1")]:
            self.read_with_stacks(name)

    def test_another_root(self):
        """The file cannot be where it was asked for; the line says where it is."""
        os.makedirs(os.path.join(self.dir, "root", self.dir[1:]))
        done = self.run_sh('"$CPROF" run -memprofile mem python3 -c '
                           '"import os, sys; os.chroot(\'root\'); os.chdir(\'/\'); sys.exit(7)"')
        self.assertRegex(done.stderr, "^cprof: no profile: mem: .*below the new root")
        self.assertEqual(os.listdir(self.dir), ["root"])
        profile.read(os.path.join(self.dir, "root", self.dir[1:], "mem"))


if __name__ == "__main__":
    unittest.main()
