# SPDX-License-Identifier: MIT
"""Runs the programs of tests/programs and tests/hazards, and compares their profile with what they say
they did (see tests/programs/workload.h)."""

import math
import os
import re
import subprocess
import tempfile
import time

import profile

# Timers on a CPU clock expire on the kernel's tick; the coarse clock tells how often that is.
TICK_HZ = round(1 / time.clock_getres(6))  # CLOCK_MONOTONIC_COARSE


MAX_LATE = 0.2  # more is no excuse
UNSEEN = "[kernel]"  # what an ordinary user's perf events may not sample
SIGNALS = re.compile(r" (\d+) signals")


class Run:
    """One program's end: what it said, and the profile it left. Its files live as long as this does."""

    def __init__(self, program, hz, engine, args=(), env=None, timeout=60, prefix=(), cprof=None, suffix=""):
        """cprof: that command runs the program, which does not profile itself. suffix: of the profile to
        compare, where it is not the one that was asked for."""
        self.hz, self.engine = hz, engine
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "cpu.pb.gz")
        argv = [program, "-" if cprof else self.path, str(hz), engine, *map(str, args)]
        if cprof:
            argv = [cprof, "run", "-cpuprofile", self.path, "-cpurate", str(hz), "-cpuengine", engine, "--", *argv]
        argv = [*prefix, *argv]
        # In a group of its own, so that what a hung test leaves behind goes with it.
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env={**os.environ, **(env or {})}, start_new_session=True)
        try:
            stdout, self.stderr = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            stdout, self.stderr = child.communicate()
            self.stderr += "(killed after %g s)" % timeout
        self.status = child.returncode
        self._listen(stdout)
        self.profile = None
        if os.path.exists(self.path + suffix):
            self.profile = self.file(suffix)
            self.cpu = self.profile.total("cpu")
            self.by_function = self.profile.by_function("cpu")

    def _listen(self, stdout):
        self.truth, self.said, self.total = {}, {}, 0
        for line in stdout.splitlines():
            key, _, rest = line.partition(" ")
            if key == "truth":
                name, _, ns = rest.partition(" ")
                self.truth[name] = int(ns)
            elif key == "total":
                self.total = int(rest)
            else:
                self.said[key] = rest

    @property
    def independent_samples(self):
        """How many looks at the program there were. The engines on the kernel's tick look once a tick for
        several periods; where the machine is loaded they come late and weigh unevenly, which counts as
        fewer still."""
        signals = next((int(m[1]) for m in map(SIGNALS.search, self.profile.comments) if m), 0)
        due = self.total / 1e9 * (self.hz if self.engine == "perf" else min(self.hz, TICK_HZ))
        if not signals:  # a killed process could not say
            return max(1.0, due / 2)
        return max(1.0, signals * min(1.0, signals / due))

    def share(self, name):
        """Of what the engine may see."""
        unseen = 0 if name == UNSEEN else min(self.by_function[UNSEEN], MAX_LATE * self.cpu)
        return self.by_function[name] / (self.cpu - unseen) if self.cpu else 0.0

    def markers(self):
        """{marker: share} of what stands in brackets: stacks that were cut, time nobody could sample."""
        return {name: self.share(name) for name in self.by_function if name.startswith("[")}

    def file(self, suffix):
        """A further profile, that the program wrote beside its own."""
        return profile.read(self.path + suffix)

    def how_it_failed(self, status=0):
        """Nothing, or why there is nothing to compare."""
        if self.status != status:
            return ["exit status %d: %s" % (self.status, " | ".join(self.stderr.strip().splitlines()[-3:]))]
        if not self.profile:
            return ["no profile"]
        return [] if self.total else ["it did not say what it used"]

    def sum_is_off(self, tolerance):
        """Nothing, or by how much, if more than `tolerance` and two periods."""
        off = self.cpu - self.total
        if abs(off) <= tolerance * self.total + 2 * self.profile.period:
            return []
        return ["the sum is off by %+.1f %%" % (off / self.total * 100)]

    def share_is_off(self, name, tolerance, z=5):
        """Nothing, or by how much, if more than `tolerance` of the whole and z standard deviations. What was
        used after a last sample may have been this function's: on a loaded machine that is some."""
        true = self.truth[name] / self.total
        slack = tolerance + binomial_slack(true, self.independent_samples, z)
        late = min(self.share("[after the last sample]"), MAX_LATE)
        if true - late - slack <= self.share(name) <= true + slack:
            return []
        return ["%s has %.1f %%, true are %.1f" % (name, self.share(name) * 100, true * 100)]


def chi_square(run, names):
    """How far the observed split over these functions is from the true one, as a chi-square value with
    len(names) - 1 degrees of freedom."""
    truth = sum(run.truth[n] for n in names)
    seen = sum(run.by_function[n] for n in names)
    if not seen:
        return math.inf
    value = 0.0
    for name in names:
        p = run.truth[name] / truth
        value += (run.by_function[name] / seen - p) ** 2 / p
    return value * run.independent_samples


def chi_square_p(value, freedom):
    """The chance of a value this large or larger: the upper incomplete gamma function, by its series."""
    if value == math.inf:
        return 0.0
    a, x = freedom / 2, value / 2
    term = total = 1 / a if a else 0
    for n in range(1, 2000):
        term *= x / (a + n)
        total += term
    return max(0.0, 1 - total * math.exp(-x + a * math.log(x) - math.lgamma(a))) if x > 0 else 1.0


def binomial_slack(p, n, z):
    """z standard deviations of a share p seen in n looks."""
    return z * math.sqrt(max(p * (1 - p), 1 / n) / n)
