#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""/debug/pprof/ of a living program: test_http.py BUILD

Statuses and headers of every route and error, profiles by go tool pprof and by cprof, several at once, clients
that go away, and clients that mean no good."""

import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
SERVER = os.path.join(BUILD, "tests/http/server")
CPROF = os.path.join(BUILD, "tool/cprof")
BINARY, TEXT, HTML = "application/octet-stream", "text/plain; charset=utf-8", "text/html; charset=utf-8"


class Server:
    """tests/http/server.c, until the with block ends."""

    def __init__(self, *args, address="localhost:0", program=SERVER):
        self.process = subprocess.Popen([program, address, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.said = self.process.stdout.readline().split(None, 1)
        self.port = int(self.said[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.status = self.process.wait(60)
        self.process.stdout.close()

    def ask(self, path, method="GET", body=None, headers=None):
        c = http.client.HTTPConnection("localhost", self.port, timeout=60)
        with contextlib.closing(c):
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()

    def url(self, name):
        return "http://localhost:%d/debug/pprof/%s" % (self.port, name)

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.process.pid))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))


# path, status, content type, file name of the attachment, start of the body
P = "/debug/pprof/"
SECONDS = b'invalid value for "seconds" - must be a positive integer\n'
NO_DELTA = b'"seconds" parameter is not supported for this profile type\n'
OWN = "test.%3Ci%3E%26%22own%22"
TABLE = [
    (P, 200, HTML, None, b"<!DOCTYPE html>"),
    (P + "cmdline", 200, TEXT, None, SERVER.encode() + b"\0localhost:0"),
    (P + "profile?seconds=1", 200, BINARY, "profile", b"\x1f\x8b"),
    (P + "trace?seconds=1", 200, BINARY, "trace", b"cproftrc"),
    (P + "trace?seconds=301", 400, TEXT, None, b"profile duration exceeds"),
    # A number with a fraction, as in Go. It was taken for none, and so for the default.
    (P + "trace?seconds=0.25", 200, BINARY, "trace", b"cproftrc"),
    (P + "trace?seconds=300.5", 400, TEXT, None, b"profile duration exceeds"),
    (P + "trace?seconds=99999999999999999999.5", 400, TEXT, None, b"profile duration exceeds"),
    (P + "trace?seconds=.", 200, BINARY, "trace", b"cproftrc"),
    (P + "symbol", 200, TEXT, None, b"num_symbols: 1\n"),
    (P + "heap", 200, BINARY, "heap", b"\x1f\x8b"),
    (P + "heap?debug=1", 200, TEXT, None, b"heap profile: "),
    (P + "heap?debug=x", 200, BINARY, "heap", b"\x1f\x8b"),
    (P + "heap?gc=1", 200, BINARY, "heap", b"\x1f\x8b"),
    (P + "heap?seconds=", 200, BINARY, "heap", b"\x1f\x8b"),
    (P + "heap?seconds=1", 200, BINARY, "heap-delta", b"\x1f\x8b"),
    (P + "heap?seconds=1&gc=1", 200, BINARY, "heap-delta", b"\x1f\x8b"),
    (P + "allocs", 200, BINARY, "allocs", b"\x1f\x8b"),
    (P + "allocs?seconds=1", 200, BINARY, "allocs-delta", b"\x1f\x8b"),
    (P + "h%65ap", 200, BINARY, "heap", b"\x1f\x8b"),
    (P + "heap?deb%75g=%31", 200, TEXT, None, b"heap profile: "),
    (P + "heap?debug=1;x", 200, BINARY, "heap", b"\x1f\x8b"),  # Go drops pairs with a semicolon
    (P + "heap?seconds=%zz", 200, BINARY, "heap", b"\x1f\x8b"),  # and pairs it cannot decode
    (P + "flamegraph", 200, HTML, None, b"<!DOCTYPE html>"),
    (P + "flamegraph?profile=heap", 200, HTML, None, b"<!DOCTYPE html>"),
    (P + "flamegraph?profile=heap&seconds=1&type=alloc_space", 200, HTML, None, b"<!DOCTYPE html>"),
    (P + "flamegraph?profile=nope", 404, TEXT, None, b"Unknown profile\n"),
    (P + "flamegraph?profile=heap&type=nope", 400, TEXT, None, b"there is no sample type of that name\n"),
    (P + "flamegraph?profile=heap&seconds=0", 400, TEXT, None, SECONDS),
    (P + "flamegraph?profile=heap&seconds=301", 400, TEXT, None, b"profile duration exceeds"),
    (P + "flamegraph?profile=deadlock&seconds=1", 400, TEXT, None, NO_DELTA),
    (P + OWN, 200, BINARY, "test.<i>&\"own\"", b"\x1f\x8b"),
    (P + OWN + "?debug=1", 200, TEXT, None, b"test.<i>&\"own\" profile: total 1"),
    (P + OWN + "?seconds=1", 400, TEXT, None, NO_DELTA),
    (P + "nope", 404, TEXT, None, b"Unknown profile\n"),
    (P + "%3Cscript%3E", 404, TEXT, None, b"Unknown profile\n"),
    (P + "..%2f..%2fetc%2fpasswd", 404, TEXT, None, b"Unknown profile\n"),
    (P + "%zz", 404, TEXT, None, b"Unknown profile\n"),
    (P + "%00", 404, TEXT, None, b"Unknown profile\n"),
    (P + "x" * 5000, 404, TEXT, None, b"Unknown profile\n"),
    ("/", 404, TEXT, None, b"404 page not found\n"),
    ("/debug/pprofheap", 404, TEXT, None, b"404 page not found\n"),
    (P + "heap?seconds=x", 400, TEXT, None, SECONDS),
    (P + "heap?seconds=0", 400, TEXT, None, SECONDS),
    (P + "heap?seconds=-1", 400, TEXT, None, SECONDS),
    (P + "heap?seconds=1e9", 400, TEXT, None, SECONDS),
    (P + "heap?seconds=99999999999999999999", 400, TEXT, None, SECONDS),
    (P + "heap?seconds=1&debug=1", 400, TEXT, None, b"seconds and debug params are incompatible\n"),
    (P + "heap?seconds=301", 400, TEXT, None, b"profile duration exceeds"),
    (P + "profile?seconds=1000000000", 400, TEXT, None, b"profile duration exceeds"),
]


def test_table(s):
    for path, status, content_type, filename, start in TABLE:
        what = path if len(path) < 100 else path[:100] + "..."
        got, headers, body = s.ask(path)
        check(what + ": status", got == status, (got, body[:200]))
        check(what + ": type", headers.get("content-type") == content_type, headers)
        check(what + ": nosniff", headers.get("x-content-type-options") == "nosniff", headers)
        disposition = 'attachment; filename="%s"' % filename if filename else None
        check(what + ": disposition", headers.get("content-disposition") == disposition, headers)
        check(what + ": X-Go-Pprof", (headers.get("x-go-pprof") == "1") == (status >= 400), headers)
        check(what + ": body", body.startswith(start), body[:200])
    status, headers, body = s.ask("/debug/pprof")
    check("no slash: moved", (status, headers.get("location")) == (301, P), (status, headers))
    status, headers, body = s.ask("/debug/pprof?debug=1&x")
    check("no slash: with the query", (status, headers.get("location")) == (301, P + "?debug=1&x"), (status, headers))


def test_methods(s):
    for path in [p for p, status, *_ in TABLE if status == 200]:
        status, headers, body = s.ask(path, "HEAD")
        check("HEAD " + path, status == 200 and body == b"" and "content-type" in headers, (status, headers, body))
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, headers, _ = s.ask(P + "heap", method)
        check(method, (status, headers.get("allow")) == (405, "GET, HEAD"), (status, headers))
    status, headers, _ = s.ask(P + "symbol", "PUT")
    check("PUT symbol", (status, headers.get("allow")) == (405, "GET, HEAD, POST"), (status, headers))


def test_hosts(s):
    for host, allowed in (("localhost", 1), ("LOCALHOST:1", 1), ("127.0.0.1:6060", 1), ("[::1]:6060", 1), ("", 1),
                          ("evil.example", 0), ("evil.example:6060", 0), ("localhost.evil.example", 0),
                          ("127.0.0.1.evil.example", 0), ("1.2.3.4x", 0)):
        status, _, body = s.ask(P + "cmdline", headers={"Host": host})
        check("Host: " + host, status == (200 if allowed else 403), (status, body))


def test_index(s):
    _, _, body = s.ask(P)
    page = body.decode()
    rows = [line for line in page.splitlines() if line.startswith('<tr><td class="count">')]
    names = [row.split("</a>")[0].rsplit(">", 1)[1] for row in rows]
    check("index: sorted by name", names == sorted(names) and {"allocs", "heap", "profile"} <= set(names), names)
    for row in rows:
        check("index: a description", row.count("</td>") == 3 and ("own" in row or not row.endswith("<td></td></tr>")),
              row)
    check("index: the program's own, as text", 'href="./test.%3Ci%3E%26%22own%22?debug=1"' in page and
          "test.&lt;i&gt;&amp;&#34;own&#34;" in page and "<i>" not in page, page)


    for what in ("<th>CPU</th><td>", "<th>Samples</th><td>", "<th>Threads</th><td>",
                 "<th>Heap</th><td>a sample in 524288", "<th>Block</th><td>off", "<th>Mutex</th><td>off",
                 "KiB of address space", "engine: timer"):
        check("index: %s" % what, what in page, page[-2500:])


def test_rates(s):
    """Nobody allowed it."""
    expected = b"cpurate 100\nmemprofilerate 524288\nblockprofilerate 0\nmutexprofilefraction 0\n" \
               b"syscallprofilerate 0\n"
    check("rates", s.ask(P + "rates")[::2] == (200, expected), s.ask(P + "rates"))
    status, _, body = s.ask(P + "rates?cpurate=1", "POST", headers={"X-Cprof-Control": "1"})
    check("rates: not allowed", status == 403 and b"does not set allow_control" in body, body)
    check("rates: PUT", s.ask(P + "rates", "PUT")[0] == 405)
    check("rates: nothing was changed", s.ask(P + "rates")[2] == expected)


def test_control():
    control = {"X-Cprof-Control": "1"}
    with Server("control") as s:
        status, _, body = s.ask(P + "rates?cpurate=250", "POST")
        check("control: a form of another site",
              (status, body) == (403, b"the header X-Cprof-Control is missing\n"), body)
        status, _, body = s.ask(P + "rates?cpurate=250", "POST", headers={**control, "Host": "evil.example"})
        check("control: a name that points here", (status, body) == (403, b"host not allowed\n"), body)
        check("control: GET changes nothing", b"cpurate 100\n" in s.ask(P + "rates?cpurate=7", headers=control)[2])
        for query in ("cpurate=0", "cpurate=10001", "cpurate=x", "cpurate=", "cpurate", "blockprofilerate=-1", "nope=1",
                      "mutexprofilefraction=2147483648", "memprofilerate=99999999999999999999", "", "%zz=1",
                      "blockprofilerate=5&nope=1"):
            status, _, body = s.ask(P + "rates?" + query, "POST", headers=control)
            check("control: " + query, status == 400, (status, body))
        check("control: too much", s.ask(P + "rates", "POST", "a=" + "b" * 2000, control)[0] == 413)
        check("control: none of it counted", b"blockprofilerate 0\n" in s.ask(P + "rates")[2])
        kinds = ("block", "mutex", "syscall")
        for kind in kinds:
            check("off: " + kind, "cprof: the %s profile is off: cprof_set_%s_profile_" % (kind, kind) in
                  "".join(parse(s.ask(P + kind)[2]).comments), kind)
        status, _, body = s.ask(P + "rates?cpurate=250", "POST", "blockprofilerate=1000&mutexprofilefraction=5&"
                                "syscallprofilerate=7",
                                control)
        check("control: changed", (status, body) == (
            200, b"cpurate 250\nmemprofilerate 524288\nblockprofilerate 1000\nmutexprofilefraction 5\n"
            b"syscallprofilerate 7\n"), body)
        check("on", not any(parse(s.ask(P + kind)[2]).comments for kind in kinds))
        check("control: the next profile's rate", parse(s.ask(P + "profile?seconds=1")[2]).period == 4000000)
        check("control: on the index", b"a sample in 1000 nanoseconds" in s.ask(P)[2])
        waiting = threading.Thread(target=s.ask, args=(P + "profile?seconds=3",))
        waiting.start()
        while b"running at 250 Hz" not in s.ask(P)[2]:
            pass
        status, _, body = s.ask(P + "rates?cpurate=100&blockprofilerate=7", "POST", headers=control)
        check("control: while the CPU is profiled", status == 409, (status, body))
        waiting.join()
        check("control: then nothing is changed", b"cpurate 250\n" in s.ask(P + "rates")[2] and
              b"blockprofilerate 1000\n" in s.ask(P + "rates")[2])
    with Server("control", "token", "s3cret") as s:
        check("control: no token", s.ask(P + "rates?cpurate=9", "POST", headers=control)[0] == 401)
        status, _, _ = s.ask(P + "rates?cpurate=9", "POST", headers={"Authorization": "Bearer s3cret"})
        check("control: by the token", status == 200, status)


def symbol_address(program, name):
    """As it is in the file."""
    out = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in out.splitlines() if line.endswith(" T " + name))


def load_bias(pid, program):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
        return next(int(line.split("-")[0], 16) for line in f if line.rstrip().endswith(os.path.basename(program)))


def test_symbols(s):
    bias = load_bias(s.process.pid, SERVER)
    more, less = (bias + symbol_address(SERVER, n) + 3 for n in ("burn_more", "burn_less"))
    query = "0x%x+0x%x+0x10+%d+nonsense" % (more, less, more)
    expected = {"num_symbols: 1", "0x%x burn_more" % more, "0x%x burn_less" % less}
    for what, (status, _, body) in (("GET", s.ask(P + "symbol?" + query)),
                                    ("POST", s.ask(P + "symbol", "POST", query))):
        check("symbol by " + what, status == 200 and set(body.decode().splitlines()) == expected, body)
        check("symbol by %s: the count comes first" % what, body.startswith(b"num_symbols: 1\n"), body)
    status, _, body = s.ask(P + "symbol", "POST", "+" * 100000)
    check("symbol: a hundred thousand nothings", (status, body) == (200, b"num_symbols: 1\n"), (status, body))
    try:
        status, _, _ = s.ask(P + "symbol", "POST", "0x1+" * 1000000)
    except OSError:  # answered and closed before it was all sent
        status = 413
    check("symbol: too large a body", status == 413, status)


def parse(body):
    return profile.parse(body if body[:2] != b"\x1f\x8b" else gzip.decompress(body))


def test_overlapping(s):
    results = {}

    def fetch(name, path):
        results[name] = s.ask(P + path)

    asked = {"one": "profile?seconds=1", "two": "profile?seconds=2", "three": "profile?seconds=3"}
    threads = [threading.Thread(target=fetch, args=item) for item in asked.items()]
    for t in threads:
        t.start()
    for path in ("heap", "allocs", "", "cmdline"):
        status, _, _ = s.ask(P + path)
        check("%s while the CPU is profiled" % (path or "index"), status == 200, status)
    for t in threads:
        t.join()
    durations = {}
    for name, (status, _, body) in results.items():
        if not check("overlapping: " + name, status == 200, (status, body[:200])):
            continue
        p = parse(body)
        durations[name] = p.duration_ns
        check("overlapping: %s has the work" % name, p.by_leaf("cpu").get("burn_more", 0) > 0, p.by_leaf("cpu"))
    if len(durations) == 3:
        check("overlapping: each has its own window", 1e9 <= durations["one"] < durations["two"] < durations["three"],
              durations)


def test_too_many(s):
    """More windows than there are values: refused with a status, and free again afterwards."""
    statuses = []

    def fetch():
        statuses.append(s.ask(P + "profile?seconds=2")[0])

    threads = [threading.Thread(target=fetch) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("twelve at once: some served, the others told", 200 in statuses and set(statuses) <= {200, 503}, statuses)
    check("twelve at once: free again", s.ask(P + "profile?seconds=1")[0] == 200)


def test_delta(s):
    _, _, body = s.ask(P + "allocs?seconds=1")
    delta = parse(body)
    whole = parse(s.ask(P + "allocs")[2])
    check("delta: has a duration", delta.duration_ns > 0, delta.duration_ns)
    check("delta: the same types", delta.sample_types == whole.sample_types, (delta.sample_types, whole.sample_types))
    check("delta: less than the whole", 0 < delta.total("alloc_space") < whole.total("alloc_space"),
          (delta.total("alloc_space"), whole.total("alloc_space")))
    check("delta: the allocating function", delta.by_function("alloc_space").get("allocate_some", 0) > 0)


def flame(page):
    """(data, {path of names from the root: box without its first two fields})."""
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    paths, boxes = [], {}
    for frame, caller, *values in data["boxes"]:
        paths.append((paths[caller] if caller >= 0 else ()) + (data["frames"][frame][0],))
        boxes[paths[-1]] = values
    return data, boxes


def test_flamegraph(s):
    _, headers, body = s.ask(P + "flamegraph?seconds=2")
    page = body.decode()
    data, boxes = flame(page)
    check("flamegraph: the CPU's", (data["type"], data["unit"]) == ("cpu", "nanoseconds"), data)
    outer = sum(width for path, (width, _) in boxes.items() if len(path) == 1)
    check("flamegraph: the total is all there is", data["total"] == outer > 0, (data["total"], outer))
    own = sum(own for _, own in boxes.values())
    check("flamegraph: and each part is somebody's own", own == data["total"], (own, data["total"]))
    burns = {path[-1]: (path, width) for path, (width, _) in boxes.items() if path[-1].startswith("burn_")}
    check("flamegraph: the functions, below their caller", "burn_more" in burns and
          all(path[-2] == "work" and width > 0 for path, width in burns.values()), burns)
    modules = {name: module for name, _, _, module in data["frames"]}
    check("flamegraph: and where they are", modules["work"].endswith("/server"), modules)
    check("flamegraph: needs nothing of others", not re.search(r'(?:src|href)="(?:https?:)?//', page), page[:500])
    check("flamegraph: no scripts but its own", "script-src 'sha256-" in headers["content-security-policy"], headers)
    check("flamegraph: links to the program's own, as text", 'profile=test.%3Ci%3E%26%22own%22' in page and
          "test.&lt;i&gt;&amp;&#34;own&#34;" in page and "<i>" not in page, page)
    for _ in range(30):  # on a busy machine a second may add no sample
        data, boxes = flame(s.ask(P + "flamegraph?profile=allocs&type=alloc_objects&seconds=1")[2].decode())
        if boxes:
            break
    check("flamegraph: what a second adds", (data["type"], data["is_diff"]) == ("alloc_objects", False) and
          any(path[-1] == "allocate_some" and width > 0 for path, (width, _) in boxes.items()), boxes)
    _, boxes = flame(s.ask(P + "flamegraph?profile=" + "test.%3Ci%3E%26%22own%22")[2].decode())
    check("flamegraph: of the program's own", any(path[-1] == "main" and values == [1, 1]
                                                  for path, values in boxes.items()), boxes)


MEMORY = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")]
WAITS = [("contentions", "count"), ("delay", "nanoseconds")]
# As agents that scrape Go servers ask: Grafana Alloy's pyroscope.scrape, Parca. Block and mutex are off, and empty.
SCRAPED = [("profile?seconds=1", [("samples", "count"), ("cpu", "nanoseconds")], ("cpu", "nanoseconds")),
           ("allocs", MEMORY, ("space", "bytes")), ("allocs?seconds=1", MEMORY, ("space", "bytes")),
           ("block", WAITS, ("contentions", "count")), ("block?seconds=1", WAITS, ("contentions", "count")),
           ("mutex", WAITS, ("contentions", "count")), ("mutex?seconds=1", WAITS, ("contentions", "count")),
           ("goroutine", None, None), ("heap", None, ("space", "bytes")), ("heap?seconds=1", None, ("space", "bytes"))]


def test_scrapers(s):
    for path, types, period in SCRAPED:
        status, headers, body = s.ask(P + path, headers={"Accept-Encoding": "gzip"})
        check("scraped: %s is what pprof calls a profile" % path, (status, headers["content-type"], body[:2]) ==
              (200, BINARY, b"\x1f\x8b") and "content-encoding" not in headers, (status, headers))
        p = parse(body)
        check("scraped: %s has its types" % path, list(p.sample_types)[:4] == (types or list(p.sample_types)[:4]),
              p.sample_types)
        check("scraped: %s has a period type" % path, tuple(p.period_type) == period if period else p.period_type,
              p.period_type)
        check("scraped: %s has a time" % path, p.time_ns > 0, p.time_ns)


def test_disconnects(s):
    """A client that goes away ends its work: with the windows all taken by clients that left, there is room."""
    for _ in range(30):
        c = socket.create_connection(("localhost", s.port))
        c.sendall(b"GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        c.close()
    status = 0
    while status != 200:  # until the last of them is noticed: the test's own limit is the end
        status, _, _ = s.ask(P + "profile?seconds=1")
    check("thirty left, and the next is served", status == 200)
    request = b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n0x1"
    for i in range(len(request) + 1):
        with socket.create_connection(("localhost", s.port)) as c:
            c.sendall(request[:i])
    check("left at every byte, and the next is served", s.ask(P + "cmdline")[0] == 200)


def test_hostile(s):
    idle = []
    with contextlib.suppress(OSError):
        for _ in range(1000):
            c = socket.create_connection(("localhost", s.port), timeout=60)
            c.sendall(b"GET /debug/pprof/heap HTTP/1.1\r\nX-")  # and no more
            idle.append(c)
    check("a thousand that never finish: the next is served", s.ask(P + "cmdline")[0] == 200)
    check("a thousand that never finish: few are kept", s.descriptors() < 200, s.descriptors())
    for c in idle:
        c.close()
    with socket.create_connection(("localhost", s.port), timeout=60) as c:
        reply = b""
        with contextlib.suppress(OSError):
            c.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 1000000)
            reply = c.recv(100)
        check("a megabyte of headers", reply == b"" or b" 4" in reply[:14], reply)
    for raw in (b"\0" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                b"GET http://[ HTTP/1.1\r\n\r\n",
                b"POST /debug/pprof/symbol HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                b"POST /debug/pprof/symbol HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                b"POST /debug/pprof/symbol HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with socket.create_connection(("localhost", s.port), timeout=60) as c:
            with contextlib.suppress(OSError):
                c.sendall(raw)
                c.shutdown(socket.SHUT_WR)
                c.recv(1000)
        check("after %r" % raw[:60], s.ask(P + "cmdline")[0] == 200)
    check("the threads are bounded", s.threads() < 24, s.threads())


def test_own_threads_unseen(s):
    """The listener's own work is in no profile."""
    _, _, body = s.ask(P + "profile?seconds=1")
    names = set(parse(body).by_function("cpu"))
    ours = [n for n in names if "evhttp" in n or "event_base" in n or "run_worker" in n]
    check("no listener in the profile", not ours, names)


