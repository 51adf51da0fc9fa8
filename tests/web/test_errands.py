#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages that wait for other programs, dot and objdump, which may take minutes. test_errands.py CPROF

Scripts stand in for them, which begin and end when they are told to."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from served import Page, WebTest, cpu_profile

import makeprofile

PROGRAM = """
int leaf(int x) { return x * x + 7; }
int main(int argc, char **argv) { return leaf(argc) & 0; }
"""
COST = r" 7 +7 +4\w+: +\w"  # of an instruction
FOREVER = "echo $$ >new\n/bin/mv new started\nexec /bin/sleep 1000\n"


def ends(pid, patience_s=10):
    """Does the process end by itself? Who has nobody to wait for him is a zombie then."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
                if f.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    return False


class ErrandsTest(WebTest):
    def wait_for(self, name):
        while not os.path.exists(self.path(name)):
            time.sleep(0.01)

    def touch(self, name):
        with open(self.path(name), "w", encoding="ascii"):
            pass

    def make(self, name, script):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(self.path(name), 0o755)

    def begin(self, *paths):
        """Asks; afterwards, self.answers has what came for each."""
        self.answers = {}

        def ask(path):
            self.answers[path] = self.ask("/ui/" + path)

        threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        return threads

    def try_ends(self, path, *args):
        """The script that is started for this page (FOREVER) does not outlive who it works for."""
        def pid():
            self.wait_for("started")
            with open(self.path("started"), encoding="ascii") as f:
                started = int(f.read())
            os.unlink(self.path("started"))
            return started

        request = ("GET /ui/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path).encode()
        self.serve(*args, "p.pb.gz", env={"PATH": self.dir})
        for _ in range(3):
            with self.subTest("hangs up"):
                with socket.create_connection(("127.0.0.1", self.port)) as c:
                    c.sendall(request)
                    script = pid()
                self.assertTrue(ends(script))
        self.page("/ui/flamegraph")
        for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL:
            with self.subTest(sig.name):
                server = self.serve(*args, "p.pb.gz", env={"PATH": self.dir})
                with socket.create_connection(("127.0.0.1", self.port)) as c:
                    c.sendall(request)
                    script = pid()
                    server.send_signal(sig)
                    self.assertEqual(server.wait(10), -sig)
                    self.assertTrue(ends(script))


class Dot(ErrandsTest):
    def setUp(self):
        super().setUp()
        cpu_profile().write(self.path("p.pb.gz"))

    def serve_with(self, script):
        self.make("dot", script)
        self.serve("p.pb.gz", env={"PATH": self.dir})

    def test_others_are_answered_while_graphs_are_drawn(self):
        """One graph that took long kept all other tabs waiting."""
        self.serve_with('case "$(/bin/cat)" in *focus=leaf*) name=leaf;; *) name=main;; esac\n: >begun.$name\n'
                        "while [ ! -e go.$name ]; do /bin/sleep 0.01; done\necho \"<?xml?><svg>$name</svg>\"\n")
        threads = dict(zip(("main", "leaf"), self.begin("graph?f=main", "graph?f=leaf"), strict=True))
        for name in threads:
            self.wait_for("begun." + name)
        for view in ("flamegraph", "top", "peek?f=leaf"):
            self.page("/ui/" + view)
        self.assertEqual(self.answers, {})
        for name in ("leaf", "main"):  # the later one first
            self.touch("go." + name)
            threads[name].join()
            status, _, body = self.answers["graph?f=" + name]
            self.assertEqual(status, 200, body)
            self.assertIn('<main>\n<div id="graph"><svg>%s</svg>\n</div>\n</main>' % name, body)
            self.assertIn("?f=" + name, body)

    def test_so_many_at_once(self):
        """A page that is reloaded a hundred times shall not start a hundred."""
        limit = max(2, os.sysconf("SC_NPROCESSORS_ONLN"))
        self.serve_with(": >running.$$\nset -- running.*\n[ $# -le %d ] || : >too_many\n"
                        "[ $# -lt %d ] || : >full\nwhile [ ! -e go ]; do /bin/sleep 0.01; done\n"
                        "/bin/rm running.$$\necho '<svg></svg>'\n" % (limit, limit))
        paths = ["graph?n=%d" % n for n in range(10, limit + 14)]
        threads = self.begin(*paths)
        self.wait_for("full")
        self.page("/ui/top")
        time.sleep(0.3)  # for one more to come
        self.touch("go")
        for thread in threads:
            thread.join()
        self.assertEqual({path: answer[0] for path, answer in self.answers.items()}, dict.fromkeys(paths, 200))
        self.assertFalse(os.path.exists(self.path("too_many")))

    def test_settings_that_change_meanwhile(self):
        """The page is as it was asked for, but for one that fails, which is made when that is known."""
        self.serve_with('case "$(/bin/cat)" in *focus=leaf*) status=3;; *) status=0;; esac\n: >begun.$status\n'
                        "while [ ! -e go ]; do /bin/sleep 0.01; done\necho '<svg></svg>'\nexit $status\n")
        self.ask("/ui/saveconfig?config=old&i=leaf", "POST")
        threads = self.begin("graph?f=main", "graph?f=leaf")
        self.wait_for("begun.0")
        self.wait_for("begun.3")
        self.assertEqual(self.ask("/ui/saveconfig?config=new&f=mid", "POST")[0], 200)
        self.assertEqual(self.ask("/ui/deleteconfig?config=old", "DELETE")[0], 200)
        self.touch("go")
        for thread in threads:
            thread.join()
        for path, status, there, gone in ("graph?f=main", 200, "old", "new"), ("graph?f=leaf", 501, "new", "old"):
            with self.subTest(path):
                self.assertEqual(self.answers[path][0], status, self.answers[path][2])
                links = Page(self.answers[path][2]).links
                self.assertIn(there, links)
                self.assertNotIn(gone, links)
        self.assertEqual(self.page("/ui/top").links["new"], "top?f=mid")

    def test_a_graph_that_cannot_be_drawn(self):
        self.serve_with("exit 3\n")
        status, _, body = self.ask("/ui/graph?f=main")
        self.assertEqual(status, 501)
        self.assertIn("its program dot cannot be run (exit status 3)", Page(body).text)
        self.assertNotIn("graph.js", body)

    def test_nothing_is_left_of_it(self):
        """A dot that draws for minutes went on when its server had been ended; and reloads stood in line."""
        self.make("dot", FOREVER)
        self.try_ends("graph")


@unittest.skipUnless(shutil.which("gcc") and shutil.which("objdump"), "there is no compiler, or no objdump")
class Objdump(ErrandsTest):
    def setUp(self):
        super().setUp()
        program, source = self.path("prog"), self.path("prog.c")
        with open(source, "w", encoding="ascii") as f:
            f.write(PROGRAM)
        subprocess.run(["gcc", "-g", "-no-pie", "-fno-pie", "-o", program, source], check=True)
        symbols = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
        at = {line.split()[2]: int(line.split()[0], 16) for line in symbols.splitlines() if " T " in line}
        p = makeprofile.Maker([("n", "count")], mapping=program)
        p.sample([("leaf", source, 2, at["leaf"]), ("main", source, 3, at["main"] + 1)], [7])
        p.write(self.path("p.pb.gz"))

    def listing(self, path):
        status, _, body = self.answers[path]
        self.assertEqual(status, 200, body)
        return Page(body[body.index("<main>"):]).text

    def make_objdump(self, script):
        self.make("objdump", 'case "$1" in --version) echo "GNU objdump"; exit;; esac\n' + script)

    def test_others_are_answered_while_code_is_disassembled(self):
        """One listing that took long kept all other tabs waiting."""
        self.make_objdump(": >begun.$$\nwhile [ ! -e go ]; do /bin/sleep 0.01; done\nexec %s \"$@\"\n" %
                          shutil.which("objdump"))
        self.serve("p.pb.gz", env={"PATH": self.dir})
        for path in "disasm?f=leaf", "source?f=leaf":
            with self.subTest(path):
                thread = self.begin(path)[0]
                while not any(name.startswith("begun.") for name in os.listdir(self.dir)):
                    time.sleep(0.01)
                for view in ("flamegraph", "top", "peek?f=leaf"):
                    self.page("/ui/" + view)
                self.assertEqual(self.answers, {})
                self.touch("go")
                thread.join()
                self.assertRegex(self.listing(path), COST)
                for name in os.listdir(self.dir):
                    if name == "go" or name.startswith("begun."):
                        os.unlink(self.path(name))

    def test_one_that_fails(self):
        self.make_objdump("exit 3\n")
        self.serve("p.pb.gz", env={"PATH": self.dir})
        status, _, body = self.ask("/ui/disasm?f=leaf")
        self.assertEqual(status, 400)
        self.assertIn("exit status 3", Page(body).text)

    def test_nm_as_well(self):
        """Named with -tools it tells the symbols, of which objdump is asked then."""
        self.make("nm", ": >begun\nwhile [ ! -e go ]; do /bin/sleep 0.01; done\nexec %s \"$@\"\n" %
                  shutil.which("nm"))
        self.make_objdump('exec %s "$@"\n' % shutil.which("objdump"))
        self.serve("-tools=" + self.dir, "p.pb.gz")
        thread = self.begin("disasm?f=leaf")[0]
        self.wait_for("begun")
        self.page("/ui/top")
        self.touch("go")
        thread.join()
        self.assertRegex(self.listing("disasm?f=leaf"), COST)

    def test_who_says_no_more_may_still_listen(self):
        """He is taken for gone, but is not told that there is no code."""
        self.make_objdump(FOREVER)
        self.serve("p.pb.gz", env={"PATH": self.dir})
        with socket.create_connection(("127.0.0.1", self.port)) as c:
            c.sendall(b"GET /ui/disasm?f=leaf HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.wait_for("started")
            c.shutdown(socket.SHUT_WR)
            self.assertRegex(c.recv(1000), rb"^HTTP/1.1 501 ")

    def test_nothing_is_left_of_it(self):
        self.make_objdump(FOREVER)
        self.try_ends("disasm?f=leaf")


if __name__ == "__main__":
    unittest.main()
