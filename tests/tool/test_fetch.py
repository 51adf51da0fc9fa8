#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profiles from HTTP servers: what is asked, what is said, what is kept. test_fetch.py CPROF"""

import http.server
import os
import ssl
import shutil
import socketserver
import subprocess
import threading
import unittest

from analyzer import AnalyzerTest, cpu_profile


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        path = self.path.split("?")[0]
        status, headers, body = self.server.answers.get(path, (404, {}, b"no such profile"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, body))
        names = "".join("%s\tname_of_%s\n" % (a, a) for a in body.split("+")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(names)))
        self.end_headers()
        self.wfile.write(names)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256  # what we connect with at once; a full queue costs seconds of retries


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _ = super().get_request()
        return request, ("local", 0)  # http.server wants a name and a port


class FetchTest(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.asked = []
        self.server.answers = {"/debug/pprof/profile": (200, {}, cpu_profile().gzipped())}
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        self.url = "http://%s/debug/pprof/profile" % self.host
        self.saved = self.path("pprof/pprof.prog.samples.cpu.001.pb.gz")

    def test_fetches_reports_and_keeps_a_copy(self):
        out, err = self.run_cprof("-top", "-symbolize=none", self.url)
        self.assertEqual(err, "Fetching profile over HTTP from %s\nSaved profile in %s\n" % (self.url, self.saved))
        self.assertIn("leaf", out)
        self.assertEqual(self.run_cprof("-top", self.saved)[0], out)

    def test_what_is_no_source_may_be_a_mistake_of_another_kind(self):
        for source, hint in (("-top", " (flags stand before the sources)"), ("a.pb", ""),
                             ("tpo", " (nor is it a command: see cprof help)")):
            err = self.run_cprof("-symbolize=none", self.host + "/debug/pprof/profile", source)[1]
            self.assertIn("%s: stat %s: no such file or directory%s\n" % (source, source, hint), err)
        self.assertIn("stat tpo: no such file or directory\n", self.run_cprof("-top", "tpo", status=2)[1])

    def test_the_scheme_may_be_left_out(self):
        _, err = self.run_cprof("-top", "-symbolize=none", self.host + "/debug/pprof/profile")
        self.assertIn("Fetching profile over HTTP from " + self.url, err)

    def test_the_path_may_be_left_out(self):
        """go tool pprof's users write localhost:6060 and get a CPU profile."""
        for source in self.host, self.host + "/", "http://" + self.host:
            _, err = self.run_cprof("-top", "-symbolize=none", source)
            self.assertIn("Fetching profile over HTTP from %s\n" % self.url, err)

    def test_a_socket_of_this_machine(self):
        """What `cprof run -http unix:PATH` serves at; the host was said to be unknown."""
        path = self.path("my app.sock")
        server = UnixServer(path, Handler)
        server.asked, server.answers = [], self.server.answers
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        env = {"http_proxy": "http://127.0.0.1:1"}
        self.assertIn("leaf", self.run_cprof("-top", "-symbolize=none", "unix:my app.sock/debug/pprof/profile")[0])
        server.asked.clear()
        for source, asked in (("", "profile"), ("?seconds=2", "profile?seconds=2"),
                              ("/debug/pprof/profile?seconds=3", "profile?seconds=3")):
            out, err = self.run_cprof("-top", "-symbolize=none", "unix:" + path + source, **env)
            self.assertIn("leaf", out)
            self.assertIn("Fetching profile over HTTP from unix:%s/debug/pprof/%s\n" % (path, asked), err)
            self.assertEqual(server.asked.pop(), "/debug/pprof/" + asked)
        _, err = self.run_cprof("-top", "unix:%s.gone/debug/pprof/heap" % path, status=2)
        self.assertIn("gone", err)

    def test_a_path_with_blanks(self):
        self.server.answers["/a%20b"] = self.server.answers["/debug/pprof/profile"]
        self.assertIn("leaf", self.run_cprof("-top", "-symbolize=none", "http://%s/a b" % self.host)[0])

    def test_seconds_become_a_query(self):
        _, err = self.run_cprof("-top", "-symbolize=none", "-seconds=90", self.url + "?z=1&seconds=3")
        self.assertEqual(self.server.asked, ["/debug/pprof/profile?seconds=90&z=1"])
        self.assertIn("Please wait... (1m30s)\n", err)

    def test_failures_are_told_and_do_not_stop_the_others(self):
        bad = "http://%s/nothing" % self.host
        _, err = self.run_cprof("-top", "-symbolize=none", bad, self.url)
        self.assertIn("%s: server response: 404 Not Found\nFetched 1 source profiles out of 2\n" % bad, err)
        _, err = self.run_cprof("-top", bad, status=2)
        self.assertTrue(err.endswith("pprof: failed to fetch any source profiles\n"))
        _, err = self.run_cprof("-top", "-base", bad, self.url, status=2)
        self.assertTrue(err.endswith("pprof: failed to fetch any base profiles\n"))

    def test_a_handlers_own_words_are_passed_on(self):
        self.server.answers["/busy"] = (500, {"X-Go-Pprof": "1", "Content-Type": "text/plain; charset=utf-8"},
                                        b"profiling is in use")
        _, err = self.run_cprof("-top", "http://%s/busy" % self.host, status=2)
        self.assertIn("server response: 500 Internal Server Error - profiling is in use\n", err)

    def test_a_server_that_is_not_there(self):
        self.server.shutdown()
        self.server.server_close()
        _, err = self.run_cprof("-top", self.url, status=2)
        self.assertIn('%s: http fetch: Get "%s": ' % (self.url, self.url), err)

    def test_redirects_are_followed(self):
        self.server.answers["/moved"] = (302, {"Location": "/debug/pprof/profile"}, b"")
        self.assertIn("leaf", self.run_cprof("-top", "-symbolize=none", "http://%s/moved" % self.host)[0])

    def test_many_at_once(self):
        out, _ = self.run_cprof("-top", "-symbolize=none", "-compact_labels", *[self.url] * 150)
        self.assertEqual(len(self.server.asked), 150)
        self.assertIn("     4.50s 75.00% 75.00%      4.50s 75.00%  leaf", out)

    def test_copies_go_where_told(self):
        os.mkdir(self.path("kept"))
        _, err = self.run_cprof("-top", "-symbolize=none", self.url, PPROF_TMPDIR=self.path("kept"))
        self.assertIn("Saved profile in " + self.path("kept/pprof.prog.samples.cpu.001.pb.gz"), err)

    def test_the_server_names_its_addresses(self):
        from makeprofile import Maker, integer, message
        p = Maker([("samples", "count")])
        p.sample(["x"], [1])
        # The same without function names: location 1 has an address only.
        head = [message(1, integer(1, 1) + integer(2, 2)), message(2, message(1, b"\x01") + message(2, b"\x05")),
                message(3, integer(1, 1) + integer(2, 0x1000) + integer(3, 0x9000) + integer(5, 3)),
                message(4, integer(1, 1) + integer(2, 1) + integer(3, 0x1234))]
        strings = [message(6, s) for s in (b"", b"samples", b"count", b"/nowhere/prog")]
        self.server.answers["/debug/pprof/profile"] = (200, {}, b"".join(head + strings))
        out, _ = self.run_cprof("-top", "-symbolize=remote", self.url)
        self.assertEqual(self.server.asked[1], ("/debug/pprof/symbol", "0x1234"))
        self.assertIn("name_of_0x1234", out)

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_tls(self):
        cert, key = self.path("cert.pem"), self.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        url = self.url.replace("http:", "https:")
        self.run_cprof("-top", url, status=2)
        self.assertIn("leaf", self.run_cprof("-top", "-symbolize=none", "-tls_ca", cert, url)[0])
        insecure = url.replace("https:", "https+insecure:")
        self.assertIn("leaf", self.run_cprof("-top", "-symbolize=none", insecure)[0])
        _, err = self.run_cprof("-top", "-tls_key", key, url, status=2)
        self.assertIn("-tls_key is specified, so -tls_cert must also be specified", err)


if __name__ == "__main__":
    unittest.main(argv=["test_fetch"], verbosity=1)
