#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What perf record writes in each of its modes, against what perf script makes of it. test_perf.py CPROF"""

import collections
import re
import shutil
import subprocess
import unittest

from analyzer import AnalyzerTest, profile

PERF = shutil.which("perf")
# Forks, a program in place of another, and work in the kernel as well as outside.
WORK = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=1 count=20000 & dd if=/dev/zero bs=1000 count=2000 | md5sum "
        ">/dev/null; wait; exec awk 'BEGIN { for (i = 0; i < 100000; i++) s += i }'"]
CLOCK = ["-e", "cpu-clock"]
HEADER = re.compile(r"(?P<comm>\S.*?) +(?P<pid>-?\d+)/(?P<tid>-?\d+) +(?P<period>\d+) +(?P<event>\S+?):([a-zA-Z]*:)?$")


@unittest.skipUnless(PERF, "there is no perf")
class PerfTest(AnalyzerTest):
    def record(self, *options):
        """False: this perf, or this user, does not have one of the options."""
        out = [] if "-o" in options else ["-o", self.path("perf.data")]
        with open(self.path("perf.data"), "wb") as f:
            r = subprocess.run([PERF, "record", "-q", *options, *out, "--", *WORK], env=self.env, stdout=f,
                               stderr=subprocess.PIPE)
        return r.returncode == 0

    def theirs(self):
        """(samples and sums of periods by event, samples by thread, frames; where there are none the sample's own)."""
        text = subprocess.run([PERF, "script", "-i", self.path("perf.data"), "--no-inline", "--max-stack", "1000", "-F",
                               "comm,pid,tid,period,event,ip"], env=self.env, capture_output=True, text=True,
                              check=True).stdout
        counts, sums, threads = (collections.Counter() for _ in range(3))
        frames = []
        for line in text.splitlines():
            if line.startswith("\t"):
                frames[-1] += int(line.split()[0], 16) != 0
            elif line.strip():
                m = HEADER.match(line.strip())
                self.assertTrue(m, line)
                counts[m["event"]] += 1
                sums[m["event"]] += int(m["period"])
                threads[m["comm"], int(m["pid"]), int(m["tid"])] += 1
                frames.append(0)
        return counts, sums, threads, sum(max(n, 1) for n in frames)

    def ours(self):
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(self.bytes_of("-symbolize=none", "-proto", self.path("perf.data")))
        p = profile.read(self.path("out.pb.gz"))
        names = [kind[:-len("_sample")] for kind, _ in p.sample_types[::2]]
        counts, sums, threads = (collections.Counter() for _ in range(3))
        frames = 0
        for s in p.samples:
            for i, name in enumerate(names if len(names) > 1 else ["cpu-clock"]):
                counts[name] += s.values[2 * i]
                sums[name] += s.values[2 * i + 1]
            threads[s.labels.get("comm"), s.labels["pid"], s.labels["tid"]] += sum(s.values[::2])
            frames += len(s.stack) * sum(s.values[::2])
        return +counts, +sums, +threads, frames

    def check(self, *options):
        with self.subTest(options):
            if not self.record(*options):
                self.skipTest("not possible here")
            theirs, ours = self.theirs(), self.ours()
            self.assertGreater(sum(theirs[0].values()), 0)
            for what, x, y in zip(("samples", "periods"), ours, theirs):
                self.assertEqual(x, y, what)
            nameless = {tid for comm, _, tid in theirs[2] if comm.startswith(":")}  # it may go by its process's name
            known = [{key: n for key, n in counts[2].items() if key[2] not in nameless} for counts in (ours, theirs)]
            self.assertEqual(*known, "threads")
            return ours[3], theirs[3]

    def assert_alike(self, frames, what):
        """Now and then perf script has 2 to 7 frames less, of 300 to 800; why is not known."""
        if frames:
            self.assertAlmostEqual(*frames, delta=0.05 * frames[1], msg=what)

    def test_modes(self):
        for options in ([], ["-F", "999"], ["-c", "1000000"], ["-z"], ["-d"], ["-R"], ["-W"], ["-T"], ["-B"], ["-i"],
                        ["--no-timestamp"], ["--switch-events"], ["--namespaces"], ["--buildid-mmap"], ["--overwrite"],
                        ["-o", "-"], ["-z", "-o", "-"], ["-k", "CLOCK_MONOTONIC"], ["--all-user"]):
            frames = self.check(*CLOCK, "-g", *options)
            self.assert_alike(frames, options)

    def test_events(self):
        for events in (["cpu-clock", "page-faults"], ["cpu-clock", "context-switches", "page-faults", "task-clock"],
                       ["{cpu-clock,page-faults}:S"], ["{cpu-clock,page-faults,context-switches}:S"],
                       ["cpu-clock", "sched:sched_switch"], ["cpu-clock", "raw_syscalls:*"]):
            frames = self.check("-g", *[word for e in events for word in ("-e", e)])
            self.assert_alike(frames, events)

    def test_copied_stacks(self):
        for options in [], ["-z"], ["-o", "-"]:
            frames = self.check(*CLOCK, "--call-graph", "dwarf", *options)
            if frames:
                self.assertGreater(frames[0], 0.95 * frames[1])


if __name__ == "__main__":
    unittest.main()
