#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cprof run`, and the library it puts into programs: test_run.py PART...

    transparent   a program's input, output, signals and end are what they would be without us
    profiles      however a program ends, its profile is there
    heap          the same for the heap profile
    processes     exec, fork, %p: whose profile is where
    hostile       what cannot be profiled runs all the same, and one line says why

CPROF_BUILD is the build directory. `go tool pprof` has the last word on whether a profile is one.
"""

import atexit
import glob
import gzip
import os
import pty
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402


def within_reach(build):
    """Where every user can execute what is built: the directory itself, or a copy if it lies below, say, /root."""
    parents = [build]
    while parents[-1] != "/":
        parents.append(os.path.dirname(parents[-1]))
    if os.getuid() != 0 or all(os.stat(p).st_mode & stat.S_IXOTH for p in parents):
        return build
    copy = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, copy)
    os.chmod(copy, 0o755)
    for file in ["tool/cprof"] + [os.path.relpath(f, build) for pattern in ("lib/*.so*", "tests/preload/preload_*")
                                  for f in glob.glob(os.path.join(build, pattern)) if os.path.isfile(f)]:
        os.makedirs(os.path.dirname(os.path.join(copy, file)), exist_ok=True)
        shutil.copy(os.path.join(build, file), os.path.join(copy, file))
    os.environ["LD_LIBRARY_PATH"] = os.path.join(copy, "lib")
    return copy


BUILD = within_reach(os.path.abspath(os.environ["CPROF_BUILD"]))
CPROF = os.path.join(BUILD, "tool/cprof")
PROGRAMS = os.path.join(BUILD, "tests/preload")
LIBRARY = os.path.join(BUILD, "lib/libcprof-preload.so")
JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
FILE = "cprof.cpu.pb.gz"  # the default
NOBODY = 65534


def program(name):
    return os.path.join(PROGRAMS, "preload_" + name)


class Case:
    """One run in a directory of its own. `notes` are the lines that `cprof run` added to stderr."""

    def __init__(self, *argv, options=(), stdin=b"", env=None, user=None, file=FILE, before=None, cprof=CPROF):
        self._folder = tempfile.TemporaryDirectory()
        self.dir = self._folder.name
        os.chmod(self.dir, 0o777)
        if before:
            before(self.dir)
        self.command = [cprof, "run", *options, "--", *argv]
        done = subprocess.run(self.command, cwd=self.dir, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "PATH": PROGRAMS + ":" + os.environ["PATH"], **(env or {})},
                              user=user, group=user, extra_groups=[] if user else None, timeout=60)
        self.status, self.stdout = done.returncode, done.stdout
        lines = done.stderr.decode(errors="replace").splitlines()
        self.notes = [line for line in lines if line.startswith("cprof: ")]
        self.stderr = [line for line in lines if not line.startswith("cprof: ")]
        self.files = sorted(os.listdir(self.dir))
        self.path = os.path.join(self.dir, file)

    def cpu_ms(self, file=FILE, function=None):
        """CPU time in a profile that pprof reads too."""
        path = os.path.join(self.dir, file)
        expect(os.path.exists(path), "%s is there: %s %s" % (file, self.files, self.notes))
        raw = subprocess.run(["go", "tool", "pprof", "-symbolize=none", "-raw", path], capture_output=True, text=True)
        expect(raw.returncode == 0 and "PeriodType: cpu nanoseconds" in raw.stdout, "pprof reads it: " + raw.stderr)
        p = profile.read(path)
        return (p.by_function("cpu").get(function, 0) if function else p.total("cpu")) / 1e6


class Failed(Exception):
    pass


def expect(ok, what):
    if not ok:
        raise Failed(what)


def expect_eq(got, want, what=""):
    expect(got == want, "%s %r, not %r" % (what, got, want))


# --- transparent


def test_status_and_signals_are_the_programs():
    for status in (0, 1, 42, 255):
        expect_eq(Case("sh", "-c", "exit %d" % status).status, status)
    for name in ("TERM", "KILL", "SEGV", "INT", "PIPE"):
        expect_eq(Case("sh", "-c", "kill -%s $$" % name).status, -getattr(signal, "SIG" + name))


def test_no_core_file_twice():
    case = Case("sh", "-c", "ulimit -c unlimited; kill -SEGV $$")
    expect(len([f for f in case.files if f.startswith("core")]) <= 1, case.files)


def test_input_and_output_pass_byte_for_byte():
    data = os.urandom(1 << 20)
    case = Case("cat", stdin=data)
    expect(case.stdout == data, "%d bytes came back of %d" % (len(case.stdout), len(data)))
    expect_eq(case.stderr, [])
    case = Case("sh", "-c", "echo no newline | tr -d '\\n' >&2", options=["-cpuprofile", "/dev/null"])
    expect(case.stderr == [] or case.stderr[0].startswith("no newline"), case.stderr)


def test_the_program_is_found_as_execvp_finds_it():
    expect_eq(Case("nosuchprogram").status, 127)
    expect_eq(Case("nosuchprogram").notes, ["cprof: nosuchprogram: not found"])
    expect_eq(Case("/nowhere/nosuchprogram").status, 127)
    expect_eq(Case("/etc/passwd").status, 126)
    expect_eq(Case("/etc").status, 126)
    expect_eq(Case("").status, 127)
    expect_eq(Case("hello", env={"PATH": "/nowhere::/bin"}, before=lambda d: script(d, "hello", "exit 3\n")).status, 3)


def script(folder, name, text, mode=0o755):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def test_options_are_gos():
    for options in (["-cpurate", "50"], ["--cpurate=50"], ["-cpurate=50", "-cpuengine", "itimer"], ["-leak=0"]):
        case = Case("true", options=options)
        expect_eq((case.status, [f for f in case.files if "heap" in f]), (0, []))
    for options in (["-cpurate", "0"], ["-cpurate", "x"], ["-cpurate"], ["-cpuengine", "steam"], ["-what"],
                    ["-cpuprofile="]):
        case = Case(options=options) if options == ["-cpurate"] else Case("true", options=options)
        expect_eq(case.status, 2, options)


def test_mistakes_are_told_in_few_lines():
    for options, complaint in ((["-what"], "there is no flag -what"), (["-dumpsignal", "FOO"], "name of a signal"),
                               (["-dumpsignal", "SIGKILL"], "no program can catch it"),
                               (["-leak=3"], 'invalid boolean value "3" for -leak'),
                               (["-memprofile", "m", "-memprofilerate", "0"], "nothing would be in m")):
        case = Case("true", options=options)
        expect_eq((case.status, len(case.notes), len(case.stderr)), (2, 1, 1), options)
        expect(complaint in case.notes[0] and "cprof help run" in case.stderr[0], case.stderr)
    expect_eq(Case("true", options=["-cpuprofile", "a", "-memprofile", "a"]).notes,
              ["cprof: no profile: a: two profiles cannot go to one file"])
    for flag in "-cpuprofile", "-memprofile", "-trace":
        expect_eq(Case("true", options=[flag, "/"]).notes, ["cprof: no profile: /: Is a directory"], flag)


def test_a_heap_with_nothing_left_in_it_is_shown_at_its_peak():
    # So large and so many that only they are sampled, and surely.
    freed = "import ctypes; c = ctypes.CDLL(None); c.malloc.restype = ctypes.c_void_p\n" \
            "for _ in range(1000): c.free(ctypes.c_void_p(c.malloc(1 << 30)))"
    case = Case("/usr/bin/python3", "-c", freed, options=["-memprofile", "m.gz", "-memprofilerate", str(1 << 36)],
                env={"MALLOC_PERTURB_": "0"})
    expect(case.notes[0].startswith("cprof: wrote m.gz (0B in use at the end, "), case.notes)
    expect(case.notes[0].endswith("; try: cprof -top -sample_index=peak_space m.gz"), case.notes)
    case = Case("true", options=["-memprofile", "m.gz", "-memprofilerate", str(1 << 40)])
    expect_eq(case.notes, ["cprof: wrote m.gz, empty: no allocation was sampled; -memprofilerate 1 records each"])


def test_the_program_has_no_descriptors_of_ours():
    case = Case("sh", "-c", "ls /proc/$$/fd")
    expect_eq(case.stdout.split(), [b"0", b"1", b"2"])


def test_the_program_is_alone_where_it_must_be():
    """unshare(CLONE_NEWUSER) and its like fail where there are threads; ours are back when SIGTERM comes."""
    files = {name: name + ".gz" for name in ("cpu", "mem", "block", "mutex", "thread", "wall")}
    options = ["-trace", "trace.out", *(o for kind, name in files.items() for o in ("-%sprofile" % kind, name))]
    case = Case(program("alone"), options=options, env={"CPROFDEBUG": "schedtrace=1000,output=debug.txt"})
    expect_eq((case.status, case.stderr), (-signal.SIGTERM, []))
    expect(set(files.values()) | {"trace.out"} <= set(case.files), (case.files, case.notes))


def test_an_ignored_sigchld_stays_ignored_and_harmless():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        child = subprocess.Popen([CPROF, "run", "-cpuprofile", "/dev/null", "grep", "SigIgn", "/proc/self/status"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, restore_signals=False)
        out = child.stdout.read().decode()
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child.wait()
    expect(int(out.split()[1], 16) & 1 << signal.SIGCHLD - 1, out)


class Live:
    """A run that is still going on."""

    def __init__(self, *argv, **more):
        self.child = subprocess.Popen([CPROF, "run", "-cpuprofile", "/dev/null", *argv], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, **more)

    def line(self):
        return self.child.stdout.readline().strip()

    def end(self, sig=signal.SIGTERM):
        self.child.send_signal(sig)
        self.child.communicate(timeout=30)
        return self.child.returncode


def test_signals_sent_to_us_reach_the_program():
    live = Live(program("hear"))
    expect_eq(live.line(), "ready")
    for sig in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, signal.SIGWINCH, signal.SIGALRM, signal.SIGRTMIN + 3):
        live.child.send_signal(sig)
        expect_eq(live.line(), str(int(sig)))
    subprocess.run(["/bin/kill", "-q", "77", "-s", "USR2", str(live.child.pid)], check=True)
    expect_eq(live.line(), "%d 77" % signal.SIGUSR2)
    expect_eq(live.end(), 0)


def test_who_waits_for_all_signals_gets_none_of_ours():
    """It got a SIGPROF one time in 4,000, at these rates one in 120 and one in 10."""
    fast = ["-cpurate", "10000", "-cpuengine", "perf"]
    for options in ["-cpurate", "1000"], fast, ["-wallprofile", "/dev/null"], fast + ["--", program("hear"), "fd"]:
        live = Live(*options, *([] if "fd" in options else [program("hear")]))
        expect_eq(live.line(), "ready")
        with open("/proc/%d/task/%d/children" % (live.child.pid, live.child.pid), encoding="ascii") as f:
            pid = int(f.read())
        for _ in range(2000):
            os.kill(pid, signal.SIGUSR1)
            expect_eq(live.line(), str(int(signal.SIGUSR1)), options)
        expect_eq(live.end(), 0)


def test_the_terminals_interrupt_comes_once_and_the_summary_is_still_said():
    folder = tempfile.TemporaryDirectory()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder.name)
        code = "trap 'echo got' INT; echo ready; i=0; while [ $i -lt 4 ]; do sleep 0.2; i=$((i+1)); done"
        os.execv(CPROF, [CPROF, "run", "sh", "-c", code])
    text = b""
    while b"ready" not in text:
        text += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    try:
        while True:
            text += os.read(terminal, 1000)
    except OSError:
        pass  # the terminal's end
    _, status = os.waitpid(pid, 0)
    expect_eq(os.waitstatus_to_exitcode(status), 0)
    expect_eq(text.count(b"got"), 1, text)
    expect(text.splitlines()[-1].startswith(b"cprof: "), text)


# --- profiles


def test_however_it_ends_the_profile_is_there():
    for how, status in (("return", 7), ("exit", 7), ("_exit", 7), ("_Exit", 7), ("quick_exit", 7), ("handler", 7),
                        ("thread", 7), ("vfork", 7), ("setuid", 7), ("syscall", 7)):
        case = Case(program("leave"), how, "500")
        expect_eq(case.status, status, how)
        expect(450 <= case.cpu_ms(function="burn") <= 600, "%s: %d ms" % (how, case.cpu_ms()))
        expect_eq(len(case.notes), 1, case.notes)
        expect(re.fullmatch(r"cprof: wrote %s \(0\.\d+ s of CPU in \d+ samples(, \d threads?)?\); try: cprof -top %s"
                            % (FILE, FILE), case.notes[0]), case.notes)
        expect_eq(case.files, [FILE])


def test_killed_it_misses_a_second_at_most():
    for how, status in (("kill", -signal.SIGKILL), ("segv", -signal.SIGSEGV), ("exit_group", 7)):
        case = Case(program("leave"), how, "2000")
        expect_eq(case.status, status, how)
        expect(900 <= case.cpu_ms() <= 2100, "%s: %d ms" % (how, case.cpu_ms()))
        expect_eq([f for f in case.files if "core" not in f], [FILE])


def test_names_are_inside():
    case = Case(program("leave"), "return", "500")
    p = profile.read(case.path)
    names = {f.name for s in p.samples for f in s.stack}
    expect({"burn", "main", "_start"} <= names, names)
    expect(p.mappings[0].file == program("leave") and p.mappings[0].build_id, p.mappings[0])
    expect(not any(m.has_functions or m.has_filenames or m.has_lines for m in p.mappings), p.mappings)


# --- heap


def heap_of(case, file, kind, function):
    return profile.read(os.path.join(case.dir, file)).by_function(kind).get(function, 0)


def test_the_heap_profile_is_exact_if_asked():
    for how in ("return", "_exit"):
        case = Case(program("hold"), how, options=["-memprofile", "mem.pb.gz", "-memprofilerate", "1"])
        expect_eq((case.status, case.files), (0, ["mem.pb.gz"]), how)
        expect_eq(heap_of(case, "mem.pb.gz", "inuse_space", "keep"), 3000000, how)
        expect_eq(heap_of(case, "mem.pb.gz", "alloc_space", "drop"), 7000000, how)
        expect_eq(heap_of(case, "mem.pb.gz", "inuse_objects", "drop"), 0, how)
        expect_eq(len(case.notes), 1, case.notes)
        expect_eq(case.notes[0], "cprof: wrote mem.pb.gz (2.86MB in use at the end, 2.87MB at the peak, "
                  "9.54MB allocated); try: cprof -top mem.pb.gz")


def test_the_heap_is_written_from_where_that_is_hard():
    for how in ("small", "cancelled"):
        case = Case(program("hold"), how, options=["-memprofile", "mem.pb.gz", "-memprofilerate", "1"])
        expect_eq((case.status, case.files), (0, ["mem.pb.gz"]), how)
        expect_eq(heap_of(case, "mem.pb.gz", "inuse_space", "keep"), 3000000, how)


def test_leaks_are_shown():
    case = Case(program("hold"), "return", options=["-leak"])
    expect_eq((case.files, case.stdout), (["cprof.heap.pb.gz"], b""))
    at = case.stderr.index("2.86MB (100%) in 300 objects")
    expect(re.match(r"    keep .*hold\.c:\d+$", case.stderr[at + 1]), case.stderr)
    expect(re.match(r"    main .*hold\.c:\d+$", case.stderr[at + 2]), case.stderr)
    expect(not any("drop" in line for line in case.stderr), case.stderr)
    expect_eq(case.notes[-1], "cprof: in all 2.86MB never freed, from 1 place")


def test_leaks_of_every_process_are_shown():
    case = Case(program("hold"), "fork", options=["-leak", "-memprofile", "mem.%p.pb.gz"])
    expect_eq(len(case.files), 2, case.files)
    totals = {300: "2.86MB never freed, from 1 place", 400: "3.81MB never freed, from 2 places"}
    ends = ["cprof: %s: in all %s" % (f, totals[heap_of(case, f, "inuse_objects", "keep")]) for f in case.files]
    expect_eq([n for n in case.notes if "in all" in n], ends, case.stderr)


def test_no_leaks_are_one_line():
    case = Case(program("hold"), "clean", options=["-leak"])
    expect_eq(case.notes[1:], ["cprof: nothing leaked"], case.stderr)


def test_all_threads_are_shown_at_the_end():
    for how in ("return", "_exit"):
        case = Case(program("hold"), how, options=["-threadprofile", "t.pb.gz"])
        expect_eq((case.status, case.files), (0, ["t.pb.gz"]), case.notes)
        p = profile.read(os.path.join(case.dir, "t.pb.gz"))
        expect_eq((p.sample_types, p.total("threads")), ([("threads", "count")], 1), how)
        names = [f.name for f in p.samples[0].stack]
        expect("_start" in names and not any(n.startswith("cp_") for n in names), names)
        expect_eq(case.notes, ["cprof: wrote t.pb.gz; try: cprof -traces t.pb.gz"])


def meet(*args):
    """What each profile says: {file: {(leaf, its caller): values}}."""
    options = [o for name, file in (("block", "b.gz"), ("mutex", "m.gz"), ("syscall", "s.gz"), ("threadcreate", "t.gz"))
               for o in ("-%sprofile" % name, file)]
    case = Case(program("meet"), *args, options=options)
    expect_eq(case.status, 0, case.notes)
    hints = [re.search(r"; try: cprof (\S+)|, (empty):", n).group(1, 2) for n in case.notes]
    waits = (None, "empty") if args else ("-stacks", None)  # a program it becomes waits for nobody
    expect_eq(hints, [waits] * 3 + [("-top", None)], case.notes)
    found = {file: {} for file in case.files}
    for file in case.files:
        for s in profile.read(os.path.join(case.dir, file)).samples:
            key = tuple(f.name for f in s.stack[:2])
            found[file][key] = [a + b for a, b in zip(found[file].get(key, [0, 0]), s.values)]
    return found


def test_waits_and_who_made_threads_are_written():
    for suffix, args in (("", ()), (".1", ("/bin/true",))):
        found = meet(*args)
        expect_eq(set(found), {f + s for f in ("b.gz", "m.gz", "s.gz", "t.gz") for s in ("", suffix)})
        expect_eq(found["b.gz" + suffix]["pthread_mutex_lock", "wait_for_it"][0], 1)
        expect(found["b.gz" + suffix]["pthread_mutex_lock", "wait_for_it"][1] > 10**7, found)
        expect_eq(found["m.gz" + suffix]["pthread_mutex_unlock", "hold_it"][0], 1)
        expect(found["s.gz" + suffix]["usleep", "hold_it"][1] >= 5 * 10**7, found)
        expect_eq(found["t.gz" + suffix]["hold_it", "main"], [1, 0])
    # One that is alive no more is shown all the same.
    case = Case(program("meet"), options=["-threadcreateprofile", "t.gz"])
    top = subprocess.run([CPROF, "-top", "t.gz"], cwd=case.dir, check=True, stdout=subprocess.PIPE, text=True).stdout
    expect("Type: threadcreate" in top and re.search(r"^ +1 +100% +100% +1 +100%  hold_it$", top, re.M), top)


def test_a_signal_shows_the_threads():
    script = "exec 2> err; kill -USR1 $$; until grep -q ^thread err; do :; done; exec cat err"
    case = Case("sh", "-c", script, options=["-dumpsignal", "USR1", "-threadprofile", "t.gz"])
    expect_eq(case.status, 0, case.stderr)
    expect(re.match(rb'thread \d+ "sh" \[', case.stdout), case.stdout)


def test_the_dump_tells_which_locks_are_held():
    case = Case(program("keep"), options=["-dumpsignal", "USR1", "-locksites"])
    dump = case.stdout.decode()
    for lock in ("mutex 0x[0-9a-f]+", "rwlock 0x[0-9a-f]+ to read"):
        expect(re.search(r"\nholds %s, taken by take_both\+0x[0-9a-f]+\n\t.*\nmain\+0x" % lock, dump), dump)
    expect("holds" not in Case(program("keep"), options=["-dumpsignal", "USR1"]).stdout.decode(), "nobody asked")
    case = Case("true", options=["-locksites"])
    expect(case.status == 2 and "-locksites: nothing would show them" in case.notes[0], case.notes)


def test_both_profiles_at_once():
    case = Case(program("leave"), "return", "300", options=["-memprofile", "m.gz", "-cpuprofile", "c.gz"])
    expect_eq((case.status, case.files), (7, ["c.gz", "m.gz"]))
    expect(250 <= case.cpu_ms("c.gz") <= 400, case.cpu_ms("c.gz"))
    expect_eq(len(case.notes), 2, case.notes)


def test_a_child_has_its_own_heap():
    options = ["-memprofilerate", "1", "-memprofile"]
    case = Case(program("hold"), "fork", options=[*options, "m.gz"])
    expect_eq(heap_of(case, "m.gz", "inuse_space", "keep"), 3000000)
    case = Case(program("hold"), "fork", options=[*options, "m.%p.gz"])
    expect_eq(sorted(heap_of(case, f, "inuse_space", "keep") for f in case.files), [3000000, 4000000])


def test_signals_that_end_it_leave_the_heap():
    for how, sig in (("abort", signal.SIGABRT), ("term", signal.SIGTERM)):
        case = Case(program("leave"), how, "50", options=["-memprofile", "heap.pb.gz"])
        expect_eq(case.status, -sig, how)
        expect("heap.pb.gz" in case.files, case.files)
        profile.read(os.path.join(case.dir, "heap.pb.gz"))
    for name in ("INT", "HUP", "QUIT", "ALRM"):
        case = Case("sh", "-c", "ulimit -c 0; kill -%s $$" % name, options=["-memprofile", "heap.pb.gz"])
        expect_eq(case.status, -getattr(signal, "SIG" + name), name)
        expect("heap.pb.gz" in case.files, (name, case.files))


def test_our_threads_hold_none_of_its_descriptors():
    """Who reads its output would not see the end of it; and where descriptors are shared all use of them is slower."""
    code = """if True:
        import glob, os, sys, threading, time
        def files(task):
            return {os.readlink(fd) for fd in glob.glob(task + "/fd/*") if os.path.lexists(fd)}
        if sys.argv[1:]:
            threading.Thread(target=time.sleep, args=[60], daemon=True).start()
        ours = [task for task in glob.glob("/proc/self/task/*") if open(task + "/comm").read().startswith("cprof")]
        print(len(ours), files("/proc/self/task/%d" % os.getpid()) & set().union(*map(files, ours)))"""
    for argv, stdout in (([], b"2 set()\n"), (["with a second thread"], b"4 set()\n")):
        case = Case("python3", "-c", code, *argv, options=["-cpuprofile", "cpu.gz", "-memprofile", "mem.gz"])
        expect_eq(case.stdout, stdout)


def test_a_pipe_gets_its_profile_from_a_signal_too():
    case = Case(program("leave"), "term", "50", options=["-cpuprofile", "/dev/stdout", "-memprofile", "mem.gz"])
    expect_eq((case.status, case.files), (-signal.SIGTERM, ["mem.gz"]))
    expect(gzip.decompress(case.stdout), "a profile")


def test_signals_inside_the_loader_leave_everything():
    """The thread that is interrupted keeps the loader's lock until the files are there, and they are there in time."""
    files = {name: name + ".gz" for name in ("cpu", "mem", "block", "wall", "thread")}
    options = [o for name, file in files.items() for o in ("-%sprofile" % name, file)]
    options += ["-memprofilerate", "1", "-trace", "trace.out"]
    for how, sig in (("locked", signal.SIGTERM), ("abort", signal.SIGABRT), ("storm", signal.SIGTERM),
                     ("constructor", signal.SIGTERM)):
        case = Case(program("load"), how, program("plugin.so"), options=options,
                    env={"PLUGIN_HANGS": "1"} if how == "constructor" else None)
        expect_eq((case.status, case.stderr), (-sig, []), how)
        expect(set(files.values()) | {"trace.out"} <= set(case.files), "%s: %s %s" % (how, case.files, case.notes))
        expect(heap_of(case, "mem.gz", "inuse_space", "keep") > 0, how)


