#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The listener of a program nobody rebuilt, from an address that cannot be had to the end: test_life.py BUILD"""

import http.client
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402

BUILD = os.path.abspath(sys.argv.pop(1))
CPROF = os.path.join(BUILD, "tool/cprof")
TICKS = os.sysconf("SC_CLK_TCK")
# As servers do that give up what they may not need any more.
JAILED = """
import os, sys
os.chroot(sys.argv[1])
os.chdir("/")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for line in sys.stdin:
    print(line, end="", flush=True)
"""
# As daemons do that close what they did not open: the numbers are their own files' then.
CLOSED = """
import os, socket, threading, time
print(input(), flush=True)
input()
os.closerange(0, 1000)
files = []
while files != list(range(100)): # who profiles for its worker may just read a file
    for fd in files:
        os.close(fd)
    files = [os.open("f%d" % i, os.O_RDWR | os.O_CREAT) for i in range(100)]
os.setuid(os.getuid()) # whose signal interrupts all threads that wait
waiting = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=waiting.accept, daemon=True).start()
def threads():
    names = []
    for t in os.listdir("/proc/self/task"):
        try:
            names.append(open("/proc/self/task/%s/comm" % t).read())
        except OSError:
            pass  # it has ended, and what Python would say of it would go to f2
    return names
while "cprof\\n" in threads() or not os.path.exists("asked"): # who profiles for its worker
    time.sleep(0.1)
time.sleep(0.3)
child = os.fork()
for fd in files:
    os.fstat(fd)
if child == 0:
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
WITHOUT_INPUT = "test -S s -a ! -e /proc/self/fd/0 && echo served, and no input"
# As haproxy's workers do.
WITHOUT_THREADS = """
import os, resource, sys
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
for line in sys.stdin:
    print(line, end="", flush=True)
"""
# As a child of apache's does, whose threads are born in one that blocks all signals, and workers of rsyslog's.
BLOCKED = """
import ctypes, os, signal, sys, threading
print(input(), flush=True)
def born_so():
    while True:
        pass
def blocks_them():
    all_signals = (ctypes.c_ulong * 16)(*16 * [2**64 - 1])
    ctypes.CDLL(None).pthread_sigmask(signal.SIG_SETMASK, all_signals, None)
    while True:
        pass
child = os.fork()
if child == 0:
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    threading.Thread(target=born_so).start()
    threading.Thread(target=blocks_them).start()
    signal.pause()
print(child, flush=True)
sys.stdin.read()
os.kill(child, signal.SIGKILL)
"""
BLOCKED_TO_THE_END = BLOCKED.partition("child =")[0] + """
threading.Thread(target=blocks_them, daemon=True).start()
sys.stdin.read()
os._exit(0)
"""
THEN_BURN = "exec env -i sh -c 'i=0; while [ $i -lt 500000 ]; do i=$((i + 1)); done; exit 9'"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def of_later_threads(p, kind):
    """What stacks of Python's threads but the first have, by what a stripped Python of any version has, too."""
    at = [name for name, _ in p.sample_types].index(kind)
    return sum(s.values[at] for s in p.samples if "Py_BytesMain" not in {frame.name for frame in s.stack} and any(
        frame.mapping and "python" in os.path.basename(frame.mapping.file) for frame in s.stack))


