# SPDX-License-Identifier: MIT
"""Programs that allocate and come to an end, and redis, for the benchmarks of the heap profile: what one run costs."""

import os
import socket
import subprocess

import programs

# Each holds a hundred MiB and more, and gives some of it back; a second or more of CPU.
PYTHON = """import json
for i in range(3):
    kept = json.loads(json.dumps([{'a': j, 'b': [j] * 5, 'c': str(j)} for j in range(80000)]))
"""
LUA_TABLES = "for r = 1, 3 do local t = {} for i = 1, 400000 do t[i] = {i, tostring(i)} end end"
SQL = """create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 600000)
  insert into t select i, printf('%08x row %d of the table', i * 2654435761 % 4294967296, i), i * 0.5 from n;
create index tb on t(b);
select count(*), sum(x.c) from t x join t y on x.b = y.b where x.a % 9 = 0;
delete from t where a % 3 = 0;
"""
C_DECLARATION = "struct s%(i)d { int a; const char *b; }; int g%(i)d(const struct s%(i)d *s, int n);\n"
C_FUNCTION = """int f%(i)d(const char *s, int n)
{
	int a[%(size)d] = {0};
	for (int i = 0; i < n; i++) {
		a[i %% %(size)d] += s[i] * %(i)d;
		if (a[i %% %(size)d] > %(i)d * 7)
			a[i %% %(size)d] ^= n;
	}
	return printf("%%d", a[n %% %(size)d]) + (int)strlen(s);
}
"""


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def sqlite_command(folder):
    return ["/usr/bin/sqlite3", "-batch", "-cmd", ".read " + written(folder, "bench.sql", SQL), ":memory:", ".quit"]


def c_source(folder):
    """A big file for the compiler, with the headers that such have."""
    return written(folder, "big.c", "int printf(const char *, ...); unsigned long strlen(const char *);\n" + "".join(
        C_DECLARATION % {"i": i} for i in range(30000)) + "".join(
        C_FUNCTION % {"i": i, "size": i % 50 + 2} for i in range(200)))


def compiler_command(folder):
    """The compiler proper: gcc only starts it."""
    cc1 = subprocess.run(["gcc", "-print-prog-name=cc1"], check=True, capture_output=True, text=True).stdout.strip()
    return [cc1, "-quiet", "-O2", c_source(folder), "-o", "/dev/null"]


def commands(folder):
    """{name: arguments, of env}"""
    return {"true": ["/usr/bin/true"], "sqlite3": sqlite_command(folder),
            "lua5.4": ["/usr/bin/lua5.4", "-e", LUA_TABLES],
            "python3": ["/usr/bin/python3", "-S", "-c", PYTHON],
            "python3, malloc": ["PYTHONMALLOC=malloc", "/usr/bin/python3", "-S", "-c", PYTHON],
            "gcc -O2": compiler_command(folder)}


def measured(build, folder, argv, env, cpu):
    """argv under resources.c, and where that writes. The preload is for the program alone."""
    out = os.path.join(folder, "resources")
    stay = ["taskset", "-c", str(cpu)] if cpu is not None else []
    env = ["%s=%s" % e for e in env.items()]
    return [*stay, os.path.join(build, "bench", "resources"), out, "env", *env, *argv], out


def read_resources(path):
    """(CPU seconds, peak RSS in KiB)"""
    with open(path, encoding="utf-8") as f:
        cpu_s, rss = f.read().split()
    return float(cpu_s), int(rss)


def cost(build, folder, argv, env, cpu=None):
    """Of a run to the end; on that processor, if given."""
    command, out = measured(build, folder, argv, env, cpu)
    subprocess.run(command, cwd=folder, check=True, timeout=1200, **programs.QUIET)
    return read_resources(out)


def listens(path):
    """Some time after its socket is there."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def redis_cost(build, folder, env, cpu=None):
    """Of a server's life with a load of fixed size."""
    sock = os.path.join(folder, "r.sock")
    command, out = measured(build, folder, ["/usr/bin/redis-server", "--port", "0", "--unixsocket", sock, "--save", "",
                                            "--dir", folder], env, cpu)
    server = subprocess.Popen(command, **programs.QUIET)
    programs.wait_for("redis", lambda: listens(sock))
    subprocess.run(["redis-benchmark", "-s", sock, "-q", "-n", "200000", "-P", "16", "-r", "200000", "-d", "200", "-t",
                    "set,get,lpush,hset,zadd"], check=True, timeout=600, **programs.QUIET)
    for last in (["flushall"], ["shutdown", "nosave"]):
        subprocess.run(["redis-cli", "-s", sock, *last], check=False, timeout=60, **programs.QUIET)
    if server.wait(timeout=60):
        raise RuntimeError("redis-server: status %d" % server.returncode)
    return read_resources(out)