def test_pprof(s, folder):
    env = {**os.environ, "PPROF_TMPDIR": folder, "HOME": folder}
    for tool in ([["go", "tool", "pprof"]] if shutil.which("go") else []) + [[CPROF]]:
        for name, symbol in (("profile?seconds=1", "burn_more"), ("heap?seconds=1", ""), ("allocs", "allocate_some"),
                             ("block", ""), ("mutex", "")):
            out = subprocess.run([*tool, "-top", s.url(name)], env=env, capture_output=True, text=True, timeout=120,
                                 check=False)
            check("%s %s" % (tool[0], name), out.returncode == 0 and symbol in out.stdout, out.stdout + out.stderr)


def test_options():
    with Server("token", "s3cret", "hide", "seconds", "2") as s:
        for given in (None, "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Basic s3cret", "Bearer xs3cret"):
            status, headers, _ = s.ask(P, headers={"Authorization": given} if given else None)
            check("token: %s" % given, (status, headers.get("www-authenticate")) == (401, "Bearer"), status)
        good = {"Authorization": "Bearer s3cret"}
        check("token: the right one", s.ask(P, headers=good)[0] == 200)
        check("hidden cmdline", s.ask(P + "cmdline", headers=good)[0] == 404)
        check("hidden cmdline: not in the index", b"cmdline" not in s.ask(P, headers=good)[2])
        check("seconds: own limit", s.ask(P + "profile?seconds=3", headers=good)[0] == 400)
    check("it ends well", s.status == 0, s.status)


