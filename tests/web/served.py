# SPDX-License-Identifier: MIT
"""What the tests of the web pages share: a running `cprof -http`, and asking it."""

import http.client
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
from analyzer import CPROF, AnalyzerTest, cpu_profile  # noqa: E402, F401


class Page(HTMLParser):
    """A page taken apart: scripts by type, links, all text outside of scripts, all tags."""

    def __init__(self, html):
        super().__init__()
        self.scripts, self.links, self.tags, self.text = [], {}, [], ""
        self._script = self._link = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._script = dict(attrs)
        if tag == "a":
            self._link = dict(attrs).get("href", "")

    def handle_endtag(self, tag):
        self._script = None if tag == "script" else self._script
        self._link = None if tag == "a" else self._link

    def handle_data(self, data):
        if self._script is not None:
            self.scripts.append((self._script, data))
        else:
            self.text += data
            if self._link is not None:
                self.links[data] = self._link

    def data(self):
        """What the server gives the page's script."""
        return json.loads(next(text for attrs, text in self.scripts if attrs.get("id") == "data"))


class WebTest(AnalyzerTest):
    def serve(self, *args, host="", env=None):
        """Starts a server on a free port and leaves its port in self.port."""
        server = subprocess.Popen([CPROF, "-symbolize=none", "-no_browser", "-http=%s:" % host, *args],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  cwd=self.dir, env={**self.env, **(env or {})})
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.said = ""
        for line in server.stderr:
            self.said += line.decode()
            m = re.match(r"Serving web UI on http://(.*):(\d+)$", line.decode())
            if m:
                self.host, self.port = m[1], int(m[2])
                return server
        self.fail("the server ended: " + self.said)

    def serve_profile(self, profile, *args, **options):
        with open(self.path("p.pb.gz"), "wb") as f:
            f.write(profile.gzipped())
        return self.serve(*args, "p.pb.gz", **options)

    def ask(self, path, method="GET", headers=None, body=None):
        """(status, headers, body as text)."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return r.status, r.headers, r.read().decode(errors="replace")
        finally:
            c.close()

    def page(self, path):
        status, _, body = self.ask(path)
        self.assertEqual(status, 200, body)
        return Page(body)
