#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A fork's child in which the loader's lock is taken for ever: test_inherit.py

libc makes anew only the other of its two. A child that profiles hung before it did anything.
"""

import os
import sys

import test_run
from test_run import Case, expect, expect_eq, program
import profile

KINDS = {"cpu": "-cpuprofile", "heap": "-memprofile", "wall": "-wallprofile", "trace": "-trace",
         "block": "-blockprofile"}


def test_a_child_profiles_though_the_loaders_lock_is_taken():
    plugins = [program(name) + ".so" for name in ("plugin", "plain_plugin")]
    for engine in "perf", "timer":
        options = [word for kind, flag in KINDS.items() for word in (flag, "%p." + kind)]
        case = Case(program("inherit"), *plugins, options=[*options, "-cpuengine", engine, "-memprofilerate", "1"])
        expect_eq(case.status, 0, case.notes)
        for plugin, pid in zip(plugins, case.stdout.split()):
            p = profile.read(os.path.join(case.dir, "%d.cpu" % int(pid)))
            expect(p.by_function("cpu").get("plugin_burn", 0) > 0.2e9, (engine, plugin, p.by_function("cpu")))
            expect(plugin in [m.file for m in p.mappings], (plugin, [m.file for m in p.mappings]))
            for kind in "heap", "wall", "trace":
                expect(os.path.exists(os.path.join(case.dir, "%d.%s" % (int(pid), kind))), (kind, case.notes))


def test_children_of_a_program_with_a_libcprof_of_its_own():
    """That one's handler of fork() comes behind the one that starts the profiles: a thread of ours waited for a lock of
    the copy's in vain. Of its ends by system calls the injected library did not hear."""
    for kinds in ["wall"], ["trace"], ["heap"], KINDS:
        case = Case(program("bring"), options=[word for k in kinds for word in (KINDS[k], "%p." + k)])
        expect_eq(case.status, 7, (kinds, case.notes))
        if "wall" in kinds:
            expect_eq(len([f for f in case.files if f.endswith(".wall")]), 4, case.files)


if __name__ == "__main__":
    test_run.PARTS = {"inherit": [test_a_child_profiles_though_the_loaders_lock_is_taken,
                                  test_children_of_a_program_with_a_libcprof_of_its_own]}
    sys.exit(test_run.main([]))