def test_a_default_is_a_default_to_the_program():
    """Python looks whether SIGINT is at its default before it makes it a KeyboardInterrupt."""
    code = "import signal, os\nprint(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)\n" \
           "try: os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt: print('interrupt', flush=True)"
    case = Case("python3", "-c", code, options=["-memprofile", "heap.pb.gz"])
    expect_eq(case.stdout, b"True\ninterrupt\n")


def test_a_program_that_must_be_alone_to_give_up_root():
    """Rights are each thread's own, and libc aborts where one of the process may not what another may; -http's stay."""
    if os.getuid() != 0:
        return
    options = [o for name in ("-cpuprofile", "-memprofile", "-wallprofile", "-trace") for o in (name, "/dev/null")]
    for more in ([], ["-http", "localhost:0"]):
        case = Case("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "true",
                    options=[*options, *more])
        expect_eq(case.status, 0, case.stderr)
        case = Case(program("refused"), options=[*options, *more])
        expect_eq((case.status, case.stderr), (0, []), more)


def test_the_heap_before_exec():
    case = Case("sh", "-c", "exec %s return" % program("hold"), options=["-memprofile", "m.gz", "-memprofilerate", "1"])
    expect_eq(heap_of(case, "m.gz", "inuse_space", "keep"), 3000000)
    expect_eq(case.files, ["m.gz", "m.gz.1"])


