#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What /debug/pprof/ costs a server nobody rebuilt: bench_http.py BUILD [ROUNDS] [PROGRAM...]

Debian's nginx and redis under a load that takes all they give, plain, under `cprof run -http` with nobody asking,
and while a CPU profile is taken by URL. A round starts both anew and measures them for a second, in random order, some
times: requests a second, the server's CPU time a request, and the 99th percentile of the latency. Printed are the
median and the best of all runs: other load on the machine only makes them worse.
"""

import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402

RUNS = 6


class Nginx:
    def __init__(self, prefix, folder):
        self.port = programs.free_port()
        conf, pidfile = os.path.join(folder, "nginx.conf"), os.path.join(folder, "nginx.pid")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(programs.NGINX % {"folder": folder, "port": self.port})
        with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as f:
            f.write("hello, world\n" * 40)
        self.child = subprocess.Popen([*prefix, "/usr/sbin/nginx", "-p", folder, "-c", conf], **programs.QUIET)
        programs.wait_for("nginx", lambda: os.path.exists(pidfile) and os.path.getsize(pidfile))
        self.pid = programs.read_pid(pidfile)

    def load(self):
        """(requests, seconds, ms at the 99th percentile)."""
        out = subprocess.run(["wrk", "-t1", "-c8", "-d1s", "--latency",
                              "http://127.0.0.1:%d/index.html" % self.port], check=True, capture_output=True,
                             text=True).stdout
        requests, seconds = re.search(r"(\d+) requests in ([0-9.]+)s", out).groups()
        p99, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", out).groups()
        return int(requests), float(seconds), float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


class Redis:
    def __init__(self, prefix, folder):
        self.sock, pidfile = os.path.join(folder, "redis.sock"), os.path.join(folder, "redis.pid")
        self.child = subprocess.Popen([*prefix, "/usr/bin/redis-server", "--port", "0", "--unixsocket", self.sock,
                                       "--save", "", "--dir", folder, "--pidfile", pidfile, "--loglevel", "warning"],
                                      **programs.QUIET)
        programs.wait_for("redis", lambda: os.path.exists(self.sock) and os.path.exists(pidfile) and
                          os.path.getsize(pidfile))
        self.pid = programs.read_pid(pidfile)

    def load(self):
        requests = 50000
        out = subprocess.run(["redis-benchmark", "-s", self.sock, "--csv", "-c", "8", "-n", str(requests), "-r",
                              "10000", "-t", "set"], check=True, capture_output=True, text=True).stdout
        header, row = (line.replace('"', "").split(",") for line in out.strip().splitlines())
        row = dict(zip(header, row))
        return requests, requests / float(row["rps"]), float(row["p99_latency_ms"])


def measure(server):
    before = programs.cpu_seconds(server.pid)
    requests, seconds, p99_ms = server.load()
    cpu = programs.cpu_seconds(server.pid) - before
    return requests / seconds, cpu / requests * 1e6, p99_ms


def wait_for_index(port, words):
    page = b""
    while words not in page:
        with urllib.request.urlopen("http://127.0.0.1:%d/debug/pprof/" % port) as r:
            page = r.read()


def measure_profiled(server, port):
    """A client asks for a long profile, and leaves when the load is over."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for_index(port, b"running at 100 Hz")
        got = measure(server)
    wait_for_index(port, b"off; the next one")
    return got


def stop(server):
    os.kill(server.pid, signal.SIGTERM)
    server.child.wait(timeout=20)


def one_round(build, program, figures):
    """Adds to figures {mode: [figures of a run]}."""
    port = programs.free_port()
    prefix = [os.path.join(build, "tool", "cprof"), "run", "-http", "localhost:%d" % port, "--"]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        plain, served = program([], one), program(prefix, other)
        run = {"plain": lambda: measure(plain), "idle": lambda: measure(served),
               "profiled": lambda: measure_profiled(served, port)}
        try:
            for server in plain, served:
                server.load()  # warm
            for _ in range(RUNS):
                for mode in random.sample(sorted(run), len(run)):
                    figures.setdefault(mode, []).append(run[mode]())
        finally:
            stop(plain)
            stop(served)


def bench(build, name, program, nrounds):
    figures = {}
    for _ in range(nrounds):
        one_round(build, program, figures)
    base = None
    for mode in ("plain", "idle", "profiled"):
        rate, cpu, p99 = zip(*figures[mode])
        row = [statistics.median(rate), max(rate), statistics.median(cpu), min(cpu), statistics.median(p99), min(p99)]
        base = base or row
        cells = ["%11.3f (%.3f)" % (v, v / b if b else 1) for v, b in zip(row, base)]
        print("%-6s %-9s" % (name, mode) + "".join(cells), flush=True)


def main():
    build = os.path.abspath(sys.argv[1])
    nrounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    names = sys.argv[3:] or ["nginx", "redis"]
    print("## Servers under cprof run -http: median and best of %d runs of a second (ratio to plain)"
          % (nrounds * RUNS))
    print("nginx %s, redis %s, %s; load %.1f" % (programs.debian("nginx"), programs.debian("redis-server"),
                                                 programs.version([os.path.join(build, "tool", "cprof"), "version"]),
                                                 os.getloadavg()[0]))
    print("%-17s%18s%18s%18s%18s%18s%18s" % ("", "requests/s", "best", "us of CPU each", "least", "p99 ms", "least"))
    for name in names:
        bench(build, name, {"nginx": Nginx, "redis": Redis}[name], nrounds)
    print("load %.1f" % os.getloadavg()[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
