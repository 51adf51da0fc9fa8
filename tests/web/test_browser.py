#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages in a real browser: test_browser.py CPROF SERVER [SCREENSHOTS]

Those of `cprof -http` and the flame graph a program draws itself (SERVER: tests/http/server.c). Nothing may complain
on the console, and nothing may be loaded from elsewhere. With a folder, screenshots are left there."""

import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from urllib.parse import quote

SERVER = os.path.abspath(sys.argv.pop(2))
SCREENSHOTS = sys.argv.pop(2) if len(sys.argv) > 2 and os.path.isdir(sys.argv[2]) else None

from served import WebTest, cpu_profile  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import browser  # noqa: E402
import makeprofile  # noqa: E402
from browser import Browser  # noqa: E402

WIDTH = "return arguments[0].getBoundingClientRect().width"


class BrowserTest(WebTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(Browser())

    def open(self, url, name):
        self.browser.open(url)
        self.name = name

    def check(self):
        """To be called when a page has done all it is asked to."""
        if SCREENSHOTS:
            self.browser.screenshot(os.path.join(SCREENSHOTS, self.name + ".png"))
        self.assertEqual(self.browser.complaints(), [])
        self.assertLessEqual(set(self.browser.origins()), {self.browser.run("return location.origin")})

    def box(self, name):
        return self.browser.element("#stack-chart .box", name)

    def width(self, name):
        return self.browser.run(WIDTH, self.box(name))

    def chart_width(self):
        return self.browser.run(WIDTH, self.browser.element("#stack-chart"))

    def search(self, words):
        field = self.browser.element("#search")
        self.browser.run("arguments[0].value = ''", field)
        self.browser.type(field, words)
        return self.browser.wait("return document.getElementById('matches').textContent")

    def try_flame_graph(self, inner, root):
        """inner: a function that has a part of the whole, below root."""
        b = self.browser
        part, whole = self.width(inner), self.chart_width()
        self.assertLess(0, part)
        self.assertLess(part, whole)
        b.click(self.box(inner))
        self.assertAlmostEqual(self.width(inner), whole, delta=1)
        self.assertRegex(b.run("return getComputedStyle(arguments[0], '::after').content", self.box(inner)),
                         r'^"  " "\d.* \(\d+\.\d+%\)"$|^"  \d.* \(\d+\.\d+%\)"$')
        b.click(self.browser.element("button", "Reset zoom"))
        self.assertAlmostEqual(self.width(inner), part, delta=1)
        self.assertRegex(self.search("^%s$" % inner), r"^\d.* \(\d+\.\d+%\) matched$")
        self.assertEqual(b.run("return [...document.querySelectorAll('.found')].map(e => e.textContent)"), [inner])
        b.click(self.box(inner), shift=True)
        self.assertAlmostEqual(self.width(inner), whole, delta=1)
        self.assertAlmostEqual(self.width(root), whole, delta=1)  # its caller, above
        b.type(b.element("body"), "\ue00c")  # escape
        self.assertAlmostEqual(self.width(inner), part, delta=1)
        b.run("const s = document.querySelector('#flame-tools select'); s.value = 'up';"
              "s.dispatchEvent(new Event('change'))")
        tops = b.run("return [...document.querySelectorAll('.box')].filter(e => e.style.top === '18px')"
                     ".map(e => e.textContent)")
        self.assertIn(inner, tops)  # what has time of its own comes first
        b.run("arguments[0].dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: 50, clientY: 50}))",
              self.box(inner))
        self.assertIn(inner, b.run("return document.getElementById('hover').textContent"))


class LivePage(BrowserTest):
    """What a program serves itself."""

    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen([SERVER, "localhost:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True)
        self.addCleanup(self.server.communicate)
        self.url = "http://localhost:%s/debug/pprof/" % self.server.stdout.readline().split()[0]

    def live(self):
        """The URL of a window that is long enough: on a loaded machine there is little CPU time in two seconds."""
        for seconds in 2, 8, 30:
            url = self.url + "flamegraph?seconds=%d" % seconds
            with urllib.request.urlopen(url) as page:
                if page.read().count(b'["burn_') == 2:
                    break
        return url

    def test_flame_graph(self):
        self.open(self.live(), "live")
        self.try_flame_graph("burn_less", "work")
        self.check()

    def test_saved(self):
        """A page is a file: it needs nobody any more."""
        page = self.path("page.html")
        urllib.request.urlretrieve(self.live(), page)
        self.server.communicate()
        self.open("file://" + page, "saved")
        self.try_flame_graph("burn_less", "work")
        self.assertEqual(self.browser.complaints(), [])

    def test_file(self):
        """What cprof -flamegraph writes."""
        cpu_profile().write(self.path("p.pb.gz"))
        self.run_cprof("-flamegraph", "-output=page.html", "p.pb.gz")
        self.open("file://" + self.path("page.html"), "file")
        self.try_flame_graph("leaf", "main")
        self.assertEqual(self.browser.complaints(), [])

    def test_deep(self):
        """A stack deeper than a script may call itself."""
        depth = 5000
        deep = makeprofile.Maker([("n", "count")])
        deep.sample(["f%d" % i for i in range(depth)], [1])
        deep.write(self.path("deep.pb.gz"))
        self.run_cprof("-flamegraph", "-output=deep.html", "deep.pb.gz")
        self.open("file://" + self.path("deep.html"), "deep")
        self.browser.wait("return document.querySelectorAll('.box').length === arguments[0]", depth + 1)
        self.assertEqual(self.browser.complaints(), [])

    def test_code(self):
        """A program with its binary, on the analyzer's pages."""
        self.serve(self.url + "profile?seconds=1")
        for page, words in ("source", "burn_more"), ("disasm", "burn_more"):
            with self.subTest(page):
                self.open("http://localhost:%d/ui/%s?f=burn_more" % (self.port, page), page)
                self.browser.wait("return document.querySelector('main').textContent.includes(arguments[0])", words)
                self.check()

    def test_links(self):
        self.open(self.url, "index")
        self.check()
        self.browser.click(self.browser.element("p a", "heap"))
        for text in "alloc_space", "threads", "allocs", "change in 5 s":
            self.browser.click(self.browser.element("nav a", text))
            self.browser.element("a[aria-current]", text)
        self.name = "allocs"
        self.check()