# --- processes


def test_each_program_that_exec_replaces_has_its_own():
    for how in ("execve", "execv", "execvp", "execvpe", "fexecve", "execveat", "execl", "execlp", "execle"):
        case = Case(program("become"), how)
        expect_eq(case.status, 5, how)
        expect_eq(case.files, [FILE, FILE + ".1"], how)
        expect(250 <= case.cpu_ms(FILE + ".1") <= 400, "%s, first: %d ms" % (how, case.cpu_ms(FILE + ".1")))
        # The thread's clock goes on from the first image's 300 ms.
        expect(case.cpu_ms() < 300, "%s, second: %d ms" % (how, case.cpu_ms()))


def test_an_exec_that_fails_ends_nothing():
    case = Case(program("become"), "nothing")
    expect_eq(case.status, 5)
    expect_eq(case.files, [FILE])
    expect(430 <= case.cpu_ms() <= 600, case.cpu_ms())


def test_a_wrapper_script_leaves_nothing():
    case = Case("sh", "-c", "exec %s return 500" % program("leave"))
    expect_eq(case.status, 7)
    expect_eq(case.files, [FILE])
    expect(450 <= case.cpu_ms(function="burn") <= 600, case.cpu_ms())


def test_an_old_profile_is_replaced_not_kept():
    case = Case(program("leave"), "return", "300",
                before=lambda d: (script(d, FILE, "old"), os.utime(os.path.join(d, FILE), (1e9, 1e9))))
    expect_eq(case.files, [FILE])
    expect(case.cpu_ms() > 250, case.cpu_ms())


