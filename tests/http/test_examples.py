#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""/debug/pprof/ on other people's servers: test_examples.py BUILD EXAMPLE...

Each is asked by curl and by go tool pprof, as a person would, while its own page is asked for by others."""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD, EXAMPLES = os.path.abspath(sys.argv[1]), sys.argv[2:]
BINARY, TEXT, HTML = "application/octet-stream", "text/plain; charset=utf-8", "text/html; charset=utf-8"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Example:
    def __init__(self, program, folder):
        self.name, self.folder, self.port = os.path.basename(program), folder, free_port()
        self.process = subprocess.Popen([program, str(self.port)])
        while self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def url(self, path):
        return "http://127.0.0.1:%d/%s" % (self.port, path)

    def curl(self, path, *args):
        """(status, type, disposition, body)."""
        out = subprocess.run(["curl", "-sS", "-m", "100", "-D", "-", *args, self.url(path)], stdout=subprocess.PIPE,
                             check=False).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(re.split(r": *", line, maxsplit=1) for line in lines[1:] if ":" in line)
        headers = {name.lower(): value for name, value in headers.items()}
        status = int(lines[0].split()[1]) if lines[0] else 0
        return status, headers.get("content-type"), headers.get("content-disposition"), body

    def say(self, what, holds, seen=""):
        check("%s: %s" % (self.name, what), holds, seen)


def ask_each_route(e):
    attachment = 'attachment; filename="%s"'
    for path, args, status, content_type, disposition, start in [
            ("", [], 200, None, None, b"hello\n"),
            ("debug/pprof", [], 301, None, None, b""),
            ("debug/pprof/", [], 200, HTML, None, b"<!DOCTYPE html>"),
            ("debug/pprof/heap", [], 200, BINARY, attachment % "heap", b"\x1f\x8b"),
            ("debug/pprof/h%65ap?deb%75g=1", [], 200, TEXT, None, b"heap profile: "),
            ("debug/pprof/allocs?seconds=1", [], 200, BINARY, attachment % "allocs-delta", b"\x1f\x8b"),
            ("debug/pprof/profile?seconds=1", [], 200, BINARY, attachment % "profile", b"\x1f\x8b"),
            ("debug/pprof/flamegraph?profile=threads", [], 200, HTML, None, b"<!DOCTYPE html>"),
            ("debug/pprof/heap?seconds=0", [], 400, TEXT, None, b"invalid value for"),
            ("debug/pprof/%3Cscript%3E", [], 404, TEXT, None, b"Unknown profile\n"),
            ("debug/pprof/%zz", [], 404, TEXT, None, b"Unknown profile\n"),
            ("debug/pprof/heap", ["-I", "-o", "/dev/null"], 200, BINARY, attachment % "heap", b""),
            ("debug/pprof/heap", ["-d", "x"], 405, TEXT, None, b"Method Not Allowed\n"),
            ("debug/pprof/heap", ["-H", "Host: evil.example"], 403, TEXT, None, b"host not allowed\n")]:
        got = e.curl(path, *args)
        e.say(" ".join([*args, "/" + path]), got[:3] == (status, content_type or got[1], disposition) and
              got[3].startswith(start), got)


def ask_symbols(e):
    """By POST, of more addresses than come in one piece."""
    main = None
    while not main:  # on a busy machine a thread may answer too late: the test's own limit is the end
        dump = e.curl("debug/pprof/threads?debug=1")[3].decode()
        main = re.search(r"#\t(0x[0-9a-f]+)\tmain\+0x", dump)
    address = main[1]
    body = os.path.join(e.folder, "addresses")
    with open(body, "w", encoding="ascii") as f:
        f.write(address + "+0x1" * 100000)
    status, _, _, answer = e.curl("debug/pprof/symbol", "--data-binary", "@" + body)
    lines = answer.decode().splitlines()
    e.say("POST symbol", status == 200 and lines == ["num_symbols: 1", address + " main"], (status, answer, dump))


def ask_for_hello(e, stop, answers):
    while not stop.is_set():
        c = http.client.HTTPConnection("127.0.0.1", e.port, timeout=60)
        c.request("GET", "/")
        answers.append(c.getresponse().read())
        c.close()


def ask_under_load(e):
    stop, answers = threading.Event(), []
    load = threading.Thread(target=ask_for_hello, args=(e, stop, answers))
    load.start()
    path, total = os.path.join(e.folder, "cpu"), 0
    while total == 0:  # it may get little of a busy machine: the test's own limit is the end
        e.curl("debug/pprof/profile?seconds=1", "-o", path)
        total = profile.read(path).total("cpu")
    env = {**os.environ, "HOME": e.folder, "PPROF_TMPDIR": e.folder}
    out = subprocess.run(["go", "tool", "pprof", "-top", e.url("debug/pprof/profile?seconds=1")], env=env,
                         capture_output=True, text=True, check=False)
    e.say("go tool pprof", out.returncode == 0 and "Type: cpu" in out.stdout, out.stdout + out.stderr)
    stop.set()
    load.join()
    e.say("its own page meanwhile", answers and set(answers) == {b"hello\n"}, set(answers))


def leave_early(e):
    """More than there are windows and threads: whoever notices only when it writes has to be asked for little."""
    seconds = 1 if e.name == "http_civetweb" else 60
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", e.port)) as s:
            s.sendall(b"GET /debug/pprof/profile?seconds=%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % seconds)
    status = 0
    while status != 200 and e.process.poll() is None:
        status = e.curl("debug/pprof/profile?seconds=1")[0]
    e.say("clients that left", status == 200 and e.process.poll() is None, (status, e.process.poll()))


def main():
    for program in EXAMPLES:
        with tempfile.TemporaryDirectory() as folder, Example(program, folder) as e:
            for ask in ask_each_route, ask_symbols, ask_under_load, leave_early:
                ask(e)
    return exit_status()


if __name__ == "__main__":
    sys.exit(main())
