#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof trace` on traces whose truth is known. test_trace.py CPROF"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import perfetto  # noqa: E402
import profile  # noqa: E402
from maketrace import *  # noqa: E402, F403

CPROF = os.path.abspath(sys.argv.pop())


def known_trace():
    """Main holds a lock for which a worker waits from 10 to 41 ms; main releases it at 40."""
    t = Trace()
    main, worker, poller = t.thread(100), t.thread(101), t.thread(102)
    locks = t.stack("lock_it", "work", "start_thread")
    unlocks = t.stack("unlock_it", "main")
    reads = t.stack("read_all", "main")
    t.process.event(NAME, 100, at=0, text="prog")
    t.process.event(NAME, 101, at=6 * MS, text="worker")
    t.process.event(TIMES, 100, 1000 * MS, 20 * MS, at=0)
    t.process.event(TIMES, 100, 1070 * MS, 25 * MS, at=100 * MS)
    for i in range(3):
        t.process.event(COUNTER, t.string("heap_inuse_bytes"), 4096 * i, at=i * 10 * MS)
    main.event(TASK_BEGIN, 7, 0, t.string("request"), at=1 * MS)
    for begin, ms in ((2, 10), (12, 20), (32, 50)):
        main.region("parse", begin * MS, (begin + ms) * MS, task=7)
    main.event(WAKE, MUTEX, 0xABC0, unlocks, at=40 * MS)
    main.event(LOG, 7, t.string("info"), at=41 * MS, text="hello")
    main.wait(READ, 7, 45 * MS, 60 * MS, reads)
    main.event(TASK_END, 7, at=90 * MS)
    main.event(CPU_SAMPLE, 10 * MS, reads, at=95 * MS)
    worker.event(START, 100, 0x400010, reads, at=5 * MS)
    worker.wait(MUTEX, 0xABC0, 10 * MS, 41 * MS, locks, waker=100)
    worker.wait(SLEEP, 0, 50 * MS, 80 * MS, locks)
    worker.event(STOP, 20 * MS, at=90 * MS, text="worker")
    poller.wait(EPOLL, 4, 0, 99 * MS, reads, given_up=1)
    poller.event(LOG, 0, 0, at=100 * MS, text="end")
    return t


def labelled_trace():
    """Two threads read at the same place, for different requests."""
    t = Trace()
    for tid, path, ms in ((1, "/a", 10), (2, "/b", 30)):
        t.thread(tid).wait(READ, 7, 0, ms * MS, t.stack("read_all", "main", request=path, tenant="x"))
    return t