def test_without_p_the_children_are_left_alone():
    case = Case(program("family"))
    expect_eq(case.status, 0)
    expect_eq(case.files, [FILE])
    expect(250 <= case.cpu_ms() <= 400, case.cpu_ms())
    expect("put %p into the file's name" in case.notes[-1], case.notes)
    case = Case("timeout", "60", program("leave"), "return", "300", options=["-cpurate", "1"])
    expect(re.search(r", empty: nothing was sampled in \d\d? ms of CPU", case.notes[0]), case.notes)


def test_with_p_every_process_writes_its_own():
    case = Case(program("family"), options=["-cpuprofile", "cpu.%p.pb.gz"])
    expect_eq(case.status, 0)
    times = sorted(case.cpu_ms(f) for f in case.files)
    # A millisecond before an exec is a sample sometimes.
    expect(len(times) >= 3 and times[0] > 0, case.files)
    expect(all(re.fullmatch(r"cpu\.\d+\.pb\.gz(\.1)?", f) for f in case.files), case.files)
    expect(150 <= times[-3] <= 250 and 150 <= times[-2] <= 280 and 250 <= times[-1] <= 400, times)
    expect("cprof: wrote cpu.*.pb.gz (" in case.notes[0] and "try: cprof -top cpu.*.pb.gz" in case.notes[0], case.notes)
    expect_eq(len(case.notes), 1)