class Life(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, address, *program, flags=()):
        """One that says what it is told, until there is no more. (`cprof run`, the program's process id)."""
        process = subprocess.Popen([CPROF, "run", "-http", address, *flags, "--", *(program or ["cat"])],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder)
        self.addCleanup(process.communicate)
        process.stdin.write(b"up\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"up\n")
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="ascii") as f:
            return process, int(f.read())

    def end(self, process):
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def ask(self, port, name):
        c = http.client.HTTPConnection("localhost", port, timeout=60)
        self.addCleanup(c.close)
        c.request("GET", "/debug/pprof/" + name)
        r = c.getresponse()
        return r.status, r.read()

    def test_no_such_address(self):
        """The program runs all the same, and the reason is told."""
        taken, taken_path = socket.socket(), self.path("taken")
        taken_local = socket.socket(socket.AF_UNIX)
        self.addCleanup(taken.close)
        self.addCleanup(taken_local.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        taken_local.bind(taken_path)
        taken_local.listen()
        with open(self.path("file"), "w", encoding="ascii"):
            pass
        neither = "neither localhost:PORT, IP:PORT nor unix:PATH"
        for address, reason in [("localhost:%d" % taken.getsockname()[1], "Address already in use"),
                                ("unix:" + taken_path, "Address already in use"),
                                ("unix:file", "Address already in use"),
                                ("unix:no/such/folder", "No such file or directory"),
                                ("unix:" + "x" * 200, "File name too long"), ("unix:", neither),
                                ("example.com:80", neither), ("localhost", neither), ("localhost:", neither),
                                ("[::1:80", neither), ("localhost:99999", neither), ("127.1:80", neither),
                                ("0.0.0.0:%d" % free_port(), "others than this machine could ask")]:
            with self.subTest(address):
                out = subprocess.run([CPROF, "run", "-http", address, "--", "sh", "-c", "exit 7"], cwd=self.folder,
                                     stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(out.returncode, 7)
                self.assertTrue(out.stderr.startswith("cprof: no profile: %s: %s" % (address, reason)), out.stderr)

    def test_no_heap_at_rate_0(self):
        port = free_port()
        process, _ = self.start("localhost:%d" % port, flags=("-memprofilerate", "0"))
        for name in "heap", "allocs?debug=1":
            self.assertEqual(self.ask(port, name), (500, b"failed to collect profile: never switched on\n"))
        self.end(process)

    def test_good_addresses(self):
        for address in "localhost:%d", "127.0.0.1:%d", "127.0.0.9:%d", "[::1]:%d", ":%d":
            port = free_port()
            out = subprocess.run([CPROF, "run", "-http", address % port, "--", "true"], stderr=subprocess.PIPE,
                                 text=True, check=True)
            self.assertNotIn("no profile", out.stderr)

    def test_where_it_serves_is_told(self):
        for address, host in (("localhost:0", "localhost"), (":0", "localhost"), ("[::1]:0", "[::1]")):
            with subprocess.Popen([CPROF, "run", "-http", address, "--", "cat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                told = re.fullmatch(r"cprof: serving (http://(.*):\d+/debug/pprof/)\n", process.stderr.readline())
                self.assertEqual(told[2], host)
                process.stdin.write("up\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), "up\n")
                with urllib.request.urlopen(told[1] + "cmdline", timeout=60) as answer:
                    self.assertEqual(answer.read(), b"cat")
                process.stdin.close()

    def test_how_a_socket_file_is_asked_is_told(self):
        """It was told for curl alone: no reader of profiles fetched from it."""
        with subprocess.Popen([CPROF, "run", "-http", "unix:s", "--", "cat"], stdin=subprocess.PIPE, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            told = re.fullmatch("cprof: serving unix:s; try: cprof (-top unix:s/debug/pprof/heap)\n",
                                process.stderr.readline())
            process.stdin.write("up\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "up\n")
            out = subprocess.run([CPROF, *told[1].split()], stdout=subprocess.PIPE, cwd=self.folder, check=True,
                                 env={**os.environ, "PPROF_TMPDIR": self.folder})
            self.assertIn(b"Type: inuse_space", out.stdout)
            process.stdin.close()

    def test_socket_files(self):
        """They go with their process, and one that a kill left behind is no obstacle."""
        process, pid = self.start("unix:s")
        os.kill(pid, signal.SIGKILL)
        process.communicate()
        self.assertEqual(os.listdir(self.folder), ["s"])
        process, _ = self.start("unix:s")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path("s"))
        self.end(process)
        process, pid = self.start("unix:%p.s")
        self.assertEqual(os.listdir(self.folder), ["%d.s" % pid])
        self.end(process)
        self.assertEqual(os.listdir(self.folder), [])

    def test_socket_files_of_who_ends_past_destructors(self):
        """By _exit(), by a signal, or as daemon()'s caller: they stayed."""
        for code in ("os._exit(0)", "os.kill(os.getpid(), signal.SIGTERM)", "ctypes.CDLL(None).daemon(1, 1)",
                     "ctypes.CDLL(None).quick_exit(0)"):
            code = "import ctypes, os, signal; print(input(), flush=True); input(); " + code
            process, _ = self.start("unix:%p.s", sys.executable, "-c", code, flags=("-memprofile", "/dev/null"))
            process.communicate(b"end\n")
            for _ in range(100): # the daemon's ends with it
                if os.listdir(self.folder):
                    time.sleep(0.1)
            self.assertEqual(os.listdir(self.folder), [], code)

    def test_a_program_that_may_make_no_threads(self):
        """All was answered by 503."""
        port = free_port()
        process, _ = self.start("localhost:%d" % port, "python3", "-c", WITHOUT_THREADS)
        for name in "cmdline", "heap", "threads?debug=2", "heap?seconds=1":
            self.assertEqual(self.ask(port, name)[0], 200, name)
        self.end(process)

    def test_no_descriptors(self):
        """Nobody is served, no processor is taken, and it is over when there are some again."""
        port = free_port()
        process, pid = self.start("localhost:%d" % port)
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir("/proc/%d/fd" % pid)), limits[1]))
        before = self.cpu_seconds(pid)
        waiting = [socket.create_connection(("localhost", port)) for _ in range(20)]
        time.sleep(2)
        self.assertLess(self.cpu_seconds(pid) - before, 0.5)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        for s in waiting:
            s.sendall(b"GET /debug/pprof/cmdline HTTP/1.0\r\n\r\n")
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.0 200"))
            s.close()
        self.end(process)

    def ask_until_served(self, port, name):
        for _ in range(600):
            try:
                return self.ask(port, name)
            except OSError:
                time.sleep(0.1)
        return None, b""

    def test_a_program_that_closes_all_descriptors(self):
        """libevent's warnings came into what was descriptor 2, a worker's eight bytes into what was its eventfd, and
        a child closed the file that had the listening socket's number. Nor was it served any more: avahi, uwsgi when
        it is reloaded. And libevent, interrupted by setuid(), waited anew without asking us: varnishd, proftpd."""
        port = free_port()
        process, pid = self.start("localhost:%d" % port, sys.executable, "-W", "ignore", "-c", CLOSED)
        with socket.create_connection(("localhost", port)) as client:
            client.sendall(b"GET /debug/pprof/profile?seconds=1 HTTP/1.0\r\n\r\n")
            while "cprof\n" not in self.threads(pid):
                time.sleep(0.05)
            process.stdin.write(b"close\n")
            process.stdin.flush()
            self.assertEqual(self.ask_until_served(port, "heap?debug=1")[0], 200)
            self.assertEqual(self.ask(port, "profile?seconds=1")[0], 200)
            # What the program waits for is told by its descriptors, not by ours of the same numbers.
            self.assertRegex(self.ask(port, "threads?debug=2")[1], rb"fd 10\d socket:\[\d+\] at 127")
            Path(self.path("asked")).touch()
            self.end(process)
        os.unlink(self.path("asked"))
        found = {name: Path(self.path(name)).read_bytes() for name in os.listdir(self.folder)}
        self.assertEqual(len(found), 100)
        self.assertEqual({name: data for name, data in found.items() if data}, {})

    def test_a_program_that_has_libevents_names(self):
        """nmap's event_new() was called for libevent's, and crashed."""
        port = free_port()
        process, _ = self.start("localhost:%d" % port, os.path.join(BUILD, "tests/http/http_shadow"))
        self.assertEqual(self.ask(port, "heap?debug=1")[0], 200)
        self.end(process)

    def test_a_program_without_standard_input(self):
        """Its descriptor 0 was an eventfd of the listener's: CPython's test of a child that is spawned so found one."""
        address = "unix:" + self.path("s")
        shell = subprocess.run([CPROF, "run", "-http", address, "/bin/sh", "-c", "exec sh -c '%s' <&-" % WITHOUT_INPUT],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, cwd=self.folder)
        self.assertEqual(shell.stdout, b"served, and no input\n")

    def test_a_script_that_numbers_its_files(self):
        """Ours had the next numbers: into one of its files went a worker's eight bytes, on its standard error came
        libevent's warning of another."""
        numbers = " ".join("%d>f%d" % (fd, fd) for fd in range(3, 10))
        script = "read line; exec %s; echo $line; read line; sleep 1" % numbers
        with open(self.path("error"), "wb") as error:
            process, _ = self.start("unix:s", "sh", "-c", "exec 2>%s; %s" % (error.name, script))
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.path("s"))
                client.sendall(b"GET /debug/pprof/cmdline HTTP/1.0\r\n\r\n")
                self.assertIn(b" 200 ", client.makefile("rb").readline())
            self.end(process)
        found = {name: Path(self.path(name)).read_bytes() for name in os.listdir(self.folder)}
        self.assertEqual(found, {"error": b"", **{"f%d" % fd: b"" for fd in range(3, 10)}})

    def test_threads_that_block_all_signals(self):
        """Long before a client asks: the profile was empty in such a child, and had half the stacks in its parent."""
        process, _ = self.start("unix:%p.s", sys.executable, "-c", BLOCKED)
        child = int(process.stdout.readline())
        time.sleep(0.5)
        for name, question in ("cpu", "profile?seconds=1"), ("threads", "threads"):
            with socket.socket(socket.AF_UNIX) as client, open(self.path(name), "wb") as out:
                client.connect(self.path("%d.s" % child))
                client.sendall(b"GET /debug/pprof/%s HTTP/1.0\r\n\r\n" % question.encode())
                answer = client.makefile("rb").read()
                out.write(answer.partition(b"\r\n\r\n")[2])
        self.end(process)
        self.assertEqual(of_later_threads(profile.read(self.path("threads")), "threads"), 2)
        p = profile.read(self.path("cpu"))
        self.assertGreater(p.total("cpu"), 100e6)
        self.assertNotIn("block", "\n".join(p.comments))
        self.assertGreater(of_later_threads(p, "cpu"), 0.8 * p.total("cpu"))

    def test_wall_of_a_thread_that_blocks_all_signals(self):
        """The signal that asks for a stack was blocked with the others: those of qemu's processors had none."""
        process, _ = self.start("localhost:0", sys.executable, "-c", BLOCKED_TO_THE_END, flags=("-wallprofile", "wall"))
        time.sleep(0.5)
        self.end(process)
        p = profile.read(self.path("wall"))
        # Some of those there may be: libc blocks signals while it makes a thread.
        blocked_ns = p.by_function("time")["[thread blocks the profiling signal]"]
        self.assertGreater(of_later_threads(p, "time"), 2 * blocked_ns)

    def threads(self, pid):
        return [p.read_text() for p in Path("/proc/%d/task" % pid).glob("*/comm")]

    def cpu_seconds(self, pid):
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return sum(map(int, f.read().rpartition(")")[2].split()[11:13])) / TICKS

    def test_exec_while_a_client_waits(self):
        """The process's interval timer would go on in the next program, which knows no SIGPROF and would die of it."""
        port = free_port()
        process, _ = self.start("localhost:%d" % port, "sh", "-c", "cat; " + THEN_BURN, flags=["-cpuengine", "itimer"])
        with socket.create_connection(("localhost", port)) as client:
            client.sendall(b"GET /debug/pprof/profile?seconds=60 HTTP/1.0\r\n\r\n")
            page = b""
            while b"running at 100 Hz; engine: itimer" not in page:
                page = self.ask(port, "")[1]
            process.communicate()
        self.assertEqual(process.returncode, 9)

    @unittest.skipUnless(os.getuid() == 0, "only root may chroot")
    def test_jailed(self):
        """Without /proc and without rights: what cannot be told has a status, and the rest is served."""
        port = free_port()
        os.chmod(self.folder, 0o755)
        os.mkdir(self.path("jail"))
        process, _ = self.start("localhost:%d" % port, "python3", "-c", JAILED, self.path("jail"))
        for name, status in [("", 200), ("cmdline", 500), ("heap", 200), ("heap?debug=1", 200),
                             ("allocs?seconds=1", 200), ("profile?seconds=1", 200), ("threads", 500),
                             ("threads?debug=2", 500), ("symbol?0x1", 200), ("trace?seconds=1", 200),
                             ("flamegraph?profile=heap", 200)]:
            with self.subTest(name):
                self.assertEqual(self.ask(port, name)[0], status)
        self.end(process)


unittest.main()
