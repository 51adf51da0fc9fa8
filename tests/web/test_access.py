#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who is answered, and where requests are sent. test_access.py CPROF"""

import socket
import unittest

from served import WebTest, cpu_profile


class AccessTest(WebTest):
    def test_redirects(self):
        self.serve_profile(cpu_profile())
        for path, status, to in [
                ("/", 307, "/ui"), ("/?f=a%20b", 307, "/ui?f=a%20b"), ("/top?f=x", 307, "/ui/top?f=x"),
                ("/ui", 301, "/ui/"), ("/ui/", 301, "flamegraph"), ("/ui/?f=x", 301, "flamegraph?f=x"),
                ("/ui/flamegraph2", 301, "flamegraph"), ("/ui/flamegraphold?f=x", 301, "flamegraph?f=x"),
                ("//evil.example/", 307, "/ui")]:
            with self.subTest(path):
                got, headers, _ = self.ask(path)
                self.assertEqual(got, status)
                self.assertEqual(headers["Location"], to)

    def test_what_is_not_there(self):
        self.serve_profile(cpu_profile())
        for path in "/ui/nothing", "/ui/../top", "/ui/top/", "/ui/%74op", "/ui//":
            with self.subTest(path):
                self.assertEqual(self.ask(path)[::2], (404, "404 page not found\n"))

    def test_methods(self):
        self.serve_profile(cpu_profile())
        status, headers, body = self.ask("/ui/top", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
        for method, path, status in [("POST", "/ui/top", 405), ("DELETE", "/ui/top", 405),
                                     ("GET", "/ui/saveconfig?config=x", 405),
                                     ("GET", "/ui/deleteconfig?config=x", 405), ("PUT", "/ui/top", 501)]:
            with self.subTest(method + path):
                self.assertEqual(self.ask(path, method)[0], status)

    def test_foreign_names_are_refused(self):
        self.serve_profile(cpu_profile())
        port = ":%d" % self.port
        for host, status in [("localhost", 200), ("LOCALHOST" + port, 200), ("127.0.0.1" + port, 200),
                             ("[::1]" + port, 200), ("evil.example", 403), ("evil.example" + port, 403),
                             ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403),
                             ("[::1].evil.example", 403), ("10.0.0.1", 403), ("", 403), ("x" * 5000, 403)]:
            with self.subTest(host):
                self.assertEqual(self.ask("/ui/top", headers={"Host": host})[0], status)

    def test_another_address_is_open_to_all_names(self):
        self.serve_profile(cpu_profile(), host="0.0.0.0")
        self.assertEqual(self.host, "0.0.0.0")
        self.assertEqual(self.ask("/ui/top", headers={"Host": "profiler.example"})[0], 200)

    def test_headers(self):
        self.serve_profile(cpu_profile())
        for path in "/ui/top", "/ui/nothing", "/ui/download", "/ui/top?n=x":
            headers = self.ask(path)[1]
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])

    def test_listens_to_this_machine_only(self):
        self.serve_profile(cpu_profile())
        self.assertEqual(self.host, "localhost")
        with self.assertRaises(OSError):
            # All of 127/8 is this machine, but only what was asked for is listened at.
            socket.create_connection(("127.0.0.2", self.port), timeout=10).close()

    def test_huge_requests(self):
        self.serve_profile(cpu_profile())
        for request in [b"GET /ui/top?f=" + b"x" * 500_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"POST /ui/saveconfig HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
                        b"\0\1\2\3 nonsense\r\n\r\n", b"GET /ui/top\r\n\r\n"]:
            with self.subTest(request[:30]), socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
                try:
                    s.sendall(request)
                    s.shutdown(socket.SHUT_WR)
                    answer = s.recv(65536)
                except OSError:  # the server has hung up
                    answer = b""
                self.assertNotIn(b" 200 ", answer[:20])
        self.page("/ui/top")

    def test_clients_that_go_away(self):
        self.serve_profile(cpu_profile())
        for _ in range(20):
            s = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            s.sendall(b"GET /ui/flamegraph HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.close()
        self.page("/ui/top")

    def test_bad_addresses(self):
        with open(self.path("p.pb.gz"), "wb") as f:
            f.write(cpu_profile().gzipped())
        for address, words in [("bad", "could not split http address: address bad: missing port in address"),
                               ("a:b:c", "too many colons in address"), ("[::1", "missing ']' in address"),
                               (":x", 'invalid port number: strconv.Atoi: parsing "x": invalid syntax'),
                               (":70000", "invalid port")]:
            with self.subTest(address):
                _, err = self.run_cprof("-symbolize=none", "-no_browser", "-http=" + address, "p.pb.gz", status=2)
                self.assertIn(words, err)

    def test_a_port_that_is_taken(self):
        self.serve_profile(cpu_profile())
        _, err = self.run_cprof("-symbolize=none", "-no_browser", "-http=localhost:%d" % self.port, "p.pb.gz",
                                status=2)
        self.assertIn("address already in use", err)


if __name__ == "__main__":
    unittest.main()
