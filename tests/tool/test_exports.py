#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cprof writes for other programs: folded stacks, speedscope, JSON, flame graphs. test_exports.py CPROF"""

import gzip
import json
import re
import unittest
from collections import Counter

from analyzer import CPU, TICK, AnalyzerTest, cpu_profile, makeprofile


def folded_by_hand(profile_stacks):
    lines = Counter()
    for stack, value in profile_stacks:
        lines[";".join(reversed(stack))] += value
    return lines


class Exports(AnalyzerTest):
    def ask(self, p, *args):
        p.write(self.path("p.pb.gz"))
        return self.run_cprof(*args, "p.pb.gz")[0]

    def folded(self, p, *args):
        lines = Counter()
        for line in self.ask(p, "-folded", *args).splitlines():
            stack, value = line.rsplit(" ", 1)
            self.assertNotIn(stack, lines, "a stack has one line")
            lines[stack] = int(value)
        return lines

    def test_folded_adds_equal_stacks_up(self):
        p = makeprofile.Maker(CPU)
        stacks = [(["leaf", "mid", "main"], 3), (["mid", "main"], 1), (["leaf", "mid", "main"], 4),
                  (["main"], 2)]
        for number, (stack, value) in enumerate(stacks):
            p.sample(stack, [1, value], request="r%d" % number)
        self.assertEqual(self.folded(p), folded_by_hand(stacks))
        self.assertEqual(self.folded(p, "-sample_index=samples")["main;mid;leaf"], 2)
        self.assertEqual(self.folded(p, "-focus=leaf"), {"main;mid;leaf": 7})
        self.assertEqual(self.folded(p, "-tagfocus=request=r3"), {"main": 2})

    def test_folded_names_cannot_break_the_format(self):
        p = makeprofile.Maker(CPU)
        p.sample(["a;b\nc", "main"], [1, 1])
        self.assertEqual(self.folded(p), {"main;a:b c": 1})

    def test_speedscope(self):
        doc = json.loads(self.ask(cpu_profile(), "-speedscope"))
        self.assertEqual(doc["$schema"], "https://www.speedscope.app/file-format-schema.json")
        self.assertEqual([(p["type"], p["name"], p["unit"]) for p in doc["profiles"]],
                         [("sampled", "samples", "none"), ("sampled", "cpu", "nanoseconds")])
        names = [f["name"] for f in doc["shared"]["frames"]]
        cpu = doc["profiles"][doc["activeProfileIndex"]]
        stacks = {tuple(names[i] for i in s): w for s, w in zip(cpu["samples"], cpu["weights"])}
        self.assertEqual(stacks, {("main", "mid", "leaf"): 3 * TICK, ("main", "mid"): TICK})
        self.assertEqual(len(cpu["samples"]), len(cpu["weights"]))
        self.assertEqual(cpu["endValue"], 4 * TICK)

    def test_json(self):
        doc = json.loads(self.ask(cpu_profile(), "-json"))
        self.assertEqual((doc["sample_type"], doc["unit"], doc["total"]), ("cpu", "nanoseconds", 4 * TICK))
        nodes = {n["id"]: n for n in doc["nodes"]}
        self.assertEqual([(n["name"], n["flat"], n["cum"]) for n in doc["nodes"]],
                         [("leaf", 3 * TICK, 3 * TICK), ("mid", TICK, 4 * TICK), ("main", 0, 4 * TICK)])
        edges = {(nodes[e["from"]]["name"], nodes[e["to"]]["name"]): e["weight"] for e in doc["edges"]}
        self.assertEqual(edges, {("main", "mid"): 4 * TICK, ("mid", "leaf"): 3 * TICK})
        tags = {t["key"]: {v["value"]: v["weight"] for v in t["values"]} for t in doc["tags"]}
        self.assertEqual(tags, {"key": {"a": 3 * TICK, "b": TICK}, "bytes": {"512B": 3 * TICK}})

    def test_json_agrees_with_top(self):
        p = cpu_profile()
        doc = json.loads(self.ask(p, "-json", "-cum"))
        top = self.ask(p, "-top", "-cum", "-unit=ns").splitlines()
        rows = [line.split() for line in top[top.index(next(t for t in top if "flat%" in t)) + 1:]]
        self.assertEqual([(r[5], r[0], r[3]) for r in rows],
                         [(n["name"], "%dns" % n["flat"] if n["flat"] else "0", "%dns" % n["cum"])
                          for n in doc["nodes"]])

    def test_strange_names_stay_valid_json(self):
        p = makeprofile.Maker(CPU)
        p.sample(['"\\\x01\x7f\u2028', "é😀"], [1, 1], **{'k"': "v\\"})
        for kind in ("-json", "-speedscope"):
            json.loads(self.ask(p, kind))

    def flame_graph(self, p):
        """The data of the page, which must have all it needs inside."""
        page = self.ask(p, "-flamegraph")
        self.assertEqual(re.findall(r'\b(?:src|href)="|url\(|^import\b', page, re.M), [])
        return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])

    def test_flame_graph(self):
        data = self.flame_graph(cpu_profile())
        names = [frame[0] for frame in data["frames"]]
        self.assertEqual([(names[frame], caller, width, own) for frame, caller, width, own in data["boxes"]],
                         [("main", -1, 4 * TICK, 0), ("mid", 0, 4 * TICK, TICK), ("leaf", 1, 3 * TICK, 3 * TICK)])

    def test_names_stay_inside_the_page(self):
        p = makeprofile.Maker(CPU)
        p.sample(["</script", "b>&@title@"], [1, 1])
        self.assertEqual([frame[0] for frame in self.flame_graph(p)["frames"]],
                         ["b>&@title@", "</script"])

    def test_empty_profile(self):
        p = makeprofile.Maker(CPU)
        self.assertEqual(self.ask(p, "-folded"), "")
        self.assertEqual(self.flame_graph(p)["boxes"], [])
        self.assertEqual(json.loads(self.ask(p, "-json"))["nodes"], [])
        self.assertEqual(json.loads(self.ask(p, "-speedscope"))["profiles"][0]["samples"], [])

    def test_profiles_are_written_without_isal(self):
        """ISA-L is loaded when the first profile is written; here something lies in its place."""
        with open(self.path("libisal.so.2"), "wb") as f:
            f.write(b"no library")
        p = makeprofile.Maker(CPU)
        for number in range(10_000):  # enough for the fast level
            p.sample(["f%d" % (number * number % 997), "main"], [1, number], request="r%d" % number)
        p.write(self.path("p.pb.gz"))
        written = {}
        for way, folder in (("isal", ""), ("zlib", self.dir)):
            self.run_cprof("-proto", "-output=%s.pb.gz" % way, "p.pb.gz", LD_LIBRARY_PATH=folder)
            with open(self.path(way + ".pb.gz"), "rb") as f:
                written[way] = f.read()
        self.assertEqual(gzip.decompress(written["isal"]), gzip.decompress(written["zlib"]))
        self.assertNotEqual(written["isal"], written["zlib"], "both ways were the same")


if __name__ == "__main__":
    unittest.main()
