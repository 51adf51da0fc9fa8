#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof run` of programs that no library can be put into: the kernel samples them (run/outside.h). test_outside.py"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import test_run
from test_run import CPROF, FILE, Case, expect, expect_eq, expect_no_profile, musl_program, program
import profile


# Runs the rest of its arguments where the kernel says EACCES to perf_event_open, as in most containers.
FORBID = r"""
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int n, char **args)
{
	struct sock_filter f[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, SYS_perf_event_open},
			{6, 0, 0, SECCOMP_RET_ERRNO | EACCES}, {6, 0, 0, SECCOMP_RET_ALLOW}};
	struct sock_fprog filter = {4, f};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) ? 99 : execv(args[1], args + 1);
}
"""


def compiled(folder, name, text, *options):
    path = os.path.join(folder, name)
    subprocess.run(["gcc", "-x", "c", "-", "-o", path, *options], input=text, text=True, check=True)
    return path


def may_sample():
    """Whether the kernel lets cprof attach sample what is ours."""
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(["sleep", "60"]) as sleeper:
        done = subprocess.run([CPROF, "attach", "-seconds", "1", str(sleeper.pid)], cwd=folder,
                              stderr=subprocess.PIPE, text=True)
        sleeper.kill()
        expect(done.returncode == 0 or "not permitted" in done.stderr, done.stderr)
        return done.returncode == 0


def expect_sampled(case, status, reason, function):
    """From outside, and by the one who started it: the first line says why."""
    expect_eq((case.status, len(case.notes)), (status, 2), case.notes)
    expect("%s; the kernel samples its CPU time" % reason in case.notes[0], case.notes)
    expect(re.match(r"cprof: wrote %s \(0\.[2-4]\d s of CPU in \d+ samples\); try: cprof -top %s$" % (FILE, FILE),
                    case.notes[1]), case.notes)
    expect(250 <= case.cpu_ms() <= 400 and case.cpu_ms(function=function) >= 200, case.cpu_ms(function=function))


def test_static():
    static = program("static")
    expect_no_profile(Case(static, "return", "1", options=["-memprofile", "m.gz"]), 7,
                      "is statically linked; while it runs, cprof attach PID can see its CPU time")
    expect_no_profile(Case(static, "return", "1", options=["-cpuengine", "timer"]), 7, "is statically linked")
    if not may_sample():
        return
    case = Case(static, "return", "300")
    expect_sampled(case, 7, "cprof: no profile from inside: %s is statically linked" % static, "burn")
    expect_eq(subprocess.run([CPROF, "-top", case.path], stdout=subprocess.PIPE, text=True).stdout.splitlines()[0],
              "File: preload_static")
    case = Case(static, "return", "300", options=["-cpuprofile", "%p.gz", "-cpurate", "1000", "-memprofile", "m.gz"])
    expect(len(case.files) == 1 and re.match(r"\d+\.gz$", case.files[0]), case.files)
    expect(100 < profile.read(os.path.join(case.dir, case.files[0])).total("samples"), case.notes)


def test_what_may_not_be_sampled():
    with tempfile.TemporaryDirectory() as folder:
        forbid = compiled(folder, "forbid", FORBID)
        done = subprocess.run([forbid, CPROF, "run", program("static"), "return", "1"], cwd=folder,
                              stderr=subprocess.PIPE, text=True)
        expect_eq(os.listdir(folder), ["forbid"])
    expect_eq(done.returncode, 7)
    said = done.stderr.splitlines()
    expect(len(said) == 2 and "perf events are not permitted (kernel.perf_event_paranoid is " in said[0], said)
    expect_eq(said[1], "cprof: no profile: %s is statically linked, and cannot be sampled from outside" %
              program("static"))


def test_another_c_library():
    case = Case("./hello", before=lambda d: musl_program(d, "for (volatile int i = 0; i < 800000000; i++) ;"))
    expect_eq((case.status, case.stdout, case.stderr), (5, b"hello\n", []), case.notes)
    if may_sample():
        expect(case.cpu_ms(function="main") > 100, case.notes)


def test_ends_of_what_is_sampled():
    if not may_sample():
        return
    for how, sig in (("kill", signal.SIGKILL), ("segv", signal.SIGSEGV), ("_exit", -7)):
        case = Case(program("static"), how, "300")
        expect_eq(case.status, -sig, case.notes)
        expect(250 <= case.cpu_ms() <= 400, case.notes)
    with tempfile.TemporaryDirectory() as folder:
        busy = shutil.copy(program("static"), folder)
        with open(busy, "ab"):  # so that exec refuses it
            case = Case(busy)
    expect_eq((case.status, case.files), (126, []), case.notes)
    expect_eq(case.notes[1:], ["cprof: %s: Text file busy" % busy])


def test_a_static_launcher():
    """As containers have them (tini, gosu): what it becomes has the other profiles, and its children those of %p."""
    launch = "#include <unistd.h>\nint main(int n, char **args) { return execv(args[n > 1], args + 1); }\n"

    def make(folder):
        compiled(folder, "launch", launch, "-static")
    case = Case("./launch", "/bin/ls", before=make, options=["-memprofile", "m.gz", "-memprofilerate", "1"])
    expect("m.gz" in case.files and case.notes[1].startswith("cprof: wrote m.gz ("), case.notes)
    children = "%s return 300; %s return 300; exit 7" % (program("leave"), program("leave"))
    case = Case("./launch", "/bin/sh", "-c", children, before=make, options=["-cpuprofile", "%p.gz"])
    expect(len([f for f in case.files if f.endswith(".gz")]) >= 2, case.files)
    expect_eq(case.status, 7)


if __name__ == "__main__":
    test_run.PARTS = {"outside": [test_static, test_what_may_not_be_sampled, test_another_c_library,
                                  test_ends_of_what_is_sampled, test_a_static_launcher]}
    sys.exit(test_run.main([]))
