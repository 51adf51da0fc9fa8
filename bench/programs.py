# SPDX-License-Identifier: MIT
"""Real programs under a load of fixed size, for the benchmarks: Debian's packages as they are, on sockets
in a temporary folder. Each is a function

    program(folder, launch) -> CPU seconds of the program for its load

where launch(argv, **popen) starts a command under whatever profiler is being measured. The CPU time is
the program's own, asked from itself or from the kernel, so that a profiler's other processes do not count.
SERVERS are those that can be given their load more than once.
"""

import collections
import os
import re
import shutil
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def cpu_seconds(pid):
    """User and system time of a process, to the nanosecond, and of the children it waited for, to a hundredth."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    its_clock = ~pid << 3 | 2  # as clock_getcpuclockid() makes it
    return time.clock_gettime(its_clock) + sum(int(x) for x in fields[13:15]) / TICKS


def tree(pid):
    """pid and its descendants."""
    out = [pid]
    for parent in out:
        try:
            with open("/proc/%d/task/%d/children" % (parent, parent), encoding="utf-8") as f:
                out += [int(p) for p in f.read().split()]
        except FileNotFoundError:
            pass
    return out


def tree_cpu_seconds(pid):
    """Of a process and its descendants, those that ended included. One that ends meanwhile is in its parent's."""
    for _ in range(100):
        try:
            return sum(cpu_seconds(p) for p in tree(pid))
        except OSError:
            pass
    raise RuntimeError("the processes below %d come and go" % pid)


