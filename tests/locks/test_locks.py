#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The block and the mutex profile against what programs measured themselves: test_locks.py BUILD [TEST...]"""

import os
import subprocess
import sys
import tempfile
import unittest
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402

BUILD = ""


Bounds = namedtuple("Bounds", "most least")


def measured(out):
    """{name: Bounds} of lines "name most least"; the first of a name counts."""
    said = {}
    for line in out.splitlines():
        name, most, least = line.split()
        said.setdefault(name, Bounds(int(most), int(least)))
    return said


def run(program, *args, env=None):
    return subprocess.run([os.path.join(BUILD, "tests", "locks", program), *map(str, args)], check=True,
                          capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}).stdout


def delays(p):
    """{(leaf, its caller): (contentions, delay)}"""
    out = {}
    for s in p.samples:
        key = (s.stack[0].name, s.stack[1].name)
        old = out.get(key, (0, 0))
        out[key] = (old[0] + s.values[0], old[1] + s.values[1])
    return out


class Primitives(unittest.TestCase):
    """Each has itself as leaf, its caller above, and the time its caller measured."""

    WAITS = {
        "in_mutex_lock": "pthread_mutex_lock", "in_mutex_timedlock": "pthread_mutex_timedlock",
        "in_mutex_clocklock": "pthread_mutex_clocklock", "in_rwlock_rdlock": "pthread_rwlock_rdlock",
        "in_rwlock_timedrdlock": "pthread_rwlock_timedrdlock", "in_rwlock_clockrdlock": "pthread_rwlock_clockrdlock",
        "in_rwlock_wrlock": "pthread_rwlock_wrlock", "in_rwlock_timedwrlock": "pthread_rwlock_timedwrlock",
        "in_rwlock_clockwrlock": "pthread_rwlock_clockwrlock", "in_spin_lock": "pthread_spin_lock",
        "in_mtx_lock": "mtx_lock", "in_mtx_timedlock": "mtx_timedlock", "in_sem_wait": "sem_wait",
        "in_sem_timedwait": "sem_timedwait", "in_sem_clockwait": "sem_clockwait",
        "in_barrier_wait": "pthread_barrier_wait", "in_cond_wait": "pthread_cond_wait",
        "in_cond_timedwait": "pthread_cond_timedwait", "in_cond_clockwait": "pthread_cond_clockwait",
        "in_cnd_wait": "cnd_wait", "in_cnd_timedwait": "cnd_timedwait", "in_join": "pthread_join",
        "in_timedjoin": "pthread_timedjoin_np", "in_thrd_join": "thrd_join",
    }
    RELEASES = {  # (function, its caller): the waiters it pays for
        ("pthread_mutex_unlock", "hold_mutex"): ["in_mutex_lock", "in_mutex_timedlock", "in_mutex_clocklock"],
        ("pthread_rwlock_unlock", "hold_rwlock"): [n for n in WAITS if "rwlock" in n],
        ("mtx_unlock", "hold_mtx"): ["in_mtx_lock", "in_mtx_timedlock"],
    }

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("b.pb", "m.pb", "b.txt", "m.txt")]
            cls.said = measured(run("locks_primitives", *files))
            cls.block, cls.mutex = (profile.read(f) for f in files[:2])
            cls.texts = []
            for name in files[2:]:
                with open(name, encoding="utf-8") as f:
                    cls.texts.append(f.read())

    def test_waits(self):
        found = delays(self.block)
        for caller, leaf in self.WAITS.items():
            with self.subTest(leaf):
                self.assertIn((leaf, caller), found)
                count, delay_ns = found[leaf, caller]
                self.assertEqual(count, 1)
                self.assertLessEqual(delay_ns, self.said[caller].most)
                self.assertGreater(delay_ns, self.said[caller].least)

    def test_releases(self):
        found = delays(self.mutex)
        for key, callers in self.RELEASES.items():
            with self.subTest(key[0]):
                self.assertIn(key, found)
                count, delay_ns = found[key]
                self.assertEqual(count, len(callers))
                self.assertLessEqual(delay_ns, sum(self.said[c].most for c in callers))
                self.assertGreater(delay_ns, sum(self.said[c].least for c in callers))
        self.assertEqual({leaf for leaf, _ in found}, {leaf for leaf, _ in self.RELEASES})

    def test_head(self):
        for p in (self.block, self.mutex):
            self.assertEqual(p.sample_types, [("contentions", "count"), ("delay", "nanoseconds")])
            self.assertEqual((p.period_type, p.period), (("contentions", "count"), 1))

    def test_text(self):
        block, mutex = self.texts
        self.assertTrue(block.startswith("--- contention:\ncycles/second=1000000000\n"))
        self.assertTrue(mutex.startswith("--- mutex:\ncycles/second=1000000000\nsampling period=1\n"))
        for text, p in zip(self.texts, (self.block, self.mutex)):
            records = [line.split(" @ ")[0].split() for line in text.splitlines() if " @ " in line]
            values = [int(delay) for delay, _ in records]
            self.assertEqual(values, sorted(values, reverse=True))
            self.assertEqual(sum(values), p.total("delay"))
            self.assertNotIn("#\t0x0\n", text)
        self.assertRegex(mutex, r"#\t0x[0-9a-f]+\tpthread_mutex_unlock\+0x0\t+\S+libcprof\S*\n"
                                r"#\t0x[0-9a-f]+\thold_mutex\+0x[0-9a-f]+\t")


if __name__ == "__main__":
    BUILD = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=0)