def test_with_p_what_has_no_profile_is_told():
    case = Case("sh", "-c", "%s return 300; %s return 300; true" % (program("leave"), program("static")),
                options=["-cpuprofile", "%p.pb.gz"])
    expect("cprof: wrote " in case.notes[0], case.notes)
    expect(re.search(r": 0\.[34]\d s of CPU are in no profile: ", case.notes[1]), case.notes)


def test_with_p_what_was_not_sampled_leaves_nothing():
    case = Case("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done", options=["-cpuprofile", "%p.pb.gz"])
    expect_eq(case.status, 0)
    expect(len(case.files) < 9 and all(case.cpu_ms(f) > 0 for f in case.files), case.files)
    case = Case("true", options=["-cpurate", "1", "-cpuprofile", "%p.pb.gz"])
    expect(re.search(r"no process has written one, in \d+ ms of CPU; .* or a sandbox keeps", case.notes[0]), case.notes)


def test_by_hand():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cpu.%p.pb.gz")
        done = subprocess.run([program("leave"), "return", "300"], stderr=subprocess.PIPE,
                              env={**os.environ, "LD_PRELOAD": LIBRARY, "CPROF_CPUPROFILE": path})
        expect_eq((done.returncode, done.stderr), (7, b""))
        expect_eq(len(os.listdir(folder)), 1)
        done = subprocess.run([program("leave"), "return", "1"], env={**os.environ, "LD_PRELOAD": LIBRARY}, cwd=folder)
        expect_eq(done.returncode, 7)
        expect_eq(len(os.listdir(folder)), 1)


