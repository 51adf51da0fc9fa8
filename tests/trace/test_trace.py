#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The execution trace against what programs measured themselves: test_trace.py BUILD [TEST...]"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import trace  # noqa: E402

BUILD = ""
TOLERANCE = 0.05


def program(name):
    return os.path.join(BUILD, "tests", "trace", "trace_" + name)


def run(name, *args, check=True):
    return subprocess.run([program(name), *map(str, args)], check=check, capture_output=True, text=True, timeout=120)


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "out.trace")


class Timeline(WithFolder):
    """What happened when comes back as the program measured it."""

    def setUp(self):
        super().setUp()
        out = run("timeline", self.path).stdout
        self.said = {tuple(line.split()[:2]): int(line.split()[2])
                     for line in out.splitlines() if line[:3] in ("reg", "wai")}
        self.trace = trace.read(self.path)

    def near(self, ns, said_ns):
        self.assertLessEqual(abs(ns - said_ns), said_ns * TOLERANCE, (ns, said_ns))

    def test_it_is_whole(self):
        self.assertFalse(self.trace.is_cut)
        self.assertEqual(self.trace.end, [0, 0, 0, 0])
        self.assertEqual(self.trace.strings[self.trace.process[3]], os.path.realpath(program("timeline")))
        self.assertEqual(self.trace.of("lost"), [])

    def test_regions_take_as_long_as_they_did(self):
        took = {b.type: e.ns - b.ns
                for b, e in trace.spans(self.trace, "region_begin", "region_end", ("type", "task"))}
        self.assertEqual(set(took), {"ten", "twenty", "fifty", "waiter"})
        for name in ("ten", "twenty", "fifty"):
            self.near(took[name], self.said["region", name])

    def wait(self, wait):
        (pair,) = [(b, e) for b, e in trace.spans(self.trace, "wait_begin", "wait_end") if b.wait == wait]
        return pair

    def test_a_lock_tells_who_let_it_go(self):
        begin, end = self.wait("mutex")
        self.near(end.ns - begin.ns, self.said["wait", "mutex"])
        self.assertEqual(end.waker, self.trace.process[0])  # the main thread's id
        self.assertEqual(self.trace.functions(begin.stack)[:2], ["pthread_mutex_lock", "wait_for_lock"])
        (wake,) = self.trace.of("wake", wait="mutex")
        self.assertEqual((wake.tid, wake.object), (end.waker, begin.object))
        self.assertLess(begin.ns, wake.ns)
        self.assertIn("main", self.trace.functions(wake.stack))

    def test_labels_are_those_of_the_thread(self):
        begin, _ = self.wait("mutex")
        (wake,) = self.trace.of("wake", wait="mutex")
        self.assertEqual(self.trace.labels(begin.stack), {"request": "/search"})
        self.assertEqual(self.trace.labels(wake.stack), {})

    def test_a_condition_tells_who_signalled(self):
        begin, end = self.wait("cond")
        self.near(end.ns - begin.ns, self.said["wait", "cond"])
        self.assertEqual(end.waker, self.trace.process[0])
        (wake,) = self.trace.of("wake", wait="cond")
        self.assertEqual(wake.object, begin.object)
        self.assertTrue(begin.ns < wake.ns < end.ns)
        self.assertEqual(self.trace.functions(wake.stack)[:2], ["pthread_cond_signal", "main"])

    def test_a_join_waits_for_its_thread(self):
        joins = [(b, e) for b, e in trace.spans(self.trace, "wait_begin", "wait_end") if b.wait == "join"]
        stops = {e.tid for e in self.trace.of("thread_stop")}
        self.assertTrue(joins)
        for _, end in joins:
            self.assertIn(end.waker, stops)

    def test_sleeps_are_system_calls(self):
        sleeps = [e.ns - b.ns for b, e in trace.spans(self.trace, "wait_begin", "wait_end") if b.wait == "sleep"]
        self.assertEqual(len(sleeps), 5)
        self.near(sleeps[2], self.said["region", "fifty"])

    def test_threads_begin_and_end(self):
        starts, stops = self.trace.of("thread_start"), self.trace.of("thread_stop")
        self.assertEqual(len(starts), 2)
        self.assertEqual({e.tid for e in starts}, {e.tid for e in stops})
        for e in starts:
            self.assertEqual(e.creator, self.trace.process[0])
            self.assertIn("main", self.trace.functions(e.stack))
        self.assertIn("sleeper", [e.text for e in stops])

    def test_tasks_and_logs(self):
        (begin,), (end,) = self.trace.of("task_begin"), self.trace.of("task_end")
        self.assertEqual((begin.type, begin.parent, begin.task), ("request", 0, end.task))
        self.assertEqual([(e.category, e.text, e.task) for e in self.trace.of("log")],
                         [("step", "begin", begin.task), ("step", "end 42", begin.task)])
        waiter = [e for e in self.trace.of("region_begin") if e.type == "waiter"]
        self.assertEqual([e.task for e in waiter], [begin.task])

    def test_cpu_times_and_memory(self):
        times = self.trace.of("thread_times", of=self.trace.process[0])
        self.assertGreaterEqual(len(times), 2)
        self.assertGreater(times[-1].cpu_ns, times[0].cpu_ns)
        self.assertTrue(self.trace.of("counter", name="resident_bytes"))

    def test_our_own_thread_is_not_in_it(self):
        self.assertNotIn("cprof-trace", [e.text for e in self.trace.events])

    def test_cut_anywhere_it_is_readable(self):
        with open(self.path, "rb") as f:
            data = f.read()
        for n in range(16, len(data), 97):
            trace.parse(data[:n])