def test_addresses(folder):
    for address, error in (("", -22), ("localhost", -22), ("localhost:x", -22), ("localhost:70000", -22),
                           ("example.com:80", -22), ("0.0.0.0:0", -13), ("[::]:0", -13), ("unix:", -22),
                           ("unix:/no/such/folder/s", -2), ("unix:/" + "x" * 200, -36)):
        out = subprocess.run([SERVER, address], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        check("address %r" % address, out.stdout.startswith("%d " % error), out.stdout)
    with Server("remote", address="0.0.0.0:0") as s:
        check("remote: any Host", s.ask(P, headers={"Host": "server.example"})[0] == 200)
        out = subprocess.run([SERVER, "127.0.0.1:%d" % s.port], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, check=False)
        check("address in use", out.stdout.startswith("-98 "), out.stdout)
    path = os.path.join(folder, "%p%%.sock")
    for what in ("unix socket", "unix socket, after a kill"):
        with Server(address="unix:" + path) as s:
            real = path.replace("%p", str(s.process.pid)).replace("%%", "%")
            with socket.socket(socket.AF_UNIX) as c:
                c.connect(real)
                c.sendall(b"GET /debug/pprof/cmdline HTTP/1.0\r\n\r\n")
                check(what, c.recv(100).startswith(b"HTTP/1.0 200"))
            check(what + ": the owner's", os.stat(real).st_mode & 0o777 == 0o600, oct(os.stat(real).st_mode))
        path = real.replace("%", "%%")  # nobody listens there any more


def test_stripped(folder):
    """pprof asks /symbol for what it cannot name."""
    if not shutil.which("go"):
        return
    env = {**os.environ, "PPROF_TMPDIR": folder, "HOME": folder, "PPROF_BINARY_PATH": folder}
    with Server() as s:
        out = subprocess.run(["go", "tool", "pprof", "-symbolize=remote", "-top", s.url("profile?seconds=1")], env=env,
                             capture_output=True, text=True, timeout=120, check=False)
        check("-symbolize=remote", out.returncode == 0 and "burn_more" in out.stdout, out.stdout + out.stderr)


def accepts(path):
    with socket.socket(socket.AF_UNIX) as c:
        return c.connect_ex(path) == 0


def test_run():
    """A program that knows nothing of it."""
    redis = shutil.which("redis-server")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "http.sock")
        program = [redis, "--port", "0", "--unixsocket", os.path.join(folder, "redis.sock"), "--save", ""] if redis \
            else ["sleep", "1000"]
        process = subprocess.Popen([CPROF, "run", "-http", "unix:" + path, "--", *program], cwd=folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while not accepts(path) and process.poll() is None:
            time.sleep(0.01)
        answers = []
        for name in ("heap?debug=1", "threadcreate", "profile?seconds=1", ""):
            with socket.socket(socket.AF_UNIX) as c:
                c.connect(path)
                c.sendall(b"GET /debug/pprof/%s HTTP/1.0\r\n\r\n" % name.encode())
                answers.append(b"".join(iter(lambda: c.recv(65536), b"")))
        check("cprof run -http", all(a.startswith(b"HTTP/1.0 200") for a in answers), answers)
        check("cprof run -http: no profile file", not [n for n in os.listdir(folder) if n.endswith(".pb.gz")])
        process.terminate()
        process.communicate(timeout=60)


def main():
    with tempfile.TemporaryDirectory() as folder:
        with Server() as s:
            for test in (test_table, test_methods, test_hosts, test_rates, test_index, test_symbols, test_overlapping,
                         test_too_many, test_delta, test_scrapers, test_flamegraph, test_own_threads_unseen,
                         test_disconnects,
                         test_hostile):
                test(s)
            test_pprof(s, folder)
        check("the server ends well", s.status == 0, s.status)
        test_options()
        test_control()
        test_addresses(folder)
        test_stripped(folder)
    test_run()
    return exit_status()


if __name__ == "__main__":
    sys.exit(main())
