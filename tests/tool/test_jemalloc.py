#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Heap dumps of Debian's jemalloc, against jeprof and against what the program allocated. test_jemalloc.py CPROF"""

import glob
import re
import subprocess
import unittest

from analyzer import AnalyzerTest

PROGRAM = """
#include <stdlib.h>
#include <string.h>
static void *kept[4000];
__attribute__((noinline)) void *leaf(size_t bytes) { return memset(malloc(bytes), 1, bytes); }
__attribute__((noinline)) void *mid(size_t bytes) { void *p = leaf(bytes); __asm__ volatile(""); return p; }
int main(void)
{
	for (int i = 0; i < 4000; i++)
		kept[i] = mid(1000 + i % 3 * 3000);
	for (int i = 0; i < 1000; i++)
		free(kept[i]);
	exit(0); // prof_final
}
"""
ALLOCATED = sum(1000 + i % 3 * 3000 for i in range(4000))
KEPT = sum(1000 + i % 3 * 3000 for i in range(1000, 4000))


class Jemalloc(AnalyzerTest):
    def setUp(self):
        super().setUp()
        with open(self.path("heap.c"), "w") as f:
            f.write(PROGRAM)
        subprocess.run(["gcc", "-g", "-O1", "heap.c", "-o", "heap", "-ljemalloc"], cwd=self.dir, check=True)
        subprocess.run([self.path("heap")], cwd=self.dir, check=True, env={**self.env, "MALLOC_CONF":
                       "prof:true,prof_accum:true,prof_final:true,lg_prof_sample:12,prof_prefix:dump"})
        self.dump, = glob.glob(self.path("dump.*.heap"))

    def ours(self, kind):
        """{function: (flat, cum)} in bytes or objects."""
        out, _ = self.run_cprof("-top", "-sample_index=" + kind, "-unit=B" if "space" in kind else "-unit=count",
                                "-nodefraction=0", self.dump)
        rows = re.findall(r"(?m)^ *(\d+)B? +\S+ +\S+ +(\d+)B? +\S+  (\S+)$", out)
        return {name: (int(flat), int(cum)) for flat, cum, name in rows}

    def theirs(self, kind):
        out = subprocess.run(["jeprof", "--text", "--show_bytes", "--" + kind, self.path("heap"), self.dump],
                             capture_output=True, text=True, check=True, cwd=self.dir).stdout
        return {name: (int(flat), int(cum)) for flat, cum, name in
                re.findall(r"(?m)^ *(\d+) +\S+ +\S+ +(\d+) +\S+ (\S+)$", out)}

    def test_as_jeprof(self):
        for kind in ("inuse_space", "alloc_objects"):
            ours, theirs = self.ours(kind), self.theirs(kind)
            for name in ("leaf", "mid", "main"):
                for i in range(2):  # what is sampled is rounded once a stack
                    self.assertAlmostEqual(ours[name][i], theirs[name][i], delta=8, msg=(kind, name))

    def test_truth(self):
        # Some 1,800 of 3,000 objects are sampled: a tenth is many standard deviations.
        self.assertAlmostEqual(self.ours("inuse_space")["leaf"][0], KEPT, delta=KEPT / 10)
        self.assertAlmostEqual(self.ours("alloc_space")["leaf"][0], ALLOCATED, delta=ALLOCATED / 10)


unittest.main()
