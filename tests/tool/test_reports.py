#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cprof prints of profiles small enough to be worked out by hand. test_reports.py CPROF"""

import gzip
import re
import unittest

from analyzer import CPU, TICK, AnalyzerTest, cpu_profile, makeprofile, profile

TOP = """\
File: prog
Type: cpu
Duration: 1s, Total samples = 40ms ( 4.00%)
Showing nodes accounting for 40ms, 100% of 40ms total
      flat  flat%   sum%        cum   cum%
      30ms 75.00% 75.00%       30ms 75.00%  leaf
      10ms 25.00%   100%       40ms   100%  mid
         0     0%   100%       40ms   100%  main
"""

TREE = """\
Showing nodes accounting for 40ms, 100% of 40ms total
----------------------------------------------------------+-------------
      flat  flat%   sum%        cum   cum%   calls calls% + context
----------------------------------------------------------+-------------
                                              30ms   100% |   mid
      30ms 75.00% 75.00%       30ms 75.00%                | leaf
----------------------------------------------------------+-------------
                                              40ms   100% |   main
      10ms 25.00%   100%       40ms   100%                | mid
                                              30ms 75.00% |   leaf
----------------------------------------------------------+-------------
         0     0%   100%       40ms   100%                | main
                                              40ms   100% |   mid
----------------------------------------------------------+-------------
"""

RAW = """\
PeriodType: cpu nanoseconds
Period: 10000000
Duration: 1s
Samples:
samples/count cpu/nanoseconds
          3   30000000: 1 2 3
                key:[a]
                bytes:[512 bytes]
          1   10000000: 2 3
                key:[b]
Locations
     1: 0x400010 M=1 leaf :0:0 s=0
     2: 0x400020 M=1 mid :0:0 s=0
     3: 0x400030 M=1 main :0:0 s=0
Mappings
1: 0x400000/0x500000/0x0 /bin/prog  [FN][FL][LN][IN]
"""

TRACES = """\
File: prog
Type: cpu
Duration: 1s, Total samples = 40ms ( 4.00%)
-----------+-------------------------------------------------------
       key:  a
     bytes:  512B
      30ms   leaf
             mid
             main
-----------+-------------------------------------------------------
       key:  b
      10ms   mid
             main
-----------+-------------------------------------------------------
"""


def without_trailing_blanks(text):
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


