#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof test`: suites that know nothing of us, not rebuilt: test_suites.py PART CPROF SUITE

    command   one test program, by hand
    meson     a suite under `meson test --wrapper`
    ctest     a suite under ctest
"""

import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

CPROF, SUITE = map(os.path.abspath, sys.argv[2:4])
PROFILES = ["-cpuprofile", "%n.cpu", "-test.memprofile=%n.mem", "-memprofilerate=1"]


def run(*argv, cwd, **more):
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **more)


def files(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def functions(folder, name, kind):
    path = os.path.join(folder, name)
    return profile.read(path).by_function(kind) if os.path.exists(path) else {}


def suite_is_whole(what, folder, name="suite"):
    cpu, mem = functions(folder, name + ".cpu", "cpu"), functions(folder, name + ".mem", "alloc_space")
    check("%s: CPU time of what was killed" % what, cpu.get("is_killed_fn", 0) > 0, cpu)
    for test in ("passes_fn", "fails_fn", "aborts_fn"):
        check("%s: CPU time of %s" % (what, test), cpu.get(test, 0) > 100e6, cpu)
        check("%s: memory of %s" % (what, test), mem.get(test, 0) >= 100 * 1000, mem)


# --- command


def test_children_are_in_it():
    with tempfile.TemporaryDirectory() as folder:
        done = run(CPROF, "test", *PROFILES, "-outputdir", "made", SUITE, cwd=folder)
        check("the status is the test's", done.returncode == 3, done)
        check("nothing is said", done.stderr == "", done.stderr)
        made = os.path.join(folder, "made")
        check("a file a profile, no parts", files(made) == ["suite.cpu", "suite.mem"], files(made))
        suite_is_whole("command", made)


def test_names():
    with tempfile.TemporaryDirectory() as folder:
        run(CPROF, "test", "-cpuprofile", "100%.cpu", "--", SUITE, "hang", "x/y z", cwd=folder, preexec_fn=lambda:
            signal.alarm(2))
        check("as it is", files(folder) == ["100%.cpu"], files(folder))
    with tempfile.TemporaryDirectory() as folder:
        done = run(CPROF, "test", "sh", "-c", "exec '%s' hang" % SUITE, cwd=folder, preexec_fn=lambda: signal.alarm(2))
        check("the end is the test's", done.returncode == -signal.SIGALRM, done)
        check("a name without blanks and slashes", len(files(folder)) == 1 and files(folder)[0].startswith("sh--c-") and
              files(folder)[0].endswith(".cpu.pprof"), files(folder))


def test_mistakes():
    for args, complaint in (([], "no test given"), (["-leak", "x"], "there is no flag -leak"),
                            (["-http", ":0", "x"], "there is no flag -http"), (["-cpuprofile"], "needs a value")):
        done = run(CPROF, "test", *args, cwd="/")
        check(complaint, done.returncode == 2 and complaint in done.stderr, done)
    with tempfile.TemporaryDirectory() as folder:
        done = run(CPROF, "test", "-outputdir", os.path.join(folder, "no", "such"), "sh", "-c", "exit 4", cwd=folder)
        check("it runs all the same", done.returncode == 4 and "no profile: " in done.stderr, done)


def test_a_timeout_leaves_all():
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen([CPROF, "test", *PROFILES, SUITE, "hang"], cwd=folder, stdout=subprocess.PIPE,
                                 start_new_session=True)
        child.stdout.readline()
        os.killpg(child.pid, signal.SIGTERM)
        child.communicate(timeout=60)
        check("its end", child.returncode == -signal.SIGTERM, child.returncode)
        check("files", files(folder) == ["suite-hang.cpu", "suite-hang.mem"], files(folder))
        check("memory", functions(folder, "suite-hang.mem", "alloc_space").get("main", 0) >= 100 * 1000)


# --- meson, ctest


def test_meson():
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "made")
        with open(os.path.join(folder, "meson.build"), "w", encoding="utf-8") as f:
            f.write("project('foreign')\nsuite = find_program('%s')\ntest('suite', suite, should_fail: true)\n"
                    "test('slow', suite, args: 'hang', timeout: 5)\n" % SUITE)
        run("meson", "setup", "build", cwd=folder)
        wrapper = " ".join([CPROF, "test", *PROFILES, "-outputdir", made])
        done = run("meson", "test", "-C", "build", "--wrapper", wrapper, cwd=folder)
        check("meson sees the tests' ends", "Expected Fail:      1" in done.stdout and "Timeout:            1" in
              done.stdout, done.stdout)
        suite_is_whole("meson", made)
        check("meson: of a test that took too long",
              functions(made, "suite-hang.mem", "alloc_space").get("main", 0) >= 100 * 1000, files(made))


def test_ctest():
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "made")
        with open(os.path.join(folder, "CTestTestfile.cmake"), "w", encoding="utf-8") as f:
            f.write("add_test(suite \"%s\")\nadd_test(other \"/bin/sh\" \"-c\" \"exit 0\")\n" % SUITE)
        done = run(CPROF, "test", *PROFILES, "-outputdir", made, "ctest", cwd=folder)
        check("ctest sees the tests' ends", "50% tests passed, 1 tests failed out of 2" in done.stdout, done.stdout)
        suite_is_whole("ctest", made)
        check("a file a program", {"suite.mem", "ctest.mem"} <= set(files(made)), files(made))


PARTS = {
    "command": [test_children_are_in_it, test_names, test_mistakes, test_a_timeout_leaves_all],
    "meson": [test_meson],
    "ctest": [test_ctest],
}

if __name__ == "__main__":
    for test in PARTS[sys.argv[1]]:
        test()
    sys.exit(exit_status())