class Churn(WithFolder):
    def test_nothing_is_lost(self):
        nthreads, nregions, total = map(int, run("churn", self.path).stdout.split())
        t = trace.read(self.path)
        self.assertEqual(t.end[1:2], [0])
        self.assertEqual(total, nthreads * nregions)
        self.assertEqual(len(trace.spans(t, "region_begin", "region_end", ("type",))), 2 * total)
        self.assertEqual(sorted(int(e.text) for e in t.of("log")), list(range(nthreads)))
        self.assertEqual(len(t.of("thread_start")), nthreads)
        self.assertEqual(len(t.of("thread_stop")), nthreads)


class Sessions(unittest.TestCase):
    def test_one_knows_nothing_of_the_one_before(self):
        for how in ("refused", "counting", "writer", "names", "nulls", "tasks", "texts", "leftovers", "stop", "fork"):
            with self.subTest(how):
                self.assertEqual(run("sessions", how).stdout, "ok\n")


class Toggle(unittest.TestCase):
    def test_a_few_times(self):
        self.assertIn("events", run("toggle", 100).stdout)


class ToggleOften(unittest.TestCase):
    def test_thousands_of_times(self):
        self.assertIn("events", run("toggle", 3000).stdout)


class Recorder(WithFolder):
    LIMIT = 1 << 20

    def filled(self, t):
        self.assertFalse(t.is_cut)
        self.assertLessEqual(t.nbytes_of_events, self.LIMIT)
        self.assertGreater(t.nbytes_of_events, self.LIMIT / 2)
        self.assertIn("filling", {e.type for e in t.of("region_begin")})
        self.assertNotIn("before", {e.type for e in t.of("region_begin")})

    def test_a_snapshot_is_of_the_end_and_memory_is_bounded(self):
        before_kib, after_kib = map(int, run("recorder", "snapshot", self.path).stdout.split())
        t = trace.read(self.path)
        self.filled(t)
        self.assertEqual(t.end[0], 0)
        self.assertLess(after_kib - before_kib, 256)

    def test_a_crash_leaves_a_trace(self):
        for how, number in (("segv", signal.SIGSEGV), ("abort", signal.SIGABRT), ("raise", signal.SIGSEGV)):
            with self.subTest(how):
                done = run("recorder", how, self.path, check=False)
                self.assertEqual(done.returncode, -number)
                t = trace.read(self.path)
                self.filled(t)
                self.assertEqual(t.end[0], number)
                # The thread was in its last region, and never came out.
                last = [e for e in t.events if e.kind.startswith("region")][-1]
                self.assertEqual((last.kind, last.type), ("region_begin", "fatal"))
                (start,) = t.of("thread_start", tid=last.tid)
                self.assertTrue(t.stacks[start.stack])
                self.assertEqual(t.labels(start.stack), {"phase": "end"})
                os.unlink(self.path)

    def test_a_trace_beside_it_leaves_it_its_memory(self):
        run("recorder", "beside", self.path)
        t = trace.read(self.path)
        self.filled(t)

    def test_it_leaves_a_trace_its_memory(self):
        """It took all but its own, and the trace lost what came faster than it was written."""
        run("recorder", "within", self.path)
        t = trace.read(self.path)
        self.assertEqual(t.end, [0, 0, 0, 0])
        self.assertEqual(len(t.of("region_begin")), 250000)

    def test_a_crash_leaves_it_in_a_pipe(self):
        done = subprocess.run([program("recorder"), "segv", "/dev/stdout"], stdout=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, -signal.SIGSEGV)
        with open(self.path, "wb") as f:
            f.write(done.stdout.split(b"\n", 1)[1])
        self.filled(trace.read(self.path))

    def test_a_fork_child_has_its_own(self):
        run("recorder", "fork", self.path)
        self.assertEqual({e.type for e in trace.read(self.path).of("region_begin")}, {"child"})


