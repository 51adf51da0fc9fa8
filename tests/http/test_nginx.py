#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's nginx under load, each of its processes profiled by URL: test_nginx.py BUILD.

The master and the workers it forks listen at sockets of their own (%p). Requests go on while profiles are taken."""

import glob
import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
CONFIG = """worker_processes 2;
daemon off;
error_log %(dir)s/error.log;
pid %(dir)s/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy; fastcgi_temp_path %(dir)s/fastcgi;
  uwsgi_temp_path %(dir)s/uwsgi; scgi_temp_path %(dir)s/scgi;
  server { listen unix:%(dir)s/web.sock; location / { return 200 "hello"; } }
}
"""


def ask(path, target):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(path)
        s.sendall(b"GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % target.encode())
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def accepts(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def load(web, stop, counts):
    while not stop.is_set():
        counts.append(ask(web, "/") == (200, b"hello"))


def take(path, results):
    results[path] = ask(path, "/debug/pprof/profile?seconds=2")


def run(folder):
    with open(os.path.join(folder, "nginx.conf"), "w") as f:
        f.write(CONFIG % {"dir": folder})
    web = os.path.join(folder, "web.sock")
    process = subprocess.Popen([BUILD + "/tool/cprof", "run", "-http", "unix:%s/%%p.sock" % folder, "--", "nginx", "-c",
                                os.path.join(folder, "nginx.conf")], cwd=folder, stderr=subprocess.PIPE)
    def sockets():
        return [p for p in glob.glob(os.path.join(folder, "[0-9]*.sock")) if accepts(p)]
    while process.poll() is None and (not accepts(web) or len(sockets()) < 3):
        pass
    check("the master and two workers listen", len(sockets()) == 3, sockets())
    stop, counts, results = threading.Event(), [], {}
    clients = [threading.Thread(target=load, args=(web, stop, counts)) for _ in range(4)]
    takers = [threading.Thread(target=take, args=(p, results)) for p in sockets()]
    for t in clients + takers:
        t.start()
    for t in takers:
        t.join()
    heap = {p: ask(p, "/debug/pprof/heap?debug=1") for p in sockets()}
    stop.set()
    for t in clients:
        t.join()
    process.terminate()
    process.wait()
    check("every request was answered as ever", counts and all(counts), counts.count(False))
    check("every process answers with a profile", len(results) == 3 and all(r[0] == 200 for r in results.values()))
    profiles = []
    for number, (status, body) in enumerate(results.values()):
        path = os.path.join(folder, "%d.pb.gz" % number)
        with open(path, "wb") as f:
            f.write(body)
        profiles.append(profile.read(path))
    names = {f.name for p in profiles for s in p.samples for f in s.stack}
    check("the workers' time is in nginx's own functions", any(n.startswith("ngx_") for n in names), sorted(names)[:20])
    check("the heap, too", all(h[0] == 200 and h[1].startswith(b"heap profile:") for h in heap.values()))
    check("nginx ends as ever", process.returncode in (0, -15), process.returncode)


with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o755)
    run(folder)
sys.exit(exit_status())
