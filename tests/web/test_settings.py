#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Configurations saved by name, in the file pprof uses. test_settings.py CPROF"""

import json
import os
import stat
import unittest

from served import WebTest, cpu_profile


class SettingsTest(WebTest):
    def setUp(self):
        super().setUp()
        self.file = self.path(".config/pprof/settings.json")

    def saved(self):
        with open(self.file) as f:
            return {c.pop("name"): c for c in json.load(f)["configs"]}

    def test_saves_shows_and_deletes(self):
        self.serve_profile(cpu_profile())
        self.assertEqual(self.ask("/ui/saveconfig?config=mine&f=leaf&n=7&si=samples", "POST")[0], 200)
        self.assertEqual(self.ask("/ui/saveconfig?config=%3Cb%3E&i=leaf", "POST")[0], 200)
        mine = self.saved()["mine"]
        self.assertEqual((mine["focus"], mine["nodecount"], mine["trim"], mine["unit"]), ("leaf", 7, True, "minimum"))
        self.assertFalse({"sample_index", "output", "divide_by", "ignore", "call_tree"} & set(mine))

        page = self.page("/ui/top?si=samples")
        self.assertEqual(page.links["mine"], "top?si=samples&n=7&f=leaf")
        self.assertIn("<b>", page.links)
        self.assertEqual(self.ask("/ui/deleteconfig?config=mine", "DELETE")[0], 200)
        self.assertEqual(list(self.saved()), ["<b>"])
        self.assertEqual(self.ask("/ui/deleteconfig?config=mine", "DELETE")[0], 400)

    def test_the_current_one_is_marked(self):
        self.serve_profile(cpu_profile())
        self.ask("/ui/saveconfig?config=mine&f=leaf", "POST")

        def current(path):
            page = self.page(path)
            marked = {a["href"] for tag, a in page.tags if tag == "a" and a.get("aria-current")}
            return [text for text in ("mine", "Default") if page.links[text] in marked]
        self.assertEqual(current("/ui/top?f=leaf"), ["mine"])
        self.assertIn("Default", current("/ui/top"))

    def test_a_name_is_saved_once(self):
        self.serve_profile(cpu_profile())
        for focus in "a", "b":
            self.assertEqual(self.ask("/ui/saveconfig?config=mine&f=" + focus, "POST")[0], 200)
        self.assertEqual({name: c["focus"] for name, c in self.saved().items()}, {"mine": "b"})

    def test_modes(self):
        self.serve_profile(cpu_profile())
        self.ask("/ui/saveconfig?config=mine", "POST")
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.file)).st_mode), 0o700)
        self.assertEqual(os.listdir(os.path.dirname(self.file)), ["settings.json"])

    def test_a_link_stays_one(self):
        self.serve_profile(cpu_profile())
        os.makedirs(os.path.dirname(self.file))
        os.symlink(self.path("kept.json"), self.file)
        with open(self.path("kept.json"), "w") as f:
            f.write('{"configs": []}')
        self.assertEqual(self.ask("/ui/saveconfig?config=mine&f=leaf", "POST")[0], 200)
        self.assertTrue(os.path.islink(self.file))
        self.assertEqual(list(self.saved()), ["mine"])

    def test_xdg_config_home(self):
        self.serve_profile(cpu_profile(), env={"XDG_CONFIG_HOME": self.path("xdg")})
        self.ask("/ui/saveconfig?config=mine", "POST")
        self.assertTrue(os.path.exists(self.path("xdg/pprof/settings.json")))

    def test_what_is_wrong_is_refused(self):
        self.serve_profile(cpu_profile())
        for query in "", "?config=", "?config=a&n=x", "?config=%FF":
            with self.subTest(query):
                self.assertEqual(self.ask("/ui/saveconfig" + query, "POST")[0], 400)
        self.assertFalse(os.path.exists(self.file))

    def test_other_sites_cannot_save(self):
        self.serve_profile(cpu_profile())
        here = "http://127.0.0.1:%d" % self.port
        for origin, status in [("http://evil.example", 403), ("null", 403), ("https" + here[4:], 403), (here, 200)]:
            with self.subTest(origin):
                self.assertEqual(self.ask("/ui/saveconfig?config=x", "POST", {"Origin": origin})[0], status)

    def test_a_broken_file_stays_and_is_told(self):
        os.makedirs(os.path.dirname(self.file))
        with open(self.file, "w") as f:
            f.write("{nonsense")
        self.serve_profile(cpu_profile())
        self.assertIn("could not parse", self.page("/ui/top").text)
        self.assertEqual(self.ask("/ui/saveconfig?config=x", "POST")[0], 400)
        with open(self.file) as f:
            self.assertEqual(f.read(), "{nonsense")

    def test_strange_files_are_read(self):
        os.makedirs(os.path.dirname(self.file))
        self.serve_profile(cpu_profile())
        for content in "[]", '{"configs": 3}', '{"configs": [3, {"name": 4}, {"name": "ok", "focus": 5}]}':
            with self.subTest(content):
                with open(self.file, "w") as f:
                    f.write(content)
                self.page("/ui/top")


if __name__ == "__main__":
    unittest.main()
