#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The block and the mutex profile against what programs measured themselves: test_locks.py BUILD [TEST...]"""

import os
import shutil
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
        "in_futex": "syscall", "in_barrier_wait": "pthread_barrier_wait", "in_cond_wait": "pthread_cond_wait",
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
        self.assertRegex(mutex, r"#\t0x[0-9a-f]+\tpthread_mutex_unlock\+0x0\t\S+(libcprof\S*|mutexes\.c:\d+)\n"
                                r"#\t0x[0-9a-f]+\thold_mutex\+0x[0-9a-f]+\t\S+/primitives\.c:\d+\n")


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.block, self.mutex = (os.path.join(folder.name, name) for name in ("block.pb", "mutex.pb"))


class Convoy(InFolder):
    """Go's TestMutexProfile: many wait while one holds; who held pays for all."""

    def run_convoy(self, *args):
        said = measured(run("locks_convoy", self.block, self.mutex, *args))["serve_request"]
        return said, delays(profile.read(self.block)), delays(profile.read(self.mutex))

    def test_who_held_pays(self):
        said, block, mutex = self.run_convoy(100, 20)
        for path in (self.block, self.mutex):  # Go's TestMutexBlockFullAggregation: a stack is there once
            stacks = [tuple(f.address for f in s.stack) for s in profile.read(path).samples]
            self.assertEqual(len(stacks), len(set(stacks)))
        count, delay_ns = block["pthread_mutex_lock", "serve_request"]
        self.assertEqual(count, 100)
        self.assertLessEqual(delay_ns, said.most)
        self.assertGreater(delay_ns, said.least)
        count, delay_ns = mutex["pthread_mutex_unlock", "rebuild_cache"]
        self.assertEqual(count, 1)
        self.assertGreater(delay_ns, said.least)
        # Those that had to wait on, for each other, are charged to each other: nothing is charged twice.
        self.assertLessEqual(sum(delay for _, delay in mutex.values()), said.most)

    def test_a_fraction_stands_for_all(self):
        for _ in range(40):  # one release of many waiters: one in two is seen
            said, _, mutex = self.run_convoy(3, 2, 2)
            if ("pthread_mutex_unlock", "rebuild_cache") in mutex:
                count, delay_ns = mutex["pthread_mutex_unlock", "rebuild_cache"]
                self.assertEqual(count, 2)
                self.assertGreater(delay_ns, 2 * said.least)
                return
        self.fail("never seen in 40 runs")

    def test_analyzers_show_it(self):
        self.run_convoy(10, 5)
        cprof = os.path.join(BUILD, "tool", "cprof")
        for tool in ([cprof], ["go", "tool", "pprof"]):
            if tool[0] == "go" and not shutil.which("go"):
                continue
            out = subprocess.run([*tool, "-top", "-cum", "-sample_index=delay", self.mutex], check=True,
                                 capture_output=True, text=True, timeout=60).stdout
            self.assertIn("Type: delay", out)
            self.assertIn("pthread_mutex_unlock", out)
            self.assertNotIn("cp_", out)
            self.assertRegex(out, r"ms\s+\d+(\.\d+)?%\s+rebuild_cache", tool[0])


class Bias(InFolder):
    """Go's TestBlockProfileBias: short waits are seen seldom, and stand for those that are not."""

    def test_short_waits_have_their_time(self):
        said = measured(run("locks_bias", self.block, 2000000, 3000, 100))
        p = profile.read(self.block)
        found = p.by_function("delay")
        for name in ("wait_briefly", "wait_long"):
            self.assertLess(abs(found[name] / said[name].most - 1), 0.2, name)
        self.assertEqual(len(p.samples), 2)  # Go's TestMutexBlockFullAggregation


