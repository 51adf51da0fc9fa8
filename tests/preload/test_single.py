#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of one thread, in which there is none of ours, or none that libc knows. CPROF_BUILD as for test_run.py."""

import signal
import sys

import test_run
from test_run import Case, expect, expect_eq, heap_of, program

OPTIONS = ("-memprofile", "mem.pb.gz", "-memprofilerate", "1")


def test_it_stays_one():
    """To libc: each of its locks is dearer where there are two, malloc's at each call. Its own second brings ours."""
    for how in ("term", "second"):
        case = Case(program("single"), how, program("plugin.so"), options=OPTIONS)
        expect_eq((case.status, case.stderr), (-signal.SIGTERM, []), how)
        expect_eq(heap_of(case, "mem.pb.gz", "inuse_space", "plugin_keep"), 4096, how)


def test_libc_does_not_know_the_collector():
    """What dlopen() brought after the start has its names all the same: malloc sees to that."""
    files = ["block", "cpu", "mem", "mutex", "syscall", "thread", "threadcreate"]
    options = [o for file in files for o in ("-%sprofile" % file, file)]
    for how, burnt_ms in (("burn", 300), ("burns", 900)):
        case = Case(program("single"), how, program("plugin.so"), options=options)
        expect_eq((case.status, case.stderr, case.files), (-signal.SIGTERM, [], files), how)
        got_ms = case.cpu_ms("cpu", "plugin_burn")
        expect(0.8 * burnt_ms < got_ms < 1.2 * burnt_ms, (how, got_ms))


def test_a_second_thread_of_a_program_with_a_libcprof_of_its_own():
    """Linked statically that stands before ours, also where ours makes a thread: it came back to us as the program's,
    and waited for itself."""
    files = ["block", "cpu", "mem"]
    options = [o for file in files for o in ("-%sprofile" % file, file)]
    case = Case(program("meet_linked"), options=options)
    expect_eq((case.status, case.stderr, case.files), (0, [], files))


def test_a_signal_inside_the_loader_leaves_the_heap():
    for how, sig in (("locked", signal.SIGTERM), ("abort", signal.SIGABRT)):
        case = Case(program("load"), how, program("plugin.so"), options=OPTIONS)
        expect_eq((case.status, case.files), (-sig, ["mem.pb.gz"]), how)
        expect(heap_of(case, "mem.pb.gz", "inuse_space", "keep") > 0, how)


def test_exit_in_a_handler_inside_the_loader_leaves_the_heap():
    for delay_us in range(1000, 13000, 173):
        case = Case(program("single"), "exit", program("plain_plugin.so"), str(delay_us), options=OPTIONS)
        expect_eq((case.status, case.files), (signal.SIGALRM, ["mem.pb.gz"]), delay_us)


def test_a_signal_while_it_changes_users_leaves_all():
    """Our threads are away then, and the handler waited for ever for the list of them, which the thread it had
    interrupted had taken."""
    for delay_us in (3000, 7001, 15000):
        case = Case(program("single"), "user", program("plugin.so"), str(delay_us),
                    options=("-cpuprofile", "cpu", *OPTIONS))
        expect_eq((case.status, case.files), (-signal.SIGALRM, ["cpu", "mem.pb.gz"]), delay_us)


def test_a_second_signal_lets_the_first_write():
    files = ["block", "mem", "mutex", "syscall"]
    options = [o for file in files for o in ("-%sprofile" % file, file)]
    for delay_us in range(50, 1500, 100):
        case = Case(program("single"), "term", program("plugin.so"), str(delay_us), options=options)
        expect(case.status in (-signal.SIGTERM, -signal.SIGALRM), case.status)
        expect_eq(case.files, files, delay_us)


def test_a_signal_leaves_the_cpu_profile_whole():
    """A server's worker of less than a second had but what its first checkpoints wrote."""
    sleeper = "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()\n"
    burn = "import os, time\nwhile time.process_time() < 0.3: pass\nos.kill(os.getpid(), 15)"
    for argv in ([program("leave"), "term", "300"], [program("leave"), "abort", "300"], ["python3", "-c", burn],
                 ["python3", "-c", sleeper + burn]):  # of two threads, for comparison
        case = Case(*argv)
        expect(case.status in (-signal.SIGTERM, -signal.SIGABRT), argv)
        expect(240 <= case.cpu_ms() <= 450, (argv, case.cpu_ms()))


if __name__ == "__main__":
    test_run.PARTS = {"single": [test_it_stays_one, test_libc_does_not_know_the_collector,
                                 test_a_second_thread_of_a_program_with_a_libcprof_of_its_own,
                                 test_a_signal_inside_the_loader_leaves_the_heap,
                                 test_exit_in_a_handler_inside_the_loader_leaves_the_heap,
                                 test_a_signal_while_it_changes_users_leaves_all,
                                 test_a_second_signal_lets_the_first_write,
                                 test_a_signal_leaves_the_cpu_profile_whole]}
    sys.exit(test_run.main([]))
