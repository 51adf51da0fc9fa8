#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the pages say. test_pages.py CPROF"""

import gzip
import http.client
import shutil
import threading
import unittest
from urllib.parse import quote

from served import Page, WebTest, cpu_profile

import makeprofile

HOSTILE = "x</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
VIEWS = ["top", "graph", "flamegraph", "peek", "source", "disasm"]


def boxes(data):
    """{path of names from the root: box without its first two fields}."""
    paths, out = [], {}
    for frame, caller, *values in data["boxes"]:
        path = (paths[caller] if caller >= 0 else ()) + (data["frames"][frame][0],)
        paths.append(path)
        out[path] = values
    return out


class PagesTest(WebTest):
    def test_flame_graph_is_the_call_tree(self):
        self.serve_profile(cpu_profile())
        page = self.page("/ui/flamegraph")
        data = page.data()
        self.assertEqual(data["total"], 40_000_000)
        self.assertEqual((data["type"], data["unit"], data["has_more"]), ("cpu", "nanoseconds", False))
        self.assertEqual(boxes(data), {
            ("main",): [40_000_000, 0],
            ("main", "mid"): [40_000_000, 10_000_000],
            ("main", "mid", "leaf"): [30_000_000, 30_000_000]})
        self.assertIn("File: prog", page.text)

    def test_options_in_the_url(self):
        self.serve_profile(cpu_profile())
        data = self.page("/ui/flamegraph?si=samples&i=leaf").data()
        self.assertEqual(boxes(data), {("main",): [1, 0], ("main", "mid"): [1, 1]})
        self.assertEqual(self.page("/ui/flamegraph?si=samples").data()["total"], 4)
        # What a URL does not say the command line does.
        rows = self.page("/ui/top").data()["Rows"]
        self.assertEqual(len(rows), 3)

    def test_options_of_the_command_line(self):
        self.serve_profile(cpu_profile(), "-sample_index=samples", "-focus=leaf")
        self.assertEqual(boxes(self.page("/ui/flamegraph").data())[("main",)], [3, 0])
        self.assertEqual(boxes(self.page("/ui/flamegraph?f=mid").data())[("main",)], [4, 0])

    def test_a_difference_has_widths_and_deltas(self):
        before, after = makeprofile.Maker([("n", "count")]), makeprofile.Maker([("n", "count")])
        before.sample(["a", "main"], [10])
        before.sample(["b", "main"], [5])
        after.sample(["a", "main"], [4])
        after.sample(["c", "main"], [2])
        for name, p in ("before", before), ("after", after):
            with open(self.path(name), "wb") as f:
                f.write(p.gzipped())
        self.serve("-diff_base", "before", "after")
        data = self.page("/ui/flamegraph").data()
        self.assertTrue(data["is_diff"])
        got = {path: (v[0], v[2]) for path, v in boxes(data).items()}
        self.assertEqual(got, {("main",): (21, -9), ("main", "a"): (14, -6), ("main", "b"): (5, -5),
                               ("main", "c"): (2, 2)})

    def test_many_stacks_make_a_bounded_page(self):
        p = makeprofile.Maker([("n", "count")])
        for i in range(30_000):
            p.sample(["leaf%d" % (i % 200), "mid%d" % (i // 200), "main"], [1 + i % 3])
        self.serve_profile(p)
        status, _, body = self.ask("/ui/flamegraph")
        data = Page(body).data()
        self.assertEqual(status, 200)
        self.assertEqual(len(data["boxes"]), 20_000)
        self.assertTrue(data["has_more"])
        widths = [width for _, _, width, *_ in data["boxes"]]
        self.assertEqual(widths, sorted(widths, reverse=True))
        self.assertEqual(boxes(data)[("main",)][0], sum(1 + i % 3 for i in range(30_000)))
        for frame, caller, *_ in data["boxes"]:
            self.assertLess(frame, len(data["frames"]))

    def test_top(self):
        self.serve_profile(cpu_profile())
        data = self.page("/ui/top").data()
        self.assertEqual(data["Rows"][0], {"Name": "leaf", "InlineLabel": "", "Flat": 30_000_000,
                                           "Cum": 30_000_000, "FlatFormat": "30ms", "CumFormat": "30ms"})

    def test_top_of_lines_tells_the_function(self):
        """Which is what filters match, not its line."""
        self.serve_profile(cpu_profile())
        row = self.page("/ui/top?g=addresses").data()["Rows"][0]
        self.assertEqual(row["Function"], "leaf")
        self.assertRegex(row["Name"], "^[0-9a-f]{16} leaf$")

    def test_peek_shows_callers_and_callees(self):
        self.serve_profile(cpu_profile())
        text = self.page("/ui/peek?f=%5Emid%24").text
        self.assertRegex(text, r"40ms\s+100%\s+\|\s+main")
        self.assertRegex(text, r"30ms\s+75.00%\s+\|\s+leaf")

    def test_peek_at_everything_is_bounded(self):
        """23 MB took a browser half a minute."""
        many = makeprofile.Maker([("n", "count")])
        for i in range(9000):
            many.sample(["f%d" % i, "main"], [9000 - i])
        self.serve_profile(many)
        text = self.page("/ui/peek?f=.").text
        self.assertLessEqual(text.count("\n"), 10500)
        self.assertRegex(text, r"\| f0\n")
        self.assertRegex(text, r"\| f2999\n")
        self.assertIn("focus to see others", text)

    @unittest.skipUnless(shutil.which("dot"), "graphviz is not there")
    def test_graph_is_an_image_in_the_page(self):
        self.serve_profile(cpu_profile())
        page = self.page("/ui/graph")
        self.assertIn("svg", [tag for tag, _ in page.tags])
        self.assertIn("leaf", page.text)

    def test_without_graphviz(self):
        self.serve_profile(cpu_profile(), env={"PATH": self.dir})
        status, headers, body = self.ask("/ui/graph")
        self.assertEqual(status, 501)
        self.assertTrue(headers["Content-Type"].startswith("text/html"))
        self.assertIn("graphviz", body)
        self.page("/ui/flamegraph")

    def test_download_is_the_profile(self):
        self.serve_profile(cpu_profile())
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(c.close)
        c.request("GET", "/ui/download?f=nothing")
        r = c.getresponse()
        body = r.read()
        self.assertEqual(r.headers["Content-Disposition"], "attachment; filename=profile.pb.gz")
        self.assertIn(b"leaf", gzip.decompress(body))

    def test_links_keep_the_options(self):
        self.serve_profile(cpu_profile())
        links = self.page("/ui/top?f=" + quote("a&b<c\"'") + "&si=cpu").links
        self.assertEqual(links["Peek"], "peek?f=a%26b%3Cc%22%27&si=cpu")
        self.assertEqual(links["samples"], "top?f=a%26b%3Cc%22%27&si=samples")
        self.assertEqual(links["Reset"], "top")
        self.assertEqual(links["\u00d7 Focus: a&b<c\"'"], "top?si=cpu")

    def test_warnings_are_on_the_page(self):
        self.serve_profile(cpu_profile())
        self.assertIn("Focus expression matched no samples", self.page("/ui/top?f=nowhere").text)

    def test_names_cannot_become_markup(self):
        p = makeprofile.Maker([("n<b>", "count")], mapping="/bin/<u>prog</u>", comments=["<i>hello</i>"])
        p.sample([(HOSTILE, "/src/<s>.c", 3), "main"], [7], **{"<key>": "<value>"})
        self.serve_profile(p)
        for view in ["top", "graph", "flamegraph", "peek"]:
            with self.subTest(view):
                status, headers, body = self.ask("/ui/%s?f=%s" % (view, quote("x</scr|<b>")))
                self.assertEqual(status, 200, body)
                page = Page(body)
                tags = [tag for tag, _ in page.tags]
                self.assertFalse({"img", "b", "u", "i", "s"} & set(tags), tags)
                nonce = headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
                for attrs, text in page.scripts:
                    if attrs.get("type") != "application/json":
                        self.assertEqual(attrs.get("nonce"), nonce)
                    self.assertNotIn("alert(1)", text if attrs.get("nonce") else "")
                self.assertFalse([a for _, a in page.tags if "onerror" in a])

    def test_scripts_need_a_fresh_nonce(self):
        self.serve_profile(cpu_profile())
        policies = {self.ask("/ui/top")[1]["Content-Security-Policy"] for _ in range(3)}
        self.assertEqual(len(policies), 3)
        self.assertNotIn("unsafe-inline", next(iter(policies)).split("script-src")[1].split(";")[0])

    def test_bad_parameters(self):
        self.serve_profile(cpu_profile())
        for query, words in [("n=abc", "error setting config field nodecount"), ("g=nonsense", "granularity"),
                             ("f=%zz", "escape"), ("f=a%00b", "NUL"), ("trim=perhaps", "trim")]:
            with self.subTest(query):
                status, headers, body = self.ask("/ui/top?" + query)
                self.assertEqual(status, 400, body)
                self.assertTrue(headers["Content-Type"].startswith("text/plain"))
                self.assertIn(words, body)
        self.page("/ui/top")

    def test_what_has_no_report_says_so_below_the_menus(self):
        """It was a line of text, and nothing led back."""
        self.serve_profile(cpu_profile())
        for path, words in [("top?f=(", "missing closing )"), ("top?si=nonsense", "sample_index"),
                            ("top?tf=%5B", "tagfocus"), ("peek?f=%3Cnope%3E", "no matches found for regexp: <nope>")]:
            with self.subTest(path):
                status, headers, body = self.ask("/ui/" + path)
                self.assertEqual(status, 400, body)
                self.assertTrue(headers["Content-Type"].startswith("text/html"))
                page = Page(body)
                self.assertIn(words, page.text)
                self.assertLessEqual({"header", "nav"}, {tag for tag, _ in page.tags})
                drop = {a["href"] for tag, a in page.tags if tag == "a" and a.get("title") == "Drop this filter"}
                self.assertTrue(drop or "si=" in path, body)

    def test_many_clients_at_once(self):
        self.serve_profile(cpu_profile())
        expected = self.page("/ui/flamegraph").data()
        wrong = []

        def client():
            for _ in range(10):
                status, _, body = self.ask("/ui/flamegraph")
                if status != 200 or Page(body).data() != expected:
                    wrong.append((status, body))

        threads = [threading.Thread(target=client) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])

    def test_an_empty_profile_has_pages(self):
        self.serve_profile(makeprofile.Maker([("n", "count")]))
        self.assertEqual(self.page("/ui/flamegraph").data()["boxes"], [])
        self.assertEqual(self.page("/ui/top").data()["Rows"], [])


if __name__ == "__main__":
    unittest.main()
