#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the files of `cprof run` are when they are nowhere as simple as its flags say. CPROF_BUILD is the build
directory."""

import glob
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
import trace  # noqa: E402

BUILD = os.path.abspath(os.environ["CPROF_BUILD"])
CPROF = os.path.join(BUILD, "tool/cprof")
LIBRARY = os.path.join(BUILD, "lib/libcprof-preload.so")
LEAVE = os.path.join(BUILD, "tests/preload/preload_leave")
DROP = os.path.join(BUILD, "tests/preload/preload_drop")

# Whose parent leaves no heap profile.
BECOMES_A_DAEMON = """
import os, time
if os.fork():
    os.kill(os.getpid(), 9)
for fd in range(3):
    os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while not os.path.exists("stop"):
    time.sleep(0.01)
"""

# As who sets its groups, its group and its user in turn.
CHANGES_USERS = """
import os
for _ in range(60):
    os.setgid(0)
os.setgid(65534)
os.setuid(65534)
"""


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def path(self, name):
        return os.path.join(self.dir, name)

    def test_a_clock_of_its_own(self):
        """A file server's, or one that is set meanwhile: what was written was taken for older than the run."""
        old = self.path("cpu.1")
        with open(old, "w", encoding="ascii") as f:
            f.write("an earlier run's")
        os.utime(old, (4e9, 4e9))  # which is no newer for that
        run = subprocess.run([CPROF, "run", "-cpuprofile", "cpu.%p", "sh", "-c",
                              "%s return 300; touch -d 2001-01-01 cpu.??*" % LEAVE], cwd=self.dir,
                             capture_output=True, text=True, check=True)
        # Of touch, too, where the machine is slow.
        self.assertRegex(run.stderr, r"^cprof: wrote cpu\.(\d\d+|\*) \(0\.\d\d s of CPU")

    def test_a_link_to_the_output_stays_one(self):
        """As /dev/stdout is: root's profile took its place, and the output had none."""
        link, out = self.path("link"), self.path("out")
        os.symlink("/proc/self/fd/1", link)
        script = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exec %s return 1500" % LEAVE
        for command in ([CPROF, "run", "-cpuprofile", link],
                        ["env", "LD_PRELOAD=" + LIBRARY, "CPROF_CPUPROFILE=" + link]):
            with open(out, "wb") as f:
                subprocess.run([*command, "sh", "-c", script], stdout=f, stderr=subprocess.PIPE, timeout=60)
            self.assertTrue(os.path.islink(link))
            self.assertLessEqual(set(os.listdir(self.dir)), {"link", "out", "out.1"})  # .1: before exec
            self.assertGreater(profile.read(out).total("cpu"), 0)

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_a_server_that_gives_up_root_keeps_its_profile(self):
        """The file that root began was in the way of who it became: pieces could not be added, and in a folder like
        /tmp, where only its owner may replace a file, the whole profile was lost, too."""
        for mode in 0o777, 0o1777:
            os.chmod(self.dir, mode)
            for how, status, least_ms in ("return", 0, 2000), ("kill", -9, 1000):
                out = self.path("%s.%o" % (how, mode))
                done = subprocess.run([CPROF, "run", "-cpuprofile", out, DROP, how], capture_output=True, timeout=60)
                self.assertEqual(done.returncode, status)
                self.assertTrue(least_ms <= profile.read(out).total("cpu") / 1e6 <= 2200, done.stderr)

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_a_server_that_gives_up_root_keeps_its_trace(self):
        """So it was with the trace, which ended where memcached, squid, named, slapd and others became themselves."""
        for mode in 0o777, 0o1777:
            os.chmod(self.dir, mode)
            for how in "return", "kill":
                out = self.path("%s.%o.trace" % (how, mode))
                done = subprocess.run([CPROF, "run", "-trace", out, DROP, how], capture_output=True, timeout=60)
                found = trace.read(out)
                used_ms = [e.cpu_ns / 1e6 for e in found.of("thread_times")]
                self.assertTrue(used_ms and used_ms[0] < 600, (used_ms, done.stderr))  # what root did
                self.assertEqual(os.stat(out).st_uid, 65534)
                if how == "return":
                    self.assertGreaterEqual(used_ms[-1], 2000)
                    self.assertIsNotNone(found.end)
                counted = [e.ns for e in found.of("counter")]
                self.assertEqual(len(counted), len(set(counted)))  # nothing is there twice

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_a_trace_of_who_changes_users_at_once(self):
        """Its thread, sent away twice before its first turn, forgot that the file was to be begun anew."""
        os.chmod(self.dir, 0o1777)
        out = self.path("trace")
        subprocess.run([CPROF, "run", "-cpuprofile", self.path("cpu"), "-trace", out, sys.executable, "-c",
                        CHANGES_USERS], capture_output=True, check=True, timeout=60)
        self.assertIsNotNone(trace.read(out).end)

    def test_what_to_type_next_can_be_typed(self):
        done = subprocess.run([CPROF, "run", "-cpuprofile", "it's one.gz", LEAVE, "return", "200"], cwd=self.dir,
                              capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stderr, r"^cprof: wrote it's one\.gz \(.*; try: cprof -top 'it'\\''s one\.gz'\n$")

    def test_its_owner_can_read_it(self):
        """With a umask like coreutils' tests have, nobody could, and `cprof run` asked whether the disk was full."""
        done = subprocess.run([CPROF, "run", "-cpuprofile", "cpu", "-memprofile", "mem", "-trace", "trace", "sh", "-c",
                               "umask 0777; exec %s return 200" % LEAVE], cwd=self.dir, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 7)
        for name in "cpu", "mem", "trace":
            self.assertEqual(os.stat(self.path(name)).st_mode & 0o777, 0o600, name)

    def test_a_pipe_for_an_interpreter(self):
        """Looking into it waited for somebody who would write there."""
        os.mkfifo(self.path("pipe"))
        with open(self.path("script"), "w") as f:
            f.write("#!./pipe\n")
        os.chmod(self.path("script"), 0o755)
        done = subprocess.run([CPROF, "run", "./script"], cwd=self.dir, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (126, "cprof: ./script: Permission denied\n"))

    def test_what_a_daemon_has_not_written_yet_is_to_come(self):
        done = subprocess.run([CPROF, "run", "-memprofile", "%p.mem", "-memprofilerate", "1", "/usr/bin/python3", "-c",
                              BECOMES_A_DAEMON], cwd=self.dir, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr.count("those that still run, as a daemon does"), 1, done.stderr)
        with open(self.path("stop"), "w"):
            pass
        while not glob.glob(self.path("*.mem")):
            time.sleep(0.01)

    def test_of_the_run_just_before(self):
        """Written less than 10 ms before, it was taken for one of an image before exec, and kept: every second time."""
        for _ in range(8):
            done = subprocess.run([CPROF, "run", "-cpuprofile", "c.gz", LEAVE, "return", "30"], cwd=self.dir,
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (7, 1), done.stderr)
            self.assertEqual(glob.glob(self.path("c.gz*")), [self.path("c.gz")])


if __name__ == "__main__":
    unittest.main()
