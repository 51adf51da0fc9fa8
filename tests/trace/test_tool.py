#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof trace` on the trace of a program that measured itself: test_tool.py BUILD"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import perfetto  # noqa: E402
import profile  # noqa: E402

BUILD = sys.argv.pop()
CPROF = os.path.join(BUILD, "tool", "cprof")
TOLERANCE = 0.05
INTERRUPTED_NS = 5 * 10**6  # on a busy machine, between what the program measures and what is traced
NS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


def ns(text):
    number, unit = re.fullmatch(r"([\d.]+)(ns|us|ms|s)", text).groups()
    return float(number) * NS[unit]


class Tool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.path = os.path.join(cls.folder, "out.trace")
        out = subprocess.run([os.path.join(BUILD, "tests", "trace", "trace_timeline"), cls.path], check=True,
                             capture_output=True, text=True, timeout=60).stdout
        cls.said = {tuple(line.split()[:2]): int(line.split()[2])
                    for line in out.splitlines() if line[:3] in ("reg", "wai")}

    def cprof(self, *args):
        return subprocess.run([CPROF, "trace", *args, self.path], check=True, capture_output=True, timeout=60).stdout

    def near(self, got_ns, said_ns):
        self.assertLessEqual(abs(got_ns - said_ns), said_ns * TOLERANCE + INTERRUPTED_NS, (got_ns, said_ns))

    def test_summary(self):
        text = self.cprof().decode()
        regions = {line.split()[-1]: line.split() for line in text.split("\nRegions\n")[1].splitlines()}
        for name in ("ten", "twenty", "fifty"):
            self.near(ns(regions[name][1]), self.said["region", name])
        lock, = re.findall(r"^ +1 +(\S+) +\S+  mutex shop::lock$", text, re.M)
        self.near(ns(lock), self.said["wait", "mutex"])
        self.assertRegex(text, r"in pthread_mutex_lock < wait_for_lock\n *until pthread_mutex_unlock < ")
        self.assertRegex(text, r"condition variable is_ready\n *in pthread_cond_wait < wait_for_signal\n"
                               r" *until pthread_cond_signal < ")
        self.assertRegex(text, r"\n +1 +\S+ .*  request\n")
        self.assertNotIn("Note:", text)

    def perfetto(self):
        out = os.path.join(self.folder, "out.perfetto")
        self.cprof("-perfetto", out)
        with open(out, "rb") as f:
            return perfetto.Checked(f.read())

    def test_perfetto(self):
        p = self.perfetto()
        took = {s[1]: s[3] - s[2] for s in p.slices}
        for name in ("ten", "twenty", "fifty"):
            self.near(took[name], self.said["region", name])
        self.near(took["mutex"], self.said["wait", "mutex"])
        flows = {f for e in p.events for f in e["flows"]}
        ends = [e for e in p.events if e["ends"]]
        self.assertGreaterEqual(len(ends), 2)  # the lock handed over, and the signal
        for e in ends:
            self.assertIn(e["ends"][0], flows)
        self.assertEqual([e["args"]["message"] for e in p.events if e.get("category") == "log"], ["begin", "end 42"])

    def profile(self, kind):
        """{function: ns with it on the stack}"""
        out = os.path.join(self.folder, kind + ".pb.gz")
        self.cprof("-pprof", kind, "-o", out)
        took = {}
        for s in profile.read(out).samples:
            for name in {frame.name for frame in s.stack}:
                took[name] = took.get(name, 0) + s.values[1]
        return took

    def test_profiles(self):
        sync, sched = self.profile("sync"), self.profile("sched")
        for function, wait in (("wait_for_lock", "mutex"), ("wait_for_signal", "cond")):
            # From the release on the waiter was no longer waiting but on its way to a CPU.
            self.assertGreater(sched[function], 0)
            self.near(sync[function] + sched[function], self.said["wait", wait])
        slept = self.profile("syscall")["main"]
        self.assertGreaterEqual(slept, 150 * 10**6)
        self.assertEqual(slept, sum(s[3] - s[2] for s in self.perfetto().slices if s[1] == "sleep"))

    def test_go_reads_them(self):
        self.profile("sync")
        p = subprocess.run(["go", "tool", "pprof", "-top", "-cum", "-symbolize=none", "-unit=ns",
                            os.path.join(self.folder, "sync.pb.gz")], check=True, capture_output=True, text=True,
                           timeout=60, env={**os.environ, "PPROF_TMPDIR": self.folder})
        got = {line.split()[-1]: int(line.split()[3][:-2]) for line in p.stdout.splitlines() if "wait_for" in line}
        self.assertEqual(set(got), {"wait_for_lock", "wait_for_signal"})
        for function, took in self.profile("sync").items():
            self.assertEqual(got.get(function, took), took)
        self.assertIn("Type: delay", p.stdout)


if __name__ == "__main__":
    unittest.main(argv=["test_tool"], verbosity=1)