class Calls(InFolder):
    """System calls that wait: each as leaf, its caller above, the time its caller measured."""

    LEAVES = ["read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg", "poll", "ppoll", "select", "pselect",
              "epoll_wait", "epoll_pwait", "write", "writev", "send", "sendto", "sendmsg", "accept", "accept4",
              "connect", "waitpid", "waitid", "nanosleep", "clock_nanosleep", "usleep", "sleep"]
    FORTIFIED = ["read", "recv", "poll"]

    def test_each(self):
        text_file = self.block + ".txt"
        said = measured(run("locks_calls", self.block, text_file))
        p = profile.read(self.block)
        found = delays(p)
        for leaf, caller in [(n, "in_" + n) for n in self.LEAVES] + [(n, "in_%s_chk" % n) for n in self.FORTIFIED]:
            with self.subTest(caller):
                self.assertIn((leaf, caller), found)
                count, delay_ns = found[leaf, caller]
                self.assertEqual(count, 1)
                self.assertLessEqual(delay_ns, said[caller].most)
                self.assertGreater(delay_ns, said[caller].least)
        self.assertEqual(p.sample_types, [("calls", "count"), ("delay", "nanoseconds")])
        with open(text_file, encoding="utf-8") as f:
            self.assertTrue(f.read().startswith("--- contention:\ncycles/second=1000000000\n"))

    def test_results_are_the_same(self):
        off, on = (run("locks_call_rules", how) for how in ("off", "on"))
        self.assertIn("done\n", off)
        self.assertEqual(off, on)

    def test_run(self):
        cprof = os.path.join(BUILD, "tool", "cprof")
        if not os.path.exists(cprof):
            self.skipTest("built without the tool")
        done = subprocess.run([cprof, "run", "-syscallprofile", self.block, "sh", "-c", "sleep 0.05; exit 3"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"cprof: wrote \S+block.pb \(\d+ system calls?, ")


class Depth(unittest.TestCase):
    """Go's TestProfilerStackDepth and TestProfileRecordNullPadding: so many frames are kept and not one less, a
    marker says where there were more, and a stack is not longer for one that was recorded before it."""

    # Of threads 512, one of which is ours in this wait, and not shown.
    KEPT = {"block": 128, "mutex": 128, "heap": 128, "custom": 128, "threads": 511}

    @staticmethod
    def names(depth, kind):
        """{the functions of a stack}, leaf first"""
        with tempfile.TemporaryDirectory() as folder:
            run("locks_deep", depth, folder)
            return [tuple(f.name for f in s.stack) for s in profile.read(os.path.join(folder, kind)).samples]

    def deepest(self, depth, kind):
        return max(self.names(depth, kind), key=lambda names: names.count("descend"))

    def test_the_last_frame_that_fits(self):
        for kind, kept in self.KEPT.items():
            with self.subTest(kind):
                whole = self.deepest(40, kind)
                self.assertEqual(whole.count("descend"), 41)
                fits = 40 + kept - len(whole)
                at_limit = self.deepest(fits, kind)
                self.assertEqual(len(at_limit), kept)
                self.assertEqual(at_limit[-3:], whole[-3:])
                first = at_limit.index("descend")
                beyond = at_limit[:first] + ("descend", "descend") + at_limit[first:]
                self.assertEqual(self.deepest(fits + 2, kind),
                                 beyond[:kept] + ("[truncated: deeper than is kept]",))

    def test_a_flat_stack_behind_a_deep_one(self):
        stacks = self.names(300, "block")
        flat = [s for s in stacks if "take_flat" in s]
        self.assertEqual([s[:3] for s in flat], [("pthread_mutex_lock", "take", "take_flat")])
        whole = self.deepest(40, "block")
        self.assertEqual(flat[0][3:], whole[whole.index("take_deep") + 1:])


class Semantics(unittest.TestCase):
    """Hazard 54: robust, recursive, inheriting, shared locks, timeouts, errors and cancellation as without us."""

    def test_results_are_the_same(self):
        off, on = (run("locks_semantics", how) for how in ("off", "on"))
        self.assertGreater(len(off.splitlines()), 300)
        self.assertEqual(off.splitlines(), on.splitlines())


class Fork(InFolder):
    def test_a_child_has_its_own(self):
        run("locks_forks", self.block, self.mutex)
        for path, mine, counts in (("", "in_parent", (2, 2)), (".child", "in_child", (1, 1))):
            block, mutex = (profile.read(f + path) for f in (self.block, self.mutex))
            waits = {caller: count for (leaf, caller), (count, _) in delays(block).items()
                     if leaf == "pthread_mutex_lock"}
            self.assertEqual(waits, {mine: counts[0]})
            self.assertEqual(sum(count for count, _ in delays(mutex).values()), counts[1])


class Hazards(InFolder):
    """Those of pthread interposition that have no class of their own here: 50 and 51 are OldSymbols, 53 is in
    Primitives (what pthread_cond_wait takes again is its own wait), 54 is Semantics."""

    def test_h52_the_lock_of_malloc(self):
        run("h52_malloc_lock", self.block, self.mutex)
        for path in (self.block, self.mutex):
            profile.read(path)

    def test_h55_released_by_others_while_profiles_come_and_go(self):
        run("h55_toggling", self.block, self.mutex)
        profile.read(self.block)
        self.assertNotIn("release_for_nobody", profile.read(self.mutex).by_function("delay"))


class OldSymbols(InFolder):
    """Hazards 50 and 51: GLIBC_2.2.5's pthread_cond_wait is another function than 2.3.2's."""

    def test_each_version_leads_to_its_own(self):
        program = os.path.join(BUILD, "tests", "locks", "locks_old_symbols")
        cprof = os.path.join(BUILD, "tool", "cprof")
        if not os.path.exists(program) or not os.path.exists(cprof):
            self.skipTest("x86-64 alone has old versions")
        done = subprocess.run([cprof, "run", "-blockprofile", self.block, "-mutexprofile", self.mutex, program],
                              check=True, capture_output=True, text=True, timeout=60)
        said = measured(done.stdout)
        found = delays(profile.read(self.block))
        for leaf, caller in (("pthread_cond_wait", "in_old_cond_wait"),
                             ("pthread_cond_timedwait", "in_old_cond_timedwait")):
            count, delay_ns = found[leaf, caller]
            self.assertEqual(count, 1)
            self.assertLessEqual(delay_ns, said[caller].most)
            self.assertGreater(delay_ns, said[caller].least)
        self.assertRegex(done.stderr, r"cprof: wrote \S+block.pb \(\d+ waits?, ")


if __name__ == "__main__":
    BUILD = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=0)
