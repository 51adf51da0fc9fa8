#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends that are not the program's alone: by a signal of ours, and by libc's _exit within daemon(): test_ends.py"""

import os
import shutil
import signal
import sys

import test_run
from test_run import Case, expect, expect_eq, heap_of, program


def test_the_ticks_signal_ends_who_has_no_handler_for_it():
    """It was taken for one of ours that came late, and the program lived on."""
    for more in [], ["-memprofile", "heap.gz"]:
        case = Case(program("leave"), "prof", "50", options=["-cpuprofile", "cpu.gz", *more])
        expect_eq(case.status, -signal.SIGPROF, more)
        expect({"cpu.gz", *more[1:]} <= set(case.files), case.files)
    case = Case("sh", "-c", "trap '' PROF; kill -PROF $$; exit 3", options=["-cpuprofile", "cpu.gz"])
    expect_eq(case.status, 3)


def test_who_writes_where_nobody_reads_leaves_all():
    """`cprof run find / | head`: the heap was lost, and up to a second of the CPU time."""
    case = Case("python3", "-c", "import os, signal, time\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
                "reader, writer = os.pipe()\nos.close(reader)\n"
                "while time.process_time() < 0.4: pass\nos.write(writer, b'?')",
                options=["-cpuprofile", "cpu.gz", "-memprofile", "heap.gz"])
    expect_eq((case.status, case.files), (-signal.SIGPIPE, ["cpu.gz", "heap.gz"]))
    expect(320 <= case.cpu_ms("cpu.gz") <= 550, case.cpu_ms("cpu.gz"))
    case = Case("sh", "-c", "ulimit -St 1; exec \"$@\"", "sh", program("leave"), "return", "5000",
                options=["-memprofile", "heap.gz"])
    expect_eq((case.status, case.files), (-signal.SIGXCPU, ["heap.gz", "heap.gz.1"]))  # .1: of the shell before exec


def test_who_becomes_a_daemon_leaves_what_was_before():
    """Its heap was lost."""
    case = Case(program("leave"), "daemon", "300", options=["-cpuprofile", "c.%p.gz", "-memprofile", "m.%p.gz"])
    expect_eq(case.status, 0)
    burnt_ms = {f: case.cpu_ms(f, "burn") for f in case.files if f.startswith("c.")}
    parents = [f for f, ms in burnt_ms.items() if 250 <= ms <= 400]
    expect_eq(len(parents), 1, burnt_ms)
    expect("m" + parents[0][1:] in case.files, case.files)


def test_who_dies_of_a_signal_does_not_exit_meanwhile():
    """While its files were written another thread exited: status 0, three times in four."""
    for how in "return", "_exit", "quick_exit", "exec", "daemon":
        for _ in range(3):
            case = Case(program("late"), how, options=["-memprofile", "heap.gz", "-memprofilerate", "1"])
            expect_eq((case.status, case.files), (-signal.SIGHUP, ["heap.gz"]), how)


def test_two_that_end_at_once_leave_all():
    """libc's exit() lets the second end the process while the first writes: in most runs there was no file, but half
    a one, before it took such turns itself (glibc 2.41)."""
    for nthreads in (1, 4) * 4:
        case = Case(program("crowd"), str(nthreads),
                    options=["-memprofile", "heap.gz", "-memprofilerate", "1", "-trace", "t", "-wallprofile", "w.gz"])
        expect_eq((case.status, case.files), (7, ["heap.gz", "t", "w.gz"]), nthreads)
        expect(heap_of(case, "heap.gz", "inuse_space", "main") >= 200000, nthreads)
        expect(not any("not to its end" in note for note in case.notes), case.notes)


def test_who_emulates_ends_by_syscall():
    """qemu's heap was lost, and up to a second of its CPU time. What it emulates had us preloaded, too, in the same
    process: both wrote the same files."""
    case = Case("qemu-x86_64", program("leave"), "return", "300",
                options=["-cpuprofile", "cpu.gz", "-memprofile", "heap.gz", "-memprofilerate", "1"])
    is_static = "is statically linked" in case.notes[0]  # since Debian 13
    expect_eq((case.status, case.files, len(case.notes)), (7, ["cpu.gz", "heap.gz"], 2 + is_static), case.notes)
    expect(case.cpu_ms("cpu.gz") >= 290 and case.cpu_ms("cpu.gz", "burn") == 0, case.cpu_ms("cpu.gz"))


def test_who_is_called_as_we_are_is_no_guest():
    """A program of our own name was taken for what an emulator runs."""
    def copy(folder):
        shutil.copy(program("leave"), os.path.join(folder, "cprof"))

    case = Case("./cprof", "return", "300", options=["-cpuprofile", "cpu.gz"], before=copy)
    expect_eq((case.status, case.files), (7, ["cprof", "cpu.gz"]), case.notes)


if __name__ == "__main__":
    test_run.PARTS = {"ends": [test_the_ticks_signal_ends_who_has_no_handler_for_it,
                               test_who_writes_where_nobody_reads_leaves_all,
                               test_who_becomes_a_daemon_leaves_what_was_before,
                               test_who_dies_of_a_signal_does_not_exit_meanwhile,
                               test_two_that_end_at_once_leave_all,
                               test_who_emulates_ends_by_syscall,
                               test_who_is_called_as_we_are_is_no_guest]}
    sys.exit(test_run.main([]))