def test_one_that_cannot_start_leaves_the_others():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mem.pb.gz")
        subprocess.run([program("leave"), "return", "1"], check=False, env={
            **os.environ, "LD_PRELOAD": LIBRARY, "CPROF_MEMPROFILE": path, "CPROF_TRACE": "/nonexistent/t.trace"})
        expect_eq(os.listdir(folder), ["mem.pb.gz"])


def test_our_own_waits_are_not_the_programs():
    case = Case("true", options=["-blockprofile", "block.pb.gz", "-cpuprofile", "cpu.pb.gz", "-wallprofile", "w.pb.gz",
                                 "-syscallprofile", "sys.pb.gz", "-trace", "t.trace"])
    for what in "wait", "system call":
        expect(any("empty: no %s was recorded" % what in note for note in case.notes), case.notes)


# --- hostile


def expect_no_profile(case, status, reason):
    expect_eq(case.status, status, reason)
    expect(len(case.notes) == 1 and case.notes[0].startswith("cprof: no profile: ") and reason in case.notes[0],
           "%r does not say %r" % (case.notes, reason))
    expect(FILE not in case.files, case.files)


def elf_file(folder, name, bits, machine):
    """A header that is looked at, and refused by the kernel."""
    header = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9) + struct.pack("<HHI", 2, machine, 1)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(header + bytes(200))
    os.chmod(os.path.join(folder, name), 0o755)