class WebPages(BrowserTest):
    def setUp(self):
        super().setUp()
        self.serve_profile(cpu_profile())
        self.url = "http://localhost:%d/ui/" % self.port

    def test_flame_graph(self):
        self.open(self.url + "flamegraph", "flamegraph")
        self.try_flame_graph("leaf", "main")
        self.browser.click(self.box("leaf"))
        self.assertIn("leaf", self.browser.run("return document.getElementById('actions').textContent"))
        self.check()
        self.browser.click(self.browser.element("#actions a", "Focus"))
        self.browser.element("#filters a")
        self.assertAlmostEqual(self.width("leaf"), self.chart_width(), delta=1)

    def test_top(self):
        b = self.browser
        names = "return [...document.querySelectorAll('#top td.name')].map(e => e.textContent)"
        self.open(self.url + "top", "top")
        self.assertEqual(b.run(names)[0], "leaf")
        b.click(b.element("th button", "Name"))
        self.assertEqual(b.run(names), ["leaf", "main", "mid"])
        b.click(b.element("th button", "Name"))
        self.assertEqual(b.run(names), ["mid", "main", "leaf"])
        self.assertEqual(self.search("^m"), "2 rows, 25.00% flat")
        b.click(b.element("td.name", "mid"))
        self.check()

    def test_graph(self):
        b = self.browser
        self.open(self.url + "graph", "graph")
        b.element("#graph svg .node")
        self.assertEqual(self.search("^leaf$"), "1 node")
        scale = "return document.querySelector('#graph svg g').getAttribute('transform')"
        before = b.run(scale)
        b.run("document.querySelector('#graph svg').dispatchEvent("
              "new WheelEvent('wheel', {deltaY: -200, clientX: 300, clientY: 300, cancelable: true}))")
        self.assertNotEqual(b.run(scale), before)
        b.run("document.querySelector('#graph .found').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        self.assertEqual(b.run("return document.querySelector('#actions .name').textContent"), "leaf")
        self.check()

    def test_peek(self):
        self.open(self.url + "peek?f=leaf", "peek")
        self.assertIn("leaf", self.browser.run("return document.querySelector('main').textContent"))
        self.check()

    def test_menus(self):
        """One at a time, and all of them show something."""
        b = self.browser
        self.open(self.url + "top", "menus")
        menus = b.run("return document.querySelectorAll('details.menu').length")
        self.assertLess(0, menus)
        for i in range(menus):
            b.run("document.querySelectorAll('details.menu > summary')[arguments[0]].click()", i)
            self.assertEqual(b.run("return [...document.querySelectorAll('details.menu')].map(e => e.open)"),
                             [n == i for n in range(menus)])
        self.check()

    def test_back(self):
        """From what Apply led to: the browser may show the page as it was left, whose fields were disabled for that."""
        b = self.browser
        self.open(self.url + "top", "back")
        b.run("document.querySelectorAll('details.menu > summary')[1].click()")
        b.type(b.element("#refine input[name=f]"), "leaf")
        b.click(b.element("#refine button"))
        self.assertEqual(b.wait("return location.search"), "?f=leaf")  # empty fields are not in it
        b.call("/back", {})
        b.wait("return !location.search")
        self.assertEqual(b.run("return document.querySelectorAll('#refine :disabled').length"), 0)
        self.check()

    def test_configurations(self):
        """Saved, used and deleted; and when nobody answers, which looked as if it had been saved."""
        b, server = self.browser, self.serve_profile(cpu_profile())
        names = "return [...document.querySelectorAll('.menu span a')].map(e => e.textContent)"
        self.open("http://localhost:%d/ui/top?f=leaf" % self.port, "configurations")

        def save(name):
            b.run("document.getElementById('save-config').closest('details').open = true")
            b.click(b.element("#save-config"))
            b.call("/alert/text", {"text": name})
            b.call("/alert/accept", {})
        save("<mine>")
        b.element(".menu span a", "<mine>")
        b.open("http://localhost:%d/ui/top" % self.port)
        b.run("arguments[0].click()", b.element(".menu span a", "<mine>"))
        self.assertEqual(b.wait("return location.search"), "?f=leaf")
        b.run("document.getElementById('save-config').closest('details').open = true")
        b.click(b.element(".menu .delete"))
        self.assertEqual(b.call("/alert/text"), "Delete <mine>?")
        b.call("/alert/accept", {})
        b.wait("return document.querySelectorAll('.menu .delete').length === 0")
        self.assertEqual(b.run(names), ["Default"])
        self.check()
        server.kill()
        server.wait()
        save("nowhere")
        for _ in range(1000):
            try:
                self.assertIn("does not answer", b.call("/alert/text"))
                break
            except urllib.error.HTTPError:  # not there yet
                time.sleep(0.01)
        b.call("/alert/accept", {})
        self.assertEqual([line for line in b.complaints() if "Uncaught" in line], [])

    def test_pivot_of_the_url(self):
        for pivot, name in ("(?i)LEAF", "leaf"), ("(", None):  # one that is no regexp was an error on the console
            self.open(self.url + "flamegraph?p=" + pivot, "pivot")
            self.assertEqual(self.browser.run("return document.querySelector('.pivot')?.textContent ?? null"), name)
            self.check()

    def test_an_empty_profile(self):
        """It looked as if the page were broken."""
        self.serve_profile(makeprofile.Maker([("n", "count")]))
        for page in "top", "flamegraph", "graph":
            self.open("http://localhost:%d/ui/%s" % (self.port, page), "empty")
            self.assertIn("no samples", self.browser.run("return document.getElementById('errors').textContent"))
            self.check()

    def focused(self):
        return self.browser.run("return document.activeElement.textContent.trim()")

    def test_keys_alone(self):
        """What a click does, for those who have no mouse."""
        b = self.browser
        self.open(self.url + "flamegraph", "keys")
        b.run("document.querySelector('#flame-tools button').focus()")
        b.press(browser.TAB)
        went = [self.focused()]
        for key in browser.DOWN, browser.DOWN, browser.DOWN, browser.UP, browser.RIGHT:
            b.press(key)
            went.append(self.focused())
        self.assertEqual(went, ["root", "main", "mid", "leaf", "mid", "mid"])
        self.assertIn("mid", b.run("return document.getElementById('hover').textContent"))
        b.press(browser.DOWN)
        b.press(browser.ENTER)
        self.assertAlmostEqual(self.width("leaf"), self.chart_width(), delta=1)
        self.assertEqual(self.focused(), "leaf")
        b.press(browser.ESCAPE)
        self.assertLess(self.width("leaf"), self.chart_width() - 1)
        b.press(browser.DOWN)
        b.press(browser.ENTER, shift=True)
        self.assertEqual(b.run("return document.querySelector('.pivot').textContent"), "main")
        b.run("document.querySelector('details.menu > summary').focus()")
        b.press(browser.ENTER)
        b.press(browser.ESCAPE)
        self.assertEqual(b.run("return document.querySelectorAll('details[open]').length"), 0)
        self.assertEqual(b.run("return document.querySelector('.pivot').textContent"), "main")  # not for the graph
        self.check()
        b.open(self.url + "top")
        b.run("document.querySelector('#top th:last-child button').focus()")
        for key in browser.TAB, browser.DOWN, browser.ENTER:
            b.press(key)
        self.assertEqual(b.run("return document.querySelector('#actions .name').textContent"),
                         b.run("return document.querySelectorAll('#top td.name')[1].textContent"))
        self.assertEqual(self.search("(?i)^LEAF$"), "1 row, 75.00% flat")
        b.open(self.url + "graph?f=leaf")
        b.run("document.querySelector('#graph .node[tabindex]').focus()")
        b.press(browser.ENTER)
        b.element("#actions .name")
        place = ("const m = document.querySelector('#graph svg g').transform.baseVal.consolidate().matrix;"
                 "return [m.a, m.e, m.f]")
        places = [b.run(place)]
        for key in "+", "-", browser.LEFT, browser.RIGHT, browser.UP, browser.DOWN:
            b.press(key)
            places.append(b.run(place))
        scales, xs, ys = zip(*places, strict=True)
        self.assertGreater(scales[1], scales[0])
        self.assertAlmostEqual(scales[2], scales[0], places=5)
        self.assertGreater(xs[3], xs[2])
        self.assertAlmostEqual(xs[4], xs[2], places=3)
        self.assertGreater(ys[5], ys[4])
        self.assertAlmostEqual(ys[6], ys[4], places=3)
        b.press("0")
        self.assertLessEqual(b.run("return arguments[0].getBoundingClientRect().bottom", b.element("#graph svg g")),
                             b.run("return innerHeight"))
        self.check()

    def test_on_paper(self):
        """All of it: the window's part alone was printed."""
        many = makeprofile.Maker([("n", "count")])
        for i in range(150):
            many.sample(["f%d" % i, "main"], [300])
        self.serve_profile(many)
        self.browser.open("http://localhost:%d/ui/top" % self.port)
        self.assertGreater(self.browser.pages_on_paper(), 2)

    def test_a_narrow_window(self):
        """A telephone's: nothing hangs over to the side, whatever names are as long as C++'s are."""
        name = "std::vector<std::pair<int,std::string>>::" * 25
        long = makeprofile.Maker([("n", "count"), ("m", "count")], mapping="/bin/" + "long-name-" * 20)
        long.sample([name, "main"], [3, 1])
        self.serve_profile(long)
        self.ask("/ui/saveconfig?config=%s&f=%s" % (quote(name), quote(name)), "POST")
        side = "return document.documentElement.scrollWidth - innerWidth"
        with Browser(500, 800) as b:
            for width in 390, 320:
                b.call("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
                    "width": width, "height": 700, "deviceScaleFactor": 1, "mobile": True}})
                for page in "flamegraph", "top", "peek", "graph", "top?f=" + quote(name), "top?f=no" + quote(name):
                    b.open("http://localhost:%d/ui/%s" % (self.port, page))
                    if SCREENSHOTS:
                        b.screenshot(os.path.join(SCREENSHOTS, "%s.%d.png" % (page[:12], width)))
                    self.assertEqual(b.run("return innerWidth"), width, page)
                    self.assertLessEqual(b.run(side), 0, page)
                for i in range(b.run("return document.querySelectorAll('details.menu').length")):
                    b.run("document.querySelectorAll('details.menu > summary')[arguments[0]].click()", i)
                    box = b.run("const r = document.querySelector('details.menu[open]').lastElementChild"
                                ".getBoundingClientRect(); return [r.left, r.right]")
                    self.assertLessEqual(0, box[0], i)
                    self.assertLessEqual(box[1], width, i)


if __name__ == "__main__":
    unittest.main()
