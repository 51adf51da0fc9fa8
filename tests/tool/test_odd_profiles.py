#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profiles as no producer should write them, and what pprof makes of them. Each case was found by comparing cprof with
google/pprof on random profiles and command lines. test_odd_profiles.py CPROF"""

import os
import re
import unittest

from analyzer import AnalyzerTest, makeprofile

BYTES = [("space", "bytes")]


class OddProfiles(AnalyzerTest):
    def make(self, *stacks, types=BYTES, name="odd.pb.gz", **header):
        """The name of a profile with these samples; a stack's value is 1, that of (stack, value, labels) is told."""
        maker = makeprofile.Maker(types, **{"mapping": None, **header})
        for sample in stacks:
            stack, value, labels = sample if isinstance(sample, tuple) else (sample, 1, {})
            maker.sample(stack, [value] * len(types), **labels)
        maker.write(self.path(name))
        return name

    def report(self, *args, **options):
        return self.run_cprof("-symbolize=none", *args, **options)

    def test_a_type_that_stands_twice_is_not_common(self):
        two = self.make(["f"], types=[("cpu", "ns"), ("n", "count"), ("cpu", "ns")])
        self.assertIn("\nn/count[dflt]\n", self.report("-raw", two)[0])
        none = self.make(["f"], types=[("cpu", "ns"), ("cpu", "ms")])
        self.assertEqual(self.report("-top", none, status=2)[1],
                         "pprof: problem fetching source profiles: profiles have empty common sample type list\n")
        # Twice in one of two counts as once in each, until the other turns out to have none.
        other = self.make(["f"], types=[("n", "count")], name="other.pb.gz")
        self.assertEqual(self.report("-top", none, other, status=2)[1],
                         'pprof: problem fetching source profiles: "cpu" sample type is not found in profile\n')

    def test_patterns_that_are_none_drop_no_frames(self):
        for header in {"drop_frames": "("}, {"drop_frames": "f", "keep_frames": "["}:
            out, err = self.report("-top", "-compact_labels", self.make(["f", "main"], **header))
            self.assertIn("1B   100%   100%         1B   100%  f\n", out)
            self.assertEqual(err, "")

    def test_the_title_of_a_drawing_is_the_whole_first_label(self):
        self.assertIn('subgraph cluster_L { "one\\ltwo" [shape=box fontsize=16 label="one\\ltwo\\lType: space\\l',
                      self.report("-dot", self.make(["f"], comments=["one\ntwo"]))[0])
        self.assertIn('subgraph cluster_L { "" [shape=box fontsize=16 label="\\lone\\l',
                      self.report("-dot", self.make(["f"], comments=["", "one"]))[0])
        self.assertIn('subgraph cluster_L { "Showing nodes accounting for 1, 100% of 1 total" [',
                      self.report("-dot", self.make(["f"], types=[("", "")]))[0])

    def test_the_smallest_number_has_a_font(self):
        # Its absolute value is itself: alone, it is the largest there is, and beside 1 one whose root is taken.
        out, _ = self.report("-dot", "-trim=false", self.make((["f"], -(1 << 63), {})))
        self.assertIn('id="node1" fontsize=24 ', out)
        out, _ = self.report("-dot", "-trim=false", self.make((["f"], -(1 << 63), {}), (["g"], 1, {})))
        self.assertIn('id="node2" fontsize=-9223372036854775800 ', out)

    def test_callgrind_tells_functions_by_columns_alone(self):
        stack = lambda address: [("f", "", 0, address, 7), ("f", "", 0, address, 0)]  # noqa: E731
        self.assertIn("cfn=(2) f [1/2]\n", self.report("-callgrind", self.make(stack(None)))[0])
        self.assertIn("cfn=(1)\n", self.report("-callgrind", self.make(stack(0x401000)))[0])

    def test_a_directory_is_a_source_without_lines(self):
        os.mkdir(self.path("folder"))
        out, _ = self.report("-list=f", self.make([("f", "folder", 3)]))
        self.assertEqual(out.splitlines()[1:], ["ROUTINE ======================== f in folder",
                                                "        1B         1B (flat, cum)   100% of Total"])
        out, _ = self.report("-list=f", self.make([("f", self.path("folder"), 3)]))
        self.assertEqual(len(out.splitlines()), 3)

    def test_a_source_is_missed_where_lines_are_looked_for(self):
        missing = " Error: could not find file no.c on path " + self.dir
        nowhere = ("a", "no.c", -9)  # of -9 and five around it, none is a line
        self.assertEqual(self.report("-list=a", self.make([nowhere]))[0].count(missing), 0)
        # Another function had lines looked for there.
        self.assertEqual(self.report("-list=.", self.make([("Z", "no.c", 3)], [nowhere]))[0].count(missing), 2)

    def weblist(self, regexp, path):
        """The words of the page from the first function on."""
        self.report("-weblist=" + regexp, "-output=page", path)
        with open(self.path("page")) as f:
            return " ".join(re.sub("<[^>]*>", " ", f.read().partition("<h2>")[2]).split())

    def test_of_two_functions_at_an_address_the_page_has_the_one_it_is_asked_for(self):
        path = self.make([("before", "", 0, 0x400100)], [("after", "", 0, 0x400100)])
        for name in "before", "after":
            self.assertTrue(self.weblist(name, path).startswith(name + " . Total: 2B 2B (flat, cum) 100% "), name)

    def test_addresses_are_invented_from_the_root_on(self):
        path = self.make([("real", "", 0, 1)], [("leaf", "", 0, None), ("root", "", 0, None)])
        self.assertTrue(self.weblist("real", path).startswith("real . Total: 1B 2B (flat, cum) 100% "))  # and root's

    def test_label_keys_are_asked_of_what_show_leaves(self):
        path = self.make((["f"], 1, {"key": "a"}))
        want = "Show expression matched no samples\nTagHide expression matched no samples\n"
        self.assertEqual(self.report("-tree", "-show=none", "-taghide=key", path)[1], want)
        _, err = self.report("-taghide=key", path, stdin="show=none\ntree\n")
        self.assertTrue(err.endswith(want), err)

    def test_what_tagshow_misses_is_said_before_taghide_fails(self):
        _, err = self.report("-tree", "-tagshow=none", "-taghide=(", self.make((["f"], 1, {"key": "a"})), status=2)
        self.assertEqual(err, "TagShow expression matched no samples\n"
                              "pprof: parsing taghide regexp: error parsing regexp: missing closing ): `(`\n")

    def test_options_are_padded_by_characters(self):
        _, err = self.report("-tagleaf=üü", "-divide_by=1e6", self.make(["f"]), stdin="o\n")
        self.assertIn("  tagleaf                   = üü" + " " * 19 + "\n", err)
        self.assertIn("  divide_by                 = 1e+06" + " " * 16 + "\n", err)


if __name__ == "__main__":
    unittest.main(argv=["test_odd_profiles"], verbosity=1)