class Reports(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.cpu = cpu_profile().write(self.path("cpu.pb.gz"))

    def test_top(self):
        self.assertEqual(self.run_cprof("-top", self.cpu), (TOP, ""))

    def test_a_command_may_be_a_word(self):
        self.assertEqual(self.run_cprof("top", self.cpu), (TOP, ""))
        self.assertEqual(self.run_cprof("peek", "^leaf$", self.cpu), self.run_cprof("-peek=^leaf$", self.cpu))
        _, err = self.run_cprof("peek", status=2)
        self.assertIn("peek needs a regexp", err)
        for words in ("list", self.cpu), ("list", "-cum", "main", self.cpu):
            self.assertIn("cprof: list needs a regexp and a source", self.run_cprof(*words, status=2)[1])

    def test_tree(self):
        self.assertEqual(without_trailing_blanks(self.run_cprof("-tree", "-compact_labels", self.cpu)[0]), TREE)

    def test_traces(self):
        self.assertEqual(self.run_cprof("-traces", self.cpu)[0], TRACES)

    def test_stacks(self):
        stack = {"leaf": "    leaf\n    mid\n    main\n", "mid": "    mid\n    main\n"}
        out, _ = self.run_cprof("-stacks", "-compact_labels", self.cpu)
        self.assertEqual(out, "Showing 2 of 2 stacks; all: 40ms\n\n30ms (75.00%) in 3 samples\n" + stack["leaf"] +
                         "\n10ms (25.00%) in 1 sample\n" + stack["mid"])
        out, _ = self.run_cprof("-stacks", "-compact_labels", "-nodecount=1", "-sample_index=samples", self.cpu)
        self.assertEqual(out, "Showing 1 of 2 stacks; all: 4\n\n3 (75.00%)\n" + stack["leaf"])
        out, _ = self.run_cprof("-stacks", "-compact_labels", "-focus=leaf", self.cpu)
        self.assertEqual(out, "Showing 1 of 1 stacks; all: 30ms, 75.00% of 40ms total\n\n30ms (75.00%) in 3 samples\n" +
                         stack["leaf"])
        # Labels make other samples of a stack, and no other stack.
        out, _ = self.run_cprof("-stacks", "-compact_labels", self.cpu, self.cpu)
        self.assertIn("60ms (75.00%) in 6 samples\n" + stack["leaf"], out)

    def test_focus_leaves_percentages_of_the_whole(self):
        out, _ = self.run_cprof("-top", "-compact_labels", "-focus=leaf", self.cpu)
        self.assertIn("Showing nodes accounting for 30ms, 75.00% of 40ms total", out)
        out, _ = self.run_cprof("-top", "-compact_labels", "-focus=leaf", "-relative_percentages", self.cpu)
        self.assertIn("Showing nodes accounting for 30ms, 100% of 30ms total", out)

    def test_filters_that_match_nothing_say_so(self):
        _, err = self.run_cprof("-top", "-focus=nobody", "-tagignore=nothing", "-tagroot=none", self.cpu)
        self.assertEqual(err, "TagRoot expression matched no samples\nFocus expression matched no samples\n"
                              "TagIgnore expression matched no samples\n")

    def test_label_filters(self):
        out, _ = self.run_cprof("-top", "-compact_labels", "-tagfocus=key=b", self.cpu)
        self.assertIn("10ms 25.00% 25.00%       10ms 25.00%  mid", out)
        out, err = self.run_cprof("-top", "-compact_labels", "-tagfocus=:1kb", self.cpu)
        self.assertEqual(err, "tagfocus:Interpreted ':1kb' as range, not regexp\n")
        self.assertIn("30ms 75.00% 75.00%       30ms 75.00%  leaf", out)

    def test_sample_index_and_divisor(self):
        out, _ = self.run_cprof("-top", "-compact_labels", "-sample_index=samples", self.cpu)
        self.assertIn("         3 75.00% 75.00%          3 75.00%  leaf", out)
        out, _ = self.run_cprof("-top", "-compact_labels", "-divide_by=10", self.cpu)
        self.assertIn("       3ms 75.00% 75.00%        3ms 75.00%  leaf", out)
        _, err = self.run_cprof("-top", "-sample_index=9", self.cpu, status=2)
        self.assertEqual(err, "pprof: sample_index 9 is outside the range [0..1]\n")

    def test_base_and_diff_base(self):
        new = makeprofile.Maker(CPU, period=TICK, period_type=CPU[1])
        new.sample(["leaf", "mid", "main"], [5, 5 * TICK], key="a", bytes=(512, "bytes"))
        path = new.write(self.path("new.pb.gz"))
        out, _ = self.run_cprof("-top", "-compact_labels", "-base", self.cpu, path)
        self.assertIn("Showing nodes accounting for 10ms, 33.33% of 30ms total", out)
        self.assertIn("      20ms 66.67% 66.67%       20ms 66.67%  leaf", out)
        self.assertIn("     -10ms 33.33% 33.33%       10ms 33.33%  mid", out)
        out, _ = self.run_cprof("-top", "-compact_labels", "-diff_base", self.cpu, path)
        self.assertIn("      20ms 50.00% 50.00%       20ms 50.00%  leaf", out)

    def test_several_sources_are_merged(self):
        out, _ = self.run_cprof("-top", "-compact_labels", self.cpu, self.cpu)
        self.assertIn("      60ms 75.00% 75.00%       60ms 75.00%  leaf", out)

    def test_proto_holds_what_the_filters_leave(self):
        data = self.bytes_of("-proto", "-focus=leaf", self.cpu)
        p = profile.Profile(gzip.decompress(data))
        self.assertEqual([s.values for s in p.samples], [[3, 3 * TICK]])
        self.assertEqual([f.name for f in p.samples[0].stack], ["leaf", "mid", "main"])

    def test_raw(self):
        self.assertEqual(without_trailing_blanks(self.run_cprof("-raw", self.cpu)[0]), RAW)

    def test_output_file(self):
        out, err = self.run_cprof("-top", "-output=" + self.path("out.txt"), self.cpu)
        self.assertEqual((out, err), ("", "Generating report in %s\n" % self.path("out.txt")))
        with open(self.path("out.txt")) as f:
            self.assertEqual(f.read(), TOP)

    def test_images_are_graphvizs(self):
        svg = self.bytes_of("-svg", self.cpu).decode()
        self.assertIn('<g id="viewport">', svg)
        self.assertIn("</g>\n</svg>", svg)
        self.assertEqual(svg.count("<g"), svg.count("</g>"))
        self.assertEqual(self.bytes_of("-png", self.cpu)[:4], b"\x89PNG")

    def test_graphviz_reads_any_label(self):
        """A quote or a backslash in the value of a label was the end of the graph."""
        p = cpu_profile()
        p.sample(["leaf", "main"], [1, 10**7], path='C:\\dir "x"')
        p.write(self.cpu)
        self.assertIn('path:C:\\dir &quot;x&quot;</text>', self.bytes_of("-svg", self.cpu).decode())

    def test_a_missing_graphviz_is_told(self):
        _, err = self.run_cprof("-svg", self.cpu, status=2, PATH="/nonexistent")
        self.assertEqual(err, 'pprof: failed to execute dot. Is Graphviz installed? Error: exec: "dot": '
                              "executable file not found in $PATH\n")


class Mistakes(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.cpu = cpu_profile().write(self.path("cpu.pb.gz"))

    def check(self, want, *args):
        out, err = self.run_cprof(*args, status=2)
        self.assertEqual(out, "")
        self.assertEqual(err.splitlines()[-1], "pprof: " + want)

    def test_contradictions(self):
        self.check("must set at most one output format", "-top", "-tree", self.cpu)
        self.check("conflicting options set: [cum flat]", "-top", "-cum", "-flat", self.cpu)
        self.check("-base and -diff_base flags cannot both be specified", "-top", "-base=x", "-diff_base=y",
                   self.cpu)
        self.check("must have base profile to normalize by", "-top", "-normalize", self.cpu)
        self.check("-no_browser only makes sense with -http", "-top", "-no_browser", self.cpu)
        self.check("zero divisor specified", "-top", "-divide_by=0", self.cpu)

    def test_flags(self):
        self.check("flag provided but not defined: -bogus", "-bogus", self.cpu)
        self.check('invalid value "x" for flag -nodecount: parse error', "-nodecount=x", self.cpu)
        self.check("no profile source specified", "-top")

    def test_regexps(self):
        self.check("parsing focus regexp: error parsing regexp: missing closing ): `(`", "-top", "-focus=(",
                   self.cpu)
        self.check("parsing argument regexp [: error parsing regexp: missing closing ]: `[`", "-peek=[",
                   self.cpu)
        self.check("no matches found for regexp: nobody", "-peek=nobody", self.cpu)

    def test_sources(self):
        out, err = self.run_cprof("-top", "nofile", status=2)
        self.assertEqual(err, "nofile: stat nofile: no such file or directory\n"
                              "pprof: failed to fetch any source profiles\n")
        out, err = self.run_cprof("-top", self.cpu, "nofile")
        self.assertEqual(err, "nofile: stat nofile: no such file or directory\n"
                              "Fetched 1 source profiles out of 2\n")
        with open(self.path("garbage"), "w") as f:
            f.write("garbage")
        _, err = self.run_cprof("-top", "garbage", status=2)
        self.assertIn("garbage: parsing profile: unrecognized profile format", err)

    def test_two_values_by_their_short_names(self):
        heap = makeprofile.Maker([("inuse_objects", "count"), ("inuse_space", "bytes")])
        heap.sample(["f"], [1, 1024])
        path = heap.write(self.path("heap.pb.gz"))
        _, err = self.run_cprof("-top", "-inuse_space", "-inuse_objects", path)
        self.assertEqual(err, "Multiple value selections, ignoring -inuse_objects\n")


class WithoutStacks(AnalyzerTest):
    def test_tags_and_comments_are_the_same_read_with_stacks(self):
        """These two leave stacks away unless a filter asks for names."""
        p = cpu_profile(comments=["made by hand"])
        p.write(self.path("p.pb.gz"))
        for report in "-tags", "-comments":
            said = self.run_cprof(report, "p.pb.gz")
            self.assertNotEqual(said[0], "")
            self.assertEqual(said, self.run_cprof(report, "-focus=.", "p.pb.gz"))
        self.assertIn("10ms", self.run_cprof("-tags", "-ignore=leaf", "p.pb.gz")[0])
        self.assertNotIn("30ms", self.run_cprof("-tags", "-ignore=leaf", "p.pb.gz")[0])


class Help(AnalyzerTest):
    def test_help_knows_every_command_and_option_it_lists(self):
        out, err = self.run_cprof("help")
        self.assertEqual(err, "")
        self.assertEqual(out, self.run_cprof("-h")[0])
        commands = re.findall(r"^  (\w+)", out.split("\nCommands\n")[1].split("\nOptions")[0], re.M)
        options = re.findall(r"^  -(\w+)", out, re.M)
        self.assertGreater(len(commands) * len(options), 1000)
        for name in [*commands, *options, "granularity"]:
            self.assertNotEqual(self.run_cprof("help", name)[0], "")
        self.assertIn("  -flat ", self.run_cprof("help", "sort")[0])  # not its heading alone
        for name in ("focus", "tls_key", "total_delay"):
            self.assertEqual(self.run_cprof("help", "-" + name), self.run_cprof("help", name))
        for part in "run", "trace":
            self.assertIn("cprof %s " % part, self.run_cprof("help", part)[0])
        self.assertIn("no command or option nonsense", self.run_cprof("help", "nonsense", status=2)[1])

    def test_version(self):
        self.assertRegex(self.run_cprof("version")[0], r"^cprof \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main(argv=["test_reports"], verbosity=1)