class Trace_(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def run_cprof(self, trace, *args, status=0):
        data = trace if isinstance(trace, bytes) else trace.bytes()
        with open(self.path("in.trace"), "wb") as f:
            f.write(data)
        p = subprocess.run([CPROF, "trace", *args, self.path("in.trace")], capture_output=True, timeout=60)
        self.assertEqual(p.returncode, status, p.stderr)
        return p.stdout

    def summary(self, trace):
        return self.run_cprof(trace).decode()

    def perfetto(self, trace):
        self.run_cprof(trace, "-perfetto", self.path("out"))
        with open(self.path("out"), "rb") as f:
            return perfetto.Checked(f.read())

    def profile(self, trace, kind):
        self.run_cprof(trace, "-pprof", kind, "-o", self.path("out"))
        return profile.read(self.path("out"))


def row(text, *words):
    """The words of the line that has these."""
    lines = [line.split() for line in text.splitlines() if all(w in line for w in words)]
    assert lines, "no line with %r in\n%s" % (words, text)
    return lines[0]


def table(text, title):
    return text.split("\n%s\n" % title)[1].split("\n\n")[0]


class Summary(Trace_):
    def test_threads(self):
        threads = table(self.summary(known_trace()), "Threads")
        self.assertEqual(threads.splitlines()[0].split(),
                         "alive running ready locks syscalls network asleep unknown".split())
        self.assertEqual(row(threads, "100"), "100 prog 100ms 70ms 5ms 0 15ms 0 0 10ms".split())
        self.assertEqual(row(threads, "101"), "101 worker 85ms 24ms 1ms 30ms 0 0 30ms 0".split())
        self.assertEqual(row(threads, "102"), "102 prog 100ms 1ms 0 0 0 99ms 0 0".split())

    def test_picture(self):
        lines = [x.split("|")[1] for x in self.summary(known_trace()).splitlines() if x.count("|") == 2]
        self.assertEqual(len(lines), 3)
        main, poller, worker = lines  # by age
        n = len(main)
        self.assertGreater(n, 50)
        for letter, cells, share in (("s", main, 0.15), ("L", worker, 0.30), ("z", worker, 0.30), ("n", poller, 0.99)):
            self.assertAlmostEqual(cells.count(letter) / n, share, delta=2.5 / n)
        self.assertEqual(worker.strip(" ")[0], "#")
        self.assertAlmostEqual(worker.count(" ") / n, 0.15, delta=2.5 / n)
        self.assertAlmostEqual(worker.index("L") / n, 0.10, delta=2.5 / n)

    def test_a_thread_that_has_no_cpu_does_not_run(self):
        t = Trace()
        for at, cpu, queue in ((0, 7, 9), (50, 17, 48), (100, 67, 48)):
            t.process.event(TIMES, 1, cpu * MS, queue * MS, at=at * MS)
        t.thread(1).wait(READ, 3, 90 * MS, 91 * MS)
        t.thread(1).event(LOG, 0, 0, at=100 * MS, text="")
        text = self.summary(t)
        self.assertEqual(row(table(text, "Threads"), "  1 ")[2:], "100ms 60ms 39ms 1ms".split())
        picture, = [x.split("|")[1] for x in text.splitlines() if x.count("|") == 2]
        half = len(picture) // 2
        self.assertEqual(set(picture[:half]), {"+"})
        self.assertLessEqual(set(picture[half + 1:]), {"#", "s"})

    def test_a_thread_that_slept_through_is_asleep(self):
        """It waits for something since before the trace, which nobody knows; it was shown as unknown."""
        t = Trace()
        for at in (0, 50, 100):
            t.process.event(TIMES, 1, 7 * MS, 9 * MS, at=at * MS)
        t.thread(2).event(LOG, 0, 0, at=100 * MS, text="")
        t.thread(1).event(LOG, 0, 0, at=100 * MS, text="")
        text = self.summary(t)
        threads = table(text, "Threads")
        self.assertNotIn("unknown", threads)
        self.assertEqual(row(threads, "  1 ")[-1], "100ms")
        self.assertIn("z" * 20, text)

    def test_waits(self):
        text = self.summary(known_trace())
        locks = table(text, "Locks waited for")
        self.assertEqual(row(locks, "mutex"), "1 31ms 31ms mutex 0xabc0".split())
        self.assertIn("in lock_it < work\n", locks)
        self.assertIn("until unlock_it < main", locks)
        self.assertEqual(row(table(text, "System calls waited in"), "read"), "1 15ms 15ms read".split())
        self.assertEqual(row(table(text, "Network and polling"), "epoll_wait"), "1 99ms 99ms epoll_wait".split())
        longest = table(text, "Longest waits").splitlines()
        self.assertEqual(longest[0].split(), "31ms at 10ms worker (101) waits for mutex 0xabc0".split())
        self.assertIn("until prog (100) lets it go, and 1ms more to run again", longest[2])
        self.assertIn("unlock_it < main", longest[3])

    def test_latencies(self):
        text = self.summary(known_trace())
        self.assertEqual(row(table(text, "Tasks"), "request"), "1 89ms 89ms 89ms 89ms 89ms request".split())
        self.assertEqual(row(table(text, "Regions"), "parse"), "3 80ms 15ms 20ms 50ms 50ms 50ms parse".split())

    def test_percentiles_are_of_those_that_were(self):
        t = Trace()
        main = t.thread(1)
        at = 0
        for us in list(range(1, 101)) * 2:
            main.region("r", at, at + us * 1000)
            at += us * 1000
        self.assertEqual(row(table(self.summary(t), "Regions"), " r"), "200 10.10ms 0 50us 90us 99us 100us r".split())

    def test_what_is_cut(self):
        t = Trace()
        a = t.thread(1)
        a.event(REGION_END, 0, t.string("before"), at=10 * MS)
        a.event(REGION_BEGIN, 0, t.string("after"), at=20 * MS)
        a.event(WAIT_BEGIN, MUTEX, 0x10, 0, at=30 * MS)
        t.thread(2).event(LOG, 0, 0, at=100 * MS, text="")
        text = self.summary(t)
        self.assertEqual(row(text, "before"), "1 10ms 0 - - - - before (1 not whole)".split())
        self.assertEqual(row(text, "after"), "1 80ms 70ms - - - - after (1 not whole)".split())
        self.assertEqual(row(table(text, "Threads"), "  1 "), "1 prog 100ms 30ms 70ms".split())
        self.assertIn("mutex 0x10, and goes on", text)

    def test_losses_are_told(self):
        t = known_trace()
        t.threads[1].event(LOST, 12, at=99 * MS)
        t.end = (11, 12, 3, 0)
        text = self.summary(t)
        for words in ("12 events were lost", "12 events are missing", "3 CPU samples are missing",
                      "ended by signal 11"):
            self.assertIn(words, text)
        self.assertEqual(row(table(text, "Threads"), "100")[-1], "10ms")  # 4 of them lost, 6 not on a CPU
        t.end = None
        self.assertIn("killed while it was traced", self.summary(t))

    def test_a_thread_id_may_be_used_again(self):
        t = Trace()
        a = t.thread(5)
        a.event(START, 0, 0, 0, at=0)
        a.wait(MUTEX, 1, 1 * MS, 2 * MS)
        a.event(STOP, 2 * MS, at=3 * MS, text="first")
        a.event(START, 0, 0, 0, at=10 * MS)
        a.wait(MUTEX, 1, 11 * MS, 14 * MS)
        a.event(STOP, 5 * MS, at=20 * MS, text="second")
        threads = table(self.summary(t), "Threads")
        self.assertEqual(row(threads, "first"), "5 first 3ms 2ms 1ms".split())
        self.assertEqual(row(threads, "second"), "5 second 10ms 7ms 3ms".split())

    def test_text_of_the_program_does_no_harm(self):
        t = Trace()
        a = t.thread(1)
        t.process.event(NAME, 1, at=0, text=b"\x1b[2J\xff\xc2\x9b")
        a.region("\x1b]0;x\x07", 0, MS)
        text = self.run_cprof(t)
        self.assertNotIn(b"\x1b", text)
        text.decode()

    def test_a_thread_without_events_was_there_as_long_as_it_was_noted(self):
        t = known_trace()
        for at in (0, 50 * MS):
            t.process.event(TIMES, 103, 0, 0, at=at)
        self.assertEqual(row(table(self.summary(t), "Threads"), "103")[:3], "103 prog 50ms".split())

    def test_waiting_for_work_is_no_lock(self):
        t = Trace()
        t.thread(1).wait(COND, 0x20, 0, 30 * MS, t.stack("idle", "main"))
        t.thread(2).wait(MUTEX, 0x10, 0, 20 * MS)
        text = self.summary(t)
        self.assertEqual(row(table(text, "Threads"), "  1 ")[2:], "30ms 0 0 30ms".split())
        self.assertEqual(row(table(text, "Other threads waited for"), "0x20")[:3], "1 30ms 30ms".split())
        self.assertEqual(len(table(text, "Longest waits").splitlines()), 1)

    def test_a_thread_begins_when_it_is_first_seen(self):
        t = known_trace()
        t.process.event(TIMES, 103, 0, 0, at=20 * MS)
        t.thread(103).wait(MUTEX, 0, 30 * MS, 40 * MS)
        t.thread(104).wait(MUTEX, 0, 30 * MS, 40 * MS)
        threads = table(self.summary(t), "Threads")
        self.assertEqual(row(threads, "103")[2], "80ms")
        self.assertEqual(row(threads, "104")[2], "70ms")

    def test_labels_divide_no_place(self):
        text = self.summary(labelled_trace())
        self.assertRegex(table(text, "System calls waited in"), r"^ +waits +total +longest\n +2 +40ms +30ms  read\n")
        self.assertEqual(len(table(text, "System calls waited in").splitlines()), 3)
        self.assertRegex(table(text, "Longest waits"), r" read fd 7\n +labelled request:/b, tenant:x\n +in read_all")

    def test_what_starts_programs_is_left_out(self):
        t = Trace()
        t.thread(1).wait(MUTEX, 1, 0, MS, t.stack("lock_it", "main", "__libc_start_main"))
        t.thread(2).wait(MUTEX, 2, 0, MS, t.stack("lock_it", "work", "start_thread", "__clone3"))
        text = self.summary(t)
        self.assertIn("in lock_it < main\n", text)
        self.assertIn("in lock_it < work\n", text)

    def test_names_are_readable(self):
        t = Trace()
        t.thread(1).wait(MUTEX, 1, 0, MS, t.stack("_ZN2ns4workEi", "main"))
        self.assertIn("in ns::work < main", self.summary(t))

    def test_many_threads(self):
        t = Trace()
        for i in range(100):
            t.thread(1000 + i).wait(MUTEX if i == 77 else SLEEP, 1, 0, 50 * MS)
        threads = table(self.summary(t), "Threads")
        self.assertLess(len(threads.splitlines()), 40)
        self.assertIn("1077", threads)
        self.assertIn("and 68 that did less", threads)


class Profiles(Trace_):
    def expect(self, kind, samples):
        p = self.profile(known_trace(), kind)
        self.assertEqual(p.sample_types, [("contentions", "count"), ("delay", "nanoseconds")])
        got = sorted((tuple(f.name for f in s.stack), list(s.values)) for s in p.samples)
        self.assertEqual(got, sorted(samples))
        return p

    def test_sync(self):
        p = self.expect("sync", [(("lock_it", "work", "start_thread"), [1, 30 * MS])])
        self.assertEqual(p.samples[0].stack[0].mapping.build_id, "0123456789abcdef")

    def test_syscall(self):
        self.expect("syscall", [(("read_all", "main"), [1, 15 * MS]),
                                (("lock_it", "work", "start_thread"), [1, 30 * MS])])

    def test_net(self):
        self.expect("net", [(("read_all", "main"), [1, 99 * MS])])

    def test_sched(self):
        self.expect("sched", [(("lock_it", "work", "start_thread"), [1, MS])])

    def test_labels(self):
        p = self.profile(labelled_trace(), "syscall")
        self.assertEqual(sorted((s.labels["request"], s.labels["tenant"], s.values[1]) for s in p.samples),
                         [("/a", "x", 10 * MS), ("/b", "x", 30 * MS)])

    def test_top_reads_it(self):
        data = self.run_cprof(known_trace(), "-pprof=sync")
        p = subprocess.run([CPROF, "-symbolize=none", "-top", "-"], input=data, capture_output=True)
        self.assertIn("30ms   100%   100%       30ms   100%  lock_it", p.stdout.decode())


class Perfetto(Trace_):
    def test_slices(self):
        p = self.perfetto(known_trace())
        zero = p.clocks[6]
        self.assertEqual(zero, 5 * 10**9)
        self.assertEqual(p.clocks[1], 1700000000 * 10**9)
        slices = {(s[0], s[1], (s[2] - zero) / MS, (s[3] - zero) / MS, s[4]) for s in p.slices}
        self.assertEqual(slices, {
            ("prog", "parse", 2, 12, 0), ("prog", "parse", 12, 32, 0), ("prog", "parse", 32, 82, 0),
            ("prog", "read", 45, 60, 1), ("worker", "mutex", 10, 41, 0), ("worker", "ready to run", 40, 41, 1),
            ("worker", "sleep", 50, 80, 0), ("prog", "epoll_wait", 0, 99, 0), ("request", "request", 1, 90, 0)})

    def test_flow_from_the_wake_to_the_woken(self):
        p = self.perfetto(known_trace())
        wake, = [e for e in p.events if e["type"] == perfetto.INSTANT and e["category"] == "wake"]
        woken, = [e for e in p.events if e["ends"]]
        self.assertEqual(wake["flows"], woken["ends"])
        self.assertEqual(wake["at"], woken["at"])
        self.assertEqual((wake["track"]["thread"]["tid"], woken["track"]["thread"]["tid"]), (100, 101))
        self.assertEqual(wake["stack"], ["unlock_it", "main"])
        self.assertEqual(wake["args"]["lock"], 0xABC0)

    def test_arguments(self):
        p = self.perfetto(known_trace())
        args = {e["name"]: e["args"] for e in p.events if e.get("name")}
        self.assertEqual(args["mutex"], {"lock": 0xABC0, "woken by": "prog", "stack": "lock_it\nwork\nstart_thread"})
        self.assertEqual(args["read"], {"fd": 7, "stack": "read_all\nmain"})
        self.assertEqual(args["info"], {"message": "hello", "task": 7})
        self.assertEqual(args["epoll_wait"]["outcome"], "given up")

    def test_labels(self):
        p = self.perfetto(labelled_trace())
        self.assertEqual({e["args"]["labels"] for e in p.events if e.get("name") == "read"},
                         {"request:/a, tenant:x", "request:/b, tenant:x"})

    def test_counters_and_samples(self):
        p = self.perfetto(known_trace())
        counts = [e for e in p.events if e["type"] == perfetto.COUNTER]
        self.assertEqual([c["value"] for c in counts], [0, 4096, 8192])
        self.assertEqual(counts[0]["track"]["name"], "heap_inuse_bytes")
        self.assertEqual(counts[0]["track"]["counter"]["unit"], 3)
        self.assertEqual(p.samples, [(5 * 10**9 + 95 * MS, 100, ["read_all", "main"])])

    def test_slices_nest_whatever_was_lost(self):
        t = Trace()
        a = t.thread(1)
        names = [t.string(n) for n in "abc"]
        kinds = [REGION_BEGIN, REGION_BEGIN, REGION_END, WAIT_BEGIN, REGION_BEGIN, WAIT_END, REGION_END,
                 WAIT_BEGIN, WAIT_BEGIN, REGION_END, LOST, WAIT_END, REGION_END]
        for i, kind in enumerate(kinds * 3):
            args = {WAIT_BEGIN: (MUTEX, 1, 0), WAIT_END: (0, 0), LOST: (3,)}.get(kind, (0, names[i % 3]))
            a.event(kind, *args, at=i * MS)
        p = self.perfetto(t)
        self.assertGreater(len(p.slices), 10)
        for s in p.slices:
            self.assertLessEqual(s[2], s[3])


class Errors(Trace_):
    def fails(self, *args):
        p = subprocess.run([CPROF, "trace", *args], capture_output=True, timeout=60)
        self.assertEqual(p.returncode, 2)
        self.assertEqual(p.stdout, b"")
        self.assertEqual(p.stderr.count(b"\n"), 1, p.stderr)
        return p.stderr.decode()

    def test_words(self):
        self.assertIn("usage: cprof trace", self.fails())
        self.assertIn("usage: cprof trace", self.fails("a", "b"))
        self.assertIn("no such file", self.fails(self.path("none")))
        self.assertIn("-nonsense", self.fails("-nonsense", "x"))
        self.assertIn("not bad", self.fails("-pprof=bad", "x"))
        self.assertIn("do not go together", self.fails("-pprof=net", "-perfetto=y", "x"))
        self.assertIn("do not go together", self.fails("-perfetto=y", "-o=z", "x"))
        self.run_cprof(known_trace())
        self.assertIn("no such file", self.fails("-perfetto", self.path("no/where"), self.path("in.trace")))

    def test_other_files(self):
        for data, words in ((b"", "not an execution trace"), (b"PERFILE2" * 9, "not an execution trace"),
                            (b"cproftrc" + b"\x09" * 8, "another version"),
                            (known_trace().bytes()[:16], "no events")):
            with open(self.path("f"), "wb") as f:
                f.write(data)
            self.assertIn(words, self.fails(self.path("f")))

    def test_a_name_like_an_address(self):
        """A file with the time in its name was asked for by HTTP."""
        with open(self.path("trace-10:30:00"), "wb") as f:
            f.write(known_trace().bytes())
        p = subprocess.run([CPROF, "trace", "trace-10:30:00"], capture_output=True, cwd=os.path.dirname(f.name),
                           timeout=60)
        self.assertEqual((p.returncode, p.stderr), (0, b""))

    def test_half_a_file_is_none(self):
        self.run_cprof(known_trace())
        for words in "-perfetto=o", "-o o":
            p = subprocess.run("trap '' XFSZ; ulimit -f 1; \"$CPROF\" trace %s in.trace" % words, shell=True,
                               capture_output=True, cwd=os.path.dirname(self.path("o")), env={**os.environ,
                               "CPROF": CPROF}, timeout=60, text=True)
            self.assertEqual((p.returncode, p.stderr), (2, "cprof trace: write o: file too large\n"))
            self.assertFalse(os.path.exists(self.path("o")))

    def test_flags_may_follow(self):
        self.run_cprof(known_trace())
        p = subprocess.run([CPROF, "trace", self.path("in.trace"), "-pprof=sync", "-o", self.path("o")],
                           capture_output=True)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(len(profile.read(self.path("o")).samples), 1)

    def test_cut_anywhere(self):
        t = known_trace()
        data, cuts, at = t.bytes(), [], 16
        for chunk in t.chunks():
            cuts += [at, at + 20, at + 40, at + 41, at + len(chunk) - 1]
            at += len(chunk)
        for cut in cuts:
            if cut <= 16 + 40:
                continue
            with open(self.path("f"), "wb") as f:
                f.write(data[:cut])
            for args in ([], ["-perfetto", self.path("o")], ["-pprof=sync", "-o", self.path("o")]):
                p = subprocess.run([CPROF, "trace", *args, self.path("f")], capture_output=True, timeout=60)
                self.assertIn(p.returncode, (0, 2), (cut, p.stderr))
                if p.returncode == 0 and not args:
                    self.assertIn(b"Note: the", p.stdout)


if __name__ == "__main__":
    unittest.main(argv=["test_trace"], verbosity=1)