def wait_for(what, condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(what + " does not come up")
        time.sleep(0.02)


def read_pid(path):
    with open(path, encoding="utf-8") as f:
        return int(f.readline())


def own_cpu(launch, argv, pattern=r"cpu ([0-9.]+)"):
    """Runs a batch program that prints its CPU seconds itself."""
    child = launch(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    out = child.communicate(timeout=60)[0]
    if child.returncode:
        raise RuntimeError("%s: exit status %d" % (argv[0], child.returncode))
    return sum(float(x) for x in re.findall(pattern, out))


# load(times): its load so many times; end(): it is told to end, and has ended.
Server = collections.namedtuple("Server", "pid load end")


def used_for(server, times):
    """CPU seconds of a server for its load so many times."""
    before = tree_cpu_seconds(server.pid)
    server.load(times)
    return tree_cpu_seconds(server.pid) - before


def redis(folder, launch):
    sock, pidfile = os.path.join(folder, "redis.sock"), os.path.join(folder, "redis.pid")
    child = launch(["/usr/bin/redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--dir", folder,
                    "--pidfile", pidfile, "--loglevel", "warning"], **QUIET)
    wait_for("redis", lambda: os.path.exists(sock) and os.path.exists(pidfile) and os.path.getsize(pidfile))

    def load(times):
        subprocess.run(["redis-benchmark", "-s", sock, "-q", "-n", str(40000 * times), "-P", "8", "-r", "10000", "-t",
                        "set,get,lpush,sadd,zadd,lrange_100"], check=True, timeout=600, **QUIET)

    def end():
        subprocess.run(["redis-cli", "-s", sock, "shutdown", "nosave"], check=True, timeout=20, **QUIET)
        child.wait(timeout=20)
    return Server(read_pid(pidfile), load, end)


PYTHON = """
import json, re, time
class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(3)] if depth else []
    def walk(self, visit):
        return visit(self) + sum(c.walk(visit) for c in self.children)
text = "The quick brown fox jumps over the lazy dog. " * 200
for i in range(14):
    assert Node(8).walk(lambda n: len(n.children)) == 9840
    sorted(re.findall(r"\\w+", text * 3), key=lambda w: (len(w), w))
    json.loads(json.dumps([{"a": j, "b": [j] * 5, "c": str(j)} for j in range(8000)]))
print("cpu", time.process_time())
"""


def python(folder, launch):
    return own_cpu(launch, ["/usr/bin/python3", "-S", "-c", PYTHON])


SQL = """.timer on
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000)
  insert into t select i, printf('%08x', i * 2654435761 % 4294967296), i * 0.5 from n;
create index tb on t(b);
select count(*), sum(x.c) from t x join t y on x.b = y.b where x.a % 3 = 0;
select substr(b, 1, 2) k, count(*), avg(c) from t group by k order by k limit 3;
select count(*) from t where b like '%ff%0';
"""


def sqlite(folder, launch):
    path = os.path.join(folder, "bench.sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SQL)
    return own_cpu(launch, ["/usr/bin/sqlite3", "-batch", "-cmd", ".read " + path, ":memory:", ".quit"],
                   r"(?:user|sys) ([0-9.]+)")


LUA = """
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
fib(29)
local t = {}
for i = 1, 150000 do t[i] = string.format("%06d", (i * 7919) % 1000003) end
table.sort(t)
local s = table.concat(t, " ")
local n = 0
for w in s:gmatch("%d+") do n = n + #w:gsub("9", "x") end
print("cpu", os.clock())
"""


def lua(folder, launch):
    return own_cpu(launch, ["/usr/bin/lua5.4", "-e", LUA], r"cpu\s+([0-9.]+)")


NGINX = """
daemon off; master_process off; pid %(folder)s/nginx.pid; error_log stderr crit;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
  uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s; keepalive_requests 1000000;
  server { listen 127.0.0.1:%(port)d; location / { root %(folder)s; } } }
"""


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx(folder, launch):
    port = free_port()
    conf, pidfile = os.path.join(folder, "nginx.conf"), os.path.join(folder, "nginx.pid")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(NGINX % {"folder": folder, "port": port})
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as f:
        f.write("hello, world\n" * 40)
    child = launch(["/usr/sbin/nginx", "-p", folder, "-c", conf], **QUIET)
    wait_for("nginx", lambda: os.path.exists(pidfile) and os.path.getsize(pidfile))
    pid = read_pid(pidfile)

    def load(times):
        subprocess.run(["ab", "-q", "-k", "-c", "8", "-n", str(40000 * times),
                        "http://127.0.0.1:%d/index.html" % port], check=True, timeout=600, **QUIET)

    def end():
        os.kill(pid, 3)  # SIGQUIT: finish what is under way
        child.wait(timeout=20)
    return Server(pid, load, end)


def postgres_bin():
    base = "/usr/lib/postgresql"
    return os.path.join(base, sorted(os.listdir(base))[-1], "bin")


def as_postgres(argv):
    """It refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *argv] if os.getuid() == 0 else argv


def postgres_init(folder):
    data = os.path.join(folder, "data")
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    env = {**os.environ, "LC_ALL": "C"}
    subprocess.run(as_postgres([os.path.join(postgres_bin(), "initdb"), "-D", data, "-A", "trust", "-U", "postgres",
                                "--no-sync"]), check=True, timeout=60, env=env, cwd=folder, **QUIET)
    return data


def postgres(folder, launch):
    data = os.path.join(folder, "data")
    fresh = not os.path.exists(data)
    if fresh:
        postgres_init(folder)
    child = launch(as_postgres([os.path.join(postgres_bin(), "postgres"), "-D", data, "-k", folder, "-c",
                                "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=off"]), cwd=folder, **QUIET)
    pidfile = os.path.join(data, "postmaster.pid")

    def ready():
        return subprocess.run(["pg_isready", "-q", "-h", folder], check=False).returncode == 0
    wait_for("postgres", ready)
    client = ["-h", folder, "-U", "postgres"]
    if fresh:
        subprocess.run(["pgbench", "-i", "-q", "-s", "1", *client, "postgres"], check=True, timeout=60, **QUIET)
    pid = read_pid(pidfile)

    def load(times):
        subprocess.run(["pgbench", "-n", "-S", "-c", "2", "-t", str(3000 * times), *client, "postgres"], check=True,
                       timeout=600, **QUIET)
        time.sleep(0.2)  # the backends end, and the postmaster waits for them

    def end():
        os.kill(pid, 2)  # SIGINT: fast shutdown
        child.wait(timeout=30)
    return Server(pid, load, end)


def served(start):
    def program(folder, launch):
        server = start(folder, launch)
        used = used_for(server, 1)
        server.end()
        return used
    return program


SERVERS = {"redis": redis, "nginx": nginx, "postgres": postgres}
PROGRAMS = {"python3": python, "sqlite3": sqlite, "lua5.4": lua} | {n: served(s) for n, s in SERVERS.items()}


def version(argv):
    out = subprocess.run(argv, check=False, capture_output=True, text=True)
    lines = (out.stdout + out.stderr).strip().splitlines()
    return lines[0] if lines else "?"


def debian(package):
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=False, capture_output=True, text=True)
    return out.stdout or "missing"
