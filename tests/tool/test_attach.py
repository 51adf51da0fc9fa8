#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cprof attach: profiles of processes that run already. test_attach.py CPROF ATTACHED"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

ATTACHED = os.path.abspath(sys.argv.pop())
from analyzer import CPROF, AnalyzerTest, profile  # noqa: E402

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def wait_until(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def link_of(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:  # closed since it was listed
        return ""


def has_events(pid):
    """All are open before the descriptor for signals is."""
    fds = "/proc/%d/fd" % pid
    return any("signalfd" in link_of(os.path.join(fds, fd)) for fd in os.listdir(fds))


class AttachTest(AnalyzerTest):
    def start(self, program=ATTACHED, *args):
        child = subprocess.Popen([program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.wait)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        self.addCleanup(child.kill)
        self.assertEqual(child.stdout.readline(), "ready\n")
        return child

    def attach(self, *args, prefix=()):
        """A running cprof attach whose events are open."""
        cprof = subprocess.Popen([*prefix, CPROF, "attach", *map(str, args)], stderr=subprocess.PIPE, text=True,
                                 cwd=self.dir, env=self.env)
        self.addCleanup(cprof.stderr.close)
        wait_until(lambda: cprof.poll() is not None or has_events(cprof.pid), "cprof attach opens its events")
        if cprof.poll() is not None:
            said = cprof.stderr.read()
            if "not permitted" in said:
                self.skipTest("perf events are not permitted here")
            raise AssertionError(said)
        return cprof

    def check_whole(self, p):
        for s in p.samples:
            names = [f.name for f in s.stack]
            if "early" in names or "late" in names:
                self.assertIn(names[-1], ("clone3", "__clone3", "clone", "__clone", "thread_start"), names)

    def test_threads_of_before_and_after(self):
        child = self.start()
        before = cpu_s(child.pid)
        cprof = self.attach("-cpuprofile", "cpu.%p.pb.gz", child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(2)
        after = cpu_s(child.pid)
        cprof.send_signal(signal.SIGINT)
        said = cprof.communicate()[1]
        self.assertEqual(cprof.returncode, 0, said)
        name = "cpu.%d.pb.gz" % child.pid
        self.assertRegex(said, r"^cprof: wrote %s \(\d+\.\d\d s of CPU in \d+ samples\); "
                               r"try: cprof -top %s" % (name, name))
        p = profile.read(self.path(name))
        self.check_whole(p)
        by_function = p.by_function("cpu")
        self.assertAlmostEqual(p.total("cpu") / 1e9, after - before, delta=0.1 * (after - before) + 0.1)
        self.assertGreater(by_function["early"], 0.3 * p.total("cpu"))
        self.assertGreater(by_function["late"], 0.2 * p.total("cpu"))
        top, _ = self.run_cprof("-top", name)
        self.assertRegex(top, r"^File: attached\n")
        self.assertIn("engine: perf events, from outside; 100 Hz", top)
        self.assertIsNone(child.poll())

    def test_until_the_process_ends(self):
        child = self.start()
        cprof = self.attach("-cpurate", 1000, child.pid)
        begin = cpu_s(child.pid)
        wait_until(lambda: cpu_s(child.pid) > begin + 0.5, "it works")
        child.stdin.close()
        said = cprof.communicate(timeout=60)[1]
        self.assertEqual(child.wait(), 0)
        self.assertEqual(cprof.returncode, 0, said)
        self.assertIn("early", profile.read(self.path("cprof.cpu.pb.gz")).by_function("cpu"))

    def test_until_the_process_of_a_thread_ends(self):
        """By the id of a thread that is not the first there is no pidfd, and attach went on for ever."""
        child = self.start()
        tids = sorted(int(tid) for tid in os.listdir("/proc/%d/task" % child.pid))
        self.assertLess(1, len(tids))
        cprof = self.attach(tids[-1])
        child.stdin.close()
        child.wait()
        self.assertIn("cprof: wrote cprof.cpu.pb.gz", cprof.communicate(timeout=60)[1])
        self.assertEqual(cprof.returncode, 0)

    def test_of_a_process_that_becomes_another_program(self):
        """It was shown as the one it had been. (What cprof run has sampled is this process itself until its exec.)"""
        child = self.start("sh", "-c", "echo ready; read line; exec %s" % ATTACHED)
        ready, ready_here = os.pipe()
        cprof = subprocess.Popen([CPROF, "attach", "-quiet", "-ready", str(ready_here), str(child.pid)], cwd=self.dir,
                                 stderr=subprocess.PIPE, pass_fds=[ready_here], text=True)
        self.addCleanup(cprof.stderr.close)
        os.close(ready_here)
        with open(ready, encoding="utf-8") as f:
            line = f.readline()
        if not line and "not permitted" in cprof.stderr.read():
            self.skipTest("perf events are not permitted here")
        self.assertEqual(line, "sampling %d\n" % child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        self.assertEqual(child.stdout.readline(), "ready\n")
        begin = cpu_s(child.pid)
        wait_until(lambda: cpu_s(child.pid) > begin + 0.5, "it works")
        child.stdin.close()
        self.assertEqual(cprof.communicate(timeout=60)[1], "")
        self.assertEqual(cprof.returncode, 0)
        self.assertIn("early", profile.read(self.path("cprof.cpu.pb.gz")).by_function("cpu"))
        top, _ = self.run_cprof("-top", "cprof.cpu.pb.gz")
        self.assertRegex(top, r"^File: attached\n")
        self.assertIn("(attached)", top)

    def test_seconds_of_a_replaced_program(self):
        """Its file is another one by now."""
        copy = self.path("copy")
        shutil.copy(ATTACHED, copy)
        child = self.start(copy)
        os.unlink(copy)
        cprof = self.attach("-seconds", 1, child.pid)
        said = cprof.communicate(timeout=60)[1]
        self.assertEqual(cprof.returncode, 0, said)
        p = profile.read(self.path("cprof.cpu.pb.gz"))
        if os.geteuid() == 0:  # map_files is root's
            self.assertIn("early", p.by_function("cpu"))
            self.assertIn(copy, [m.file for m in p.mappings])

    def check_generated_code(self, kind):
        child = self.start(ATTACHED, kind)
        self.addCleanup(os.unlink, "/tmp/perf-%d.map" % child.pid)
        cprof = self.attach(child.pid)
        begin = cpu_s(child.pid)
        wait_until(lambda: cpu_s(child.pid) > begin + 1, "it works")
        cprof.send_signal(signal.SIGINT)
        said = cprof.communicate(timeout=60)[1]
        self.assertEqual(cprof.returncode, 0, said)
        by_function = profile.read(self.path("cprof.cpu.pb.gz")).by_function("cpu")
        self.assertGreater(by_function.get("JS:*generated a b.js:1", 0), 0.2e9, by_function)
        self.assertGreater(by_function["early"], 0.2e9)

    def test_generated_code(self):
        """It was [anon], for what perf top names."""
        self.check_generated_code("jit")

    def test_generated_code_in_shared_memory(self):
        """PHP's JIT: it was [zero], of the file /dev/zero (deleted)."""
        self.check_generated_code("shared jit")

    def test_assembly_without_tables(self):
        """As OpenBLAS's, x264's, and all of musl: it hid who had called it."""
        child = self.start(ATTACHED, "bare")
        said = self.attach("-seconds", 1, child.pid).communicate(timeout=60)[1]
        self.assertIn("cprof: wrote", said)
        p = profile.read(self.path("cprof.cpu.pb.gz"))
        stacks = [[f.name for f in s.stack] for s in p.samples]
        bare = [names for names in stacks if names[0] == "bare_loop"]
        self.assertGreater(len(bare), 0)
        for names in bare:
            self.assertEqual(names[1:3], ["in_assembly", "run"], names)
            self.assertIn(names[-1], ("clone3", "__clone3", "clone", "__clone", "thread_start"), names)

    def test_a_thread_that_starts_others(self):
        """The kernel swapped its events with theirs, and with these what had passed of its period."""
        child = self.start(ATTACHED, "starts")
        said = self.attach("-seconds", 2, child.pid).communicate(timeout=60)[1]
        self.assertIn("cprof: wrote", said)
        found = profile.read(self.path("cprof.cpu.pb.gz")).by_function("cpu")
        self.assertGreater(found["start_others"], 0.1 * found["early"], found)

    def test_who_starts_threads_meanwhile(self):
        """A thread that was started while events were being opened had none, nor had those it started: one time in
        three all of a program that had just begun."""
        for _ in range(3):
            child = self.start(ATTACHED, "grows")
            begin = cpu_s(child.pid)
            said = self.attach("-cpurate", 1000, "-seconds", 1, child.pid).communicate(timeout=60)[1]
            used = cpu_s(child.pid) - begin
            child.kill()
            self.assertNotIn("in no sample", said)
            self.assertLess(profile.read(self.path("cprof.cpu.pb.gz")).total("cpu") / 1e9, used + 0.1)

    def test_what_was_not_sampled_is_told(self):
        child = self.start(ATTACHED, "brief")
        said = self.attach("-seconds", 2, child.pid).communicate(timeout=60)[1]
        self.assertRegex(said, r"cprof: \d\.\d\d s of CPU are in no sample, as those of threads that used less than "
                         r"10 ms each; try: -cpurate 1000\n")
        comments = profile.read(self.path("cprof.cpu.pb.gz")).comments
        self.assertIn("lost: ", "\n".join(comments))

    def test_what_there_was_no_room_for_is_told(self):
        """It was said of it, too, that threads had been short, and that a higher rate would help."""
        child = self.start()
        for tid in os.listdir("/proc/%d/task" % child.pid):  # the next that is written there tells what was lost
            os.sched_setaffinity(int(tid), [min(os.sched_getaffinity(0))])
        cprof = self.attach("-cpurate", 10000, child.pid)
        for stops in (signal.SIGSTOP, signal.SIGCONT):
            cprof.send_signal(stops)
            begin = cpu_s(child.pid)
            wait_until(lambda: cpu_s(child.pid) > begin + (1 if stops == signal.SIGSTOP else 0.5), "it works")
        cprof.send_signal(signal.SIGINT)
        said = cprof.communicate(timeout=60)[1]
        self.assertRegex(said, r"cprof: \d\.\d\d s of CPU are in no sample: the kernel had no room for them, as cprof "
                         r"did not run in time; try: -cpurate 100\n")
        self.assertIn("the kernel had no room", "\n".join(profile.read(self.path("cprof.cpu.pb.gz")).comments))

    def test_few_files(self):
        """What is opened for a thread beside its events took the last: the profile could not be written."""
        child = self.start(ATTACHED, "grows")
        wait_until(lambda: len(os.listdir("/proc/%d/task" % child.pid)) == 202, "all threads are there")
        nevents = 202 * os.sysconf("SC_NPROCESSORS_ONLN")
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < nevents + 100:
            self.skipTest("needs more files")
        for nfiles, said in ((nevents + 100, "cprof: wrote "), (nevents + 10, "raise ulimit -n")):
            limited = ["prlimit", "--nofile=%d" % nfiles, CPROF]
            cprof = subprocess.run([*limited, "attach", "-seconds", "1", str(child.pid)],
                                   capture_output=True, text=True, cwd=self.dir, env=self.env)
            if "not permitted" in cprof.stderr:
                self.skipTest("perf events are not permitted here")
            self.assertIn(said, cprof.stderr)

    def test_of_its_children(self):
        """Who asks for nginx or postgres gets the process that waits for those that work."""
        shell = subprocess.Popen(["sh", "-c", "%s; true" % ATTACHED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True)
        self.addCleanup(shell.wait)
        self.addCleanup(shell.stdout.close)
        self.addCleanup(shell.stdin.close)
        self.assertEqual(shell.stdout.readline(), "ready\n")
        with open("/proc/%d/task/%d/children" % (shell.pid, shell.pid), encoding="ascii") as f:
            child = int(f.read())
        wait_until(lambda: cpu_s(child) > 0, "it works")
        said = self.attach("-seconds", 1, shell.pid).communicate(timeout=60)[1]
        self.assertIn("cprof.cpu.pb.gz, empty: nothing was sampled in 0 ms of CPU of sh (%d)\n" % shell.pid, said)
        self.assertIn("attached (%d) has used most; try: cprof attach %d\n" % (child, child), said)

    def test_unprivileged(self):
        if os.geteuid() != 0:
            self.skipTest("needs another user's rights")
        os.chmod(self.dir, 0o777)
        nobody = ("setpriv", "--reuid=nobody", "--clear-groups")
        dd = subprocess.Popen([*nobody, "dd", "if=/dev/zero", "of=/dev/null", "bs=1"], stderr=subprocess.DEVNULL)
        self.addCleanup(dd.wait)
        self.addCleanup(dd.kill)
        wait_until(lambda: cpu_s(dd.pid) > 0.1, "dd works")
        begin = cpu_s(dd.pid)
        cprof = self.attach("-seconds", 2, dd.pid, prefix=nobody)
        said = cprof.communicate(timeout=60)[1]
        used = cpu_s(dd.pid) - begin
        self.assertEqual(cprof.returncode, 0, said)
        p = profile.read(self.path("cprof.cpu.pb.gz"))
        self.assertGreater(p.by_function("cpu")["[kernel]"], 0.1 * p.total("cpu"))
        self.assertGreater(p.total("cpu") / 1e9, 0.7 * used - 0.1)
        self.assertLess(p.total("cpu") / 1e9, used + 0.1)
        other = subprocess.run(["setpriv", "--reuid=daemon", "--clear-groups", CPROF, "attach", str(dd.pid)],
                               capture_output=True, text=True, env=self.env)
        self.assertEqual(other.returncode, 2)
        self.assertIn("perf events are not permitted", other.stderr)

    def test_a_profile_that_cannot_be_written_replaces_none(self):
        """It was written in place: what stood there before was gone by then."""
        with open(self.path("cpu.pb.gz"), "w", encoding="ascii") as f:
            f.write("of before")
        before = os.listdir(self.dir)
        cprof = self.attach("-cpuprofile", "cpu.pb.gz", self.start().pid)
        resource.prlimit(cprof.pid, resource.RLIMIT_FSIZE, (100, 100))
        cprof.send_signal(signal.SIGINT)
        self.assertIn("write cpu.pb.gz: file too large", cprof.communicate()[1])
        self.assertEqual(cprof.returncode, 2)
        self.assertEqual(os.listdir(self.dir), before)
        with open(self.path("cpu.pb.gz"), encoding="ascii") as f:
            self.assertEqual(f.read(), "of before")

    def test_mistakes(self):
        child = self.start()
        for args, said in (((), "no process given"), (("x",), "x: not a process id"), ((1, 2), "one process at a time"),
                           (("-cpurate", 0, 1), "not a number from 1 to 10000"),
                           (("-seconds", -1, 1), "not a number from 0"), ((2**30,), "there is no process")):
            self.assertIn("cprof: attach: ", self.run_cprof("attach", *map(str, args), status=2)[1])
            self.assertIn(said, self.run_cprof("attach", *map(str, args), status=2)[1])
        # The flags behind it scrolled it away.
        self.assertEqual(self.run_cprof("attach", "x", status=2)[1].splitlines(), [
            "cprof: attach: x: not a process id",
            "usage: cprof attach [FLAGS] PID; for the flags: cprof help attach"])
        _, said = self.run_cprof("attach", "-seconds", "1", "-cpuprofile", "/nowhere/x", str(child.pid), status=2)
        self.assertRegex(said, "write /nowhere/x: no such file or directory|not permitted")
        self.assertIn("usage: cprof attach", self.run_cprof("attach", "-h")[0])


if __name__ == "__main__":
    unittest.main()