def test_foreign_machines():
    case = Case("./i386", before=lambda d: elf_file(d, "i386", 32, 3))
    expect("is a 32-bit program" in case.notes[0] and case.status != 0, case.notes)
    case = Case("./other", before=lambda d: elf_file(d, "other", 64, 243))
    expect("is a program for RISC-V" in case.notes[0] and case.status != 0, case.notes)


def test_another_c_library():
    def make(folder):
        with open(program("leave"), "rb") as f:
            data = f.read()
        data = data.replace(b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-musl-x86_64.so.1\0\0\0\0")
        data = data.replace(b"/lib/ld-linux-aarch64.so.1\0", b"/lib/ld-musl-aarch64.so.1\0\0")
        with open(os.path.join(folder, "musl"), "wb") as f:
            f.write(data)
        os.chmod(os.path.join(folder, "musl"), 0o755)
    case = Case("./musl", before=make)
    expect("uses another C library (/lib/ld-musl" in case.notes[0], case.notes)


def musl_program(folder, work=""):
    """hello: does the work, says so, ends with 5."""
    with open(os.path.join(folder, "hello.c"), "w") as f:
        f.write('#include <stdio.h>\nint main(void) { %s puts("hello"); return 5; }\n' % work)
    subprocess.run(["musl-gcc", "hello.c", "-o", "hello"], cwd=folder, check=True)


def test_children_with_another_c_library():
    """A loader that is not glibc's found our library in LD_PRELOAD and could not link it: exit status 127, and ten
    lines on the terminal, of every musl program that make or a shell under `cprof run` started."""
    case = Case("sh", "-c", "./hello; echo $?; exec %s return 300" % program("leave"),
                before=musl_program)
    expect_eq((case.status, case.stdout, case.stderr), (7, b"hello\n5\n", []))
    expect(250 <= case.cpu_ms() <= 400, case.cpu_ms())


def test_scripts():
    case = Case("./s", before=lambda d: script(d, "s", "#! /bin/sh -e\nexit 4\n"))
    expect(case.status == 4 and "nothing was sampled in the program itself" in case.notes[0], case.notes)
    case = Case("./s", before=lambda d: script(d, "s", "#!%s return\n" % program("static")))
    expect("is a script whose interpreter %s is statically linked" % program("static") in case.notes[0], case.notes)


def test_privileges():
    """Also as root a program that takes on another user's rights; for root this needs root."""
    def make(folder):
        copy = os.path.join(folder, "setuid")
        shutil.copy(program("leave"), copy)
        os.chmod(copy, 0o755 | stat.S_ISUID)
    if os.getuid() == 0:
        expect_no_profile(Case("./setuid", "return", "1", before=make, user=NOBODY), 7, "is set-user-ID")
    # Its own user's rights are no privilege.
    case = Case("./setuid", "return", "300", before=make)
    expect_eq(case.files, [FILE, "setuid"])


def test_where_nothing_can_be_written():
    case = Case(program("leave"), "return", "1", options=["-cpuprofile", "nowhere/cpu.pb.gz"])
    expect_no_profile(case, 7, "nowhere/cpu.pb.gz: No such file or directory")
    if os.getuid() == 0:
        case = Case(program("leave"), "return", "1", user=NOBODY, before=lambda d: os.chmod(d, 0o755))
        expect_no_profile(case, 7, "%s: Permission denied" % FILE)
    # Of a device that takes nothing all but the CPU profile were said to have gone there.
    for option in ("-cpuprofile", "-threadprofile", "-trace"):
        case = Case(program("leave"), "return", "1", options=[option, "/dev/full"])
        expect_no_profile(case, 7, "/dev/full: No space left on device")


def test_a_file_size_limit_ends_nothing():
    case = Case("sh", "-c", "ulimit -f 0; exec %s return 500" % program("leave"))
    expect(case.status == 7 and FILE not in case.files, case.notes)
    done = subprocess.run(["sh", "-c", "ulimit -f 0; exec %s run %s return 300" % (CPROF, program("leave"))],
                          capture_output=True, text=True)
    expect_eq((done.returncode, done.stderr), (7, "cprof: no profile: %s: File too large\n" % FILE))


# Root's may change their user and root directory.
GIVES_UP = """
import os, sys, time
if sys.argv[1] == "user":
    os.setuid(65534)
else:
    os.chroot("/proc")
while time.process_time() < 0.5:
    pass
"""


def test_what_is_not_written_is_not_taken_for_something_else():
    """Where the program could not write it, its own CPU time was said to be that of child processes, and where it
    had ended by itself a signal was suspected."""
    everything = ["-cpuprofile", "c", "-memprofile", "m"]
    unwritten = "the program ended without writing it"
    for how in ("user", "root") if os.getuid() == 0 else ():
        case = Case("/usr/bin/python3", "-c", GIVES_UP, how, options=everything, before=lambda d: os.chmod(d, 0o755))
        expect_eq((case.status, case.files), (0, []), case.notes)
        expect(len(case.notes) == 2 and all(unwritten in note for note in case.notes), case.notes)
    case = Case("sh", "-c", "ulimit -v 6000; exec %s return 500" % program("leave"))
    expect(case.status == 7 and len(case.notes) == 1 and unwritten in case.notes[0], case.notes)
    case = Case(program("leave"), "kill", "500", options=everything)
    expect("no profile: m: SIGKILL ended the program" in case.notes[1], case.notes)
    case = Case("sh", "-c", "%s return 300; true" % program("leave"))
    expect(re.search(r": 0\.[34]\d s of CPU were spent in child processes", case.notes[1]), case.notes)


def test_another_preloaded_library_is_kept():
    case = Case("sh", "-c", "echo $LD_PRELOAD; exec %s return 300" % program("leave"), env={"LD_PRELOAD": JEMALLOC})
    ours, others = case.stdout.decode().strip().split(":")
    expect_eq((os.path.normpath(ours.replace("$LIB", "lib")), others), (LIBRARY, JEMALLOC))
    expect_eq(case.status, 7)
    expect(250 <= case.cpu_ms() <= 400, case.cpu_ms())


def test_little_address_space():
    """The table of label sets was 8 MB of .bss: with that little room the library was mapped, and libc no more."""
    case = Case("sh", "-c", "ulimit -v 12000; exec %s return 300" % program("leave"))
    expect_eq((case.status, case.stderr), (7, []))
    expect(250 <= case.cpu_ms() <= 400, case.cpu_ms())


PARTS = {
    "transparent": [
        test_status_and_signals_are_the_programs, test_no_core_file_twice, test_input_and_output_pass_byte_for_byte,
        test_the_program_is_found_as_execvp_finds_it, test_options_are_gos, test_mistakes_are_told_in_few_lines,
        test_the_program_has_no_descriptors_of_ours, test_the_program_is_alone_where_it_must_be,
        test_an_ignored_sigchld_stays_ignored_and_harmless,
        test_signals_sent_to_us_reach_the_program, test_who_waits_for_all_signals_gets_none_of_ours,
        test_the_terminals_interrupt_comes_once_and_the_summary_is_still_said,
    ],
    "profiles": [
        test_however_it_ends_the_profile_is_there, test_killed_it_misses_a_second_at_most, test_names_are_inside,
    ],
    "heap": [
        test_the_heap_profile_is_exact_if_asked, test_both_profiles_at_once, test_a_child_has_its_own_heap,
        test_all_threads_are_shown_at_the_end,
        test_a_program_that_must_be_alone_to_give_up_root,
        test_signals_that_end_it_leave_the_heap, test_signals_inside_the_loader_leave_everything,
        test_our_threads_hold_none_of_its_descriptors, test_a_pipe_gets_its_profile_from_a_signal_too,
        test_a_default_is_a_default_to_the_program,
        test_waits_and_who_made_threads_are_written, test_a_signal_shows_the_threads,
        test_the_dump_tells_which_locks_are_held,
        test_a_heap_with_nothing_left_in_it_is_shown_at_its_peak, test_the_heap_before_exec,
        test_the_heap_is_written_from_where_that_is_hard, test_leaks_are_shown, test_leaks_of_every_process_are_shown,
        test_no_leaks_are_one_line,
    ],
    "processes": [
        test_each_program_that_exec_replaces_has_its_own, test_an_exec_that_fails_ends_nothing,
        test_a_wrapper_script_leaves_nothing, test_an_old_profile_is_replaced_not_kept,
        test_without_p_the_children_are_left_alone, test_with_p_every_process_writes_its_own,
        test_with_p_what_has_no_profile_is_told,
        test_with_p_what_was_not_sampled_leaves_nothing, test_by_hand,
        test_one_that_cannot_start_leaves_the_others, test_our_own_waits_are_not_the_programs,
    ],
    "hostile": [
        test_foreign_machines,
        test_another_c_library, test_children_with_another_c_library, test_scripts, test_privileges,
        test_where_nothing_can_be_written, test_a_file_size_limit_ends_nothing,
        test_what_is_not_written_is_not_taken_for_something_else, test_another_preloaded_library_is_kept,
        test_little_address_space,
    ],
}


def main(parts):
    failed = 0
    for test in (test for part in parts or PARTS for test in PARTS[part]):
        try:
            test()
            print("ok  ", test.__name__)
        except (Failed, profile.ProfileError, subprocess.SubprocessError, OSError) as error:
            failed += 1
            print("FAIL", test.__name__, "-", error)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