class Injected(WithFolder):
    """`cprof run -trace`, of a program that does not trace itself."""

    def traced(self, *args, trace_path=None, check=True):
        done = subprocess.run([os.path.join(BUILD, "tool", "cprof"), "run", "-trace", trace_path or self.path,
                               *args], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode == 0, check, done.stderr)
        return done

    def test_a_program_nobody_rebuilt(self):
        done = self.traced(program("timeline"))
        self.assertIn("cprof: wrote %s; try: cprof trace %s\n" % (self.path, self.path), done.stderr)
        t = trace.read(self.path)
        self.assertEqual(t.end, [0, 0, 0, 0])
        waits = {b.wait for b, _ in trace.spans(t, "wait_begin", "wait_end")}
        self.assertLessEqual({"mutex", "cond", "join", "sleep"}, waits)
        # It links the library, too, and there is one of it: what it tells of itself is there.
        self.assertIn("fifty", {e.type for e in t.of("region_begin")})

    def test_with_cpu_samples(self):
        self.traced("-cpuprofile", "c.pb.gz", program("timeline"))
        t = trace.read(self.path)
        samples = t.of("cpu_sample")
        self.assertTrue(samples)
        self.assertIn("main", {name for e in samples for name in t.functions(e.stack)})
        burning = [e for e in samples if "burn_ms" in t.functions(e.stack)]
        self.assertTrue(burning)
        self.assertEqual([t.labels(e.stack) for e in burning], [{"phase": "burn"}] * len(burning))

    def test_it_is_whole_however_the_program_ends(self):
        for how in ("import os; os._exit(0)", "import os; os.execv('/bin/true', ['true'])"):
            with self.subTest(how):
                self.traced(sys.executable, "-c", how)
                t = trace.read(self.path)
                self.assertFalse(t.is_cut)
                self.assertEqual(t.end, [0, 0, 0, 0])

    def test_a_kill_leaves_what_was_written(self):
        done = subprocess.Popen([os.path.join(BUILD, "tool", "cprof"), "run", "-trace", self.path, sys.executable, "-c",
                                 "import os, time\nprint(os.getpid(), flush=True)\n"
                                 "while True: time.sleep(0.01)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
        pid = int(done.stdout.readline())
        while not os.path.exists(self.path) or not trace.read(self.path).of("wait_begin"):
            self.assertIsNone(done.poll())
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        self.assertIn("but not to its end", done.communicate(timeout=60)[1])
        t = trace.read(self.path)
        self.assertIsNone(t.end)
        self.assertTrue(trace.spans(t, "wait_begin", "wait_end"))

    def test_with_children(self):
        self.traced("sh", "-c", "sleep 0.01; true", trace_path=os.path.join(self.folder, "t.%p.trace"))
        files = [f for f in os.listdir(self.folder) if f.startswith("t.")]
        self.assertEqual(len(files), 2)
        for f in files:
            self.assertEqual(trace.read(os.path.join(self.folder, f)).end, [0, 0, 0, 0])


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
