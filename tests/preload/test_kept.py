#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profiles of programs that have no time to write them (lib/record/keeper.h): test_kept.py"""

import os
import re
import signal
import stat
import struct
import sys
import zlib
from itertools import product

import test_run
from test_run import Case, expect, expect_eq, heap_of, program
import profile

OPTIONS = ("-memprofile", "mem.pb.gz", "-memprofilerate", "1",
           "-syscallprofile", "calls.pb.gz", "-syscallprofilerate", "1")
FILES = ["calls.pb.gz", "mem.pb.gz"]
MIB = 1 << 20
REMARK = "cprof: written while the process ran; it ended without writing its profile anew"


def remarks(case, file):
    return profile.read(os.path.join(case.dir, file)).comments.count(REMARK)


def test_what_is_killed_leaves_its_heap():
    """Nothing was there, and where the kernel kills for want of memory it is all one wants to know."""
    for how, status, end in (("kill", -signal.SIGKILL, "SIGKILL"), ("segv", -signal.SIGSEGV, "SIGSEGV"),
                             ("exit_group", 7, "the end")):
        for more in ((), ("second",)):
            case = Case(program("grow"), how, *more, options=OPTIONS)
            expect_eq((case.status, [f for f in case.files if "core" not in f]), (status, FILES), (how, more))
            kept = heap_of(case, "mem.pb.gz", "inuse_space", "keep")
            expect(16 * MIB <= kept <= 32 * MIB, (how, more, kept))
            expect(profile.read(os.path.join(case.dir, "calls.pb.gz")).by_function("delay").get("keep", 0) > 0, how)
            expect_eq((remarks(case, "mem.pb.gz"), remarks(case, "calls.pb.gz")), (1, 1), how)
            for note in case.notes:
                expect(re.search(r"cprof: wrote .*, \d\.\d s before %s\); try: " % end, note), case.notes)


def test_what_is_empty_is_not_kept():
    options = OPTIONS + ("-blockprofile", "block.pb.gz", "-mutexprofile", "mutex.pb.gz",
                         "-threadcreateprofile", "create.pb.gz")
    for more, created in (((), []), (("second",), ["create.pb.gz"])):
        case = Case(program("grow"), "kill", *more, options=options)
        expect_eq((case.status, case.files), (-signal.SIGKILL, sorted(FILES + created)), more)
        expect_eq(sum("before it could be written" in note for note in case.notes), 3 - len(created), case.notes)


def test_what_is_empty_is_the_programs_own():
    """With %p each process left an empty file of each kind, before exec a second: 800 of a hundred that did nothing."""
    kinds = ["block", "mem", "mutex", "threadcreate"]
    case = Case("sh", "-c", "for i in 1 2 3 4 5; do /bin/true; done; (exit 3)",
                options=[o for k in kinds for o in ("-%sprofile" % k, "%p." + k)])
    expect_eq((case.status, sorted(f.split(".")[1:] for f in case.files)), (3, [[k] for k in kinds]))
    expect_eq([", empty: no " in n for n in case.notes], [True] * 3 + [False], case.notes)
    case = Case("sh", "-c", program("meet") + "; :", options=["-blockprofile", "%p.b", "-threadcreateprofile", "%p.t"])
    expect_eq(sorted(f.split(".")[1] for f in case.files), ["b", "b", "t", "t"], case.notes)


def test_who_ends_well_writes_it_anew():
    for more in ((), ("second",)):
        case = Case(program("grow"), "return", *more, options=OPTIONS)
        expect_eq((case.status, case.files), (0, FILES), more)
        expect_eq((remarks(case, "mem.pb.gz"), remarks(case, "calls.pb.gz")), (0, 0), more)
        expect(not any(" before " in note for note in case.notes), case.notes)


def test_the_cpu_profile_tells_whether_its_end_is_there():
    """Of what ended by _exit, every shell, it said that a second may be missing, and nothing of threads or losses."""
    for how, doubts, told in (("return", 0, 0), ("_exit", 1, 1), ("_Exit", 1, 1), ("kill", 1, 0)):
        case = Case(program("leave"), how, "700")
        comments = profile.read(case.path).comments
        expect_eq((sum("where no end is told" in c for c in comments),
                   comments.count("end: by _exit(), nothing is missing")), (doubts, told), (how, comments))
        expect_eq(any(c.startswith("threads: ") for c in comments), how != "kill", (how, comments))


def test_who_gives_up_root_may_replace_its_files():
    """In /tmp they would be root's for ever."""
    if os.getuid() != 0:
        return
    for more in ((), ("second",)):
        case = Case(program("grow"), "setuid", *more, options=OPTIONS,
                    before=lambda d: os.chmod(d, 0o777 | stat.S_ISVTX))
        expect_eq((case.status, case.files), (0, FILES), more)
        expect_eq([os.stat(os.path.join(case.dir, f)).st_uid for f in FILES], [65534, 65534], more)
        expect_eq(remarks(case, "mem.pb.gz"), 0, more)


def test_a_link_leads_to_the_profile():
    """A link to what is not there yet was taken for a device: it is none to a thread with descriptors of its own."""
    case = Case(program("grow"), "kill", options=OPTIONS, before=lambda d: os.symlink("real", d + "/mem.pb.gz"))
    expect_eq(case.files, ["calls.pb.gz", "mem.pb.gz", "real"])
    expect(os.path.islink(case.dir + "/mem.pb.gz") and not os.path.islink(case.dir + "/real"), "the link is left")
    expect(heap_of(case, "real", "inuse_space", "keep") >= 4 * MIB, case.notes)


def test_half_a_file_of_who_was_killed_is_removed():
    """One in twenty programs that were killed at a random moment left mem.pb.gz.PID.0.tmp. These are made by hand. A
    trace's, which a child leaves that is killed as it begins, were forgotten."""
    for name, flag in product(("mem", "mem.%p"), ("-memprofile", "-trace")):
        temporary = name.replace("%p", "7") + ".$pid.0.tmp"
        script = "for pid in $PPID $(sh -c 'echo $$'); do echo > %s; done; : > mem.log" % temporary
        case = Case("sh", "-c", script, options=(flag, name))
        left = [f for f in case.files if f.endswith(".tmp")]
        expect(len(left) == 1 and "mem.log" in case.files, (name, case.files))


# As a worker of php-fpm's, which is killed 3 ms after it was told to end.
WORKS_LITTLE = """
import os, signal, time
def burn(s):
    end = time.process_time() + s
    while time.process_time() < end:
        pass
burn(0.12)
time.sleep(1)
burn(0.1)
time.sleep(2.5)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_works_little_leaves_most_of_it():
    """The second part was lost: too little for a second's end, though more than all before."""
    case = Case("/usr/bin/python3", "-c", WORKS_LITTLE)
    expect_eq(case.status, -signal.SIGKILL)
    expect(case.cpu_ms() >= 200, case.cpu_ms())


# When it is looked at, too little has been used since what was written last, which becomes enough at once.
WORKS_IN_FITS = """
import os, signal, time
def burn(s):
    end = time.process_time() + s
    while time.process_time() < end:
        pass
def written():
    return os.stat(os.environ["CPROF_CPUPROFILE"]).st_mtime_ns
burn(2)
time.sleep(2)
before = written()
while written() == before:
    burn(0.01)
begin = time.monotonic()
burn(0.42)
time.sleep(max(0, begin + 1.4 - time.monotonic()))
while time.monotonic() < begin + 1.95:
    pass
print(int(time.process_time() * 1000), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_works_in_fits_leaves_most_of_it():
    """Another second went by before the next look: unbound missed 1.1 s of the 1.7 it had used."""
    case = Case("/usr/bin/python3", "-c", WORKS_IN_FITS)
    expect_eq(case.status, -signal.SIGKILL)
    expect(case.cpu_ms() >= int(case.stdout) - 800, (case.cpu_ms(), case.stdout))


NO_SYMBOLS = bytes(24 * 2000000)


def with_dear_names(folder):
    """paces, with two million symbols more that say nothing."""
    with open(program("paces"), "rb") as f:
        elf = bytearray(f.read())
    headers, = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    table, = [at for at in range(headers, headers + size * count, size) if elf[at + 4] == 2]  # SHT_SYMTAB
    start, length = struct.unpack_from("<QQ", elf, table + 24)
    struct.pack_into("<QQ", elf, table + 24, len(elf), length + len(NO_SYMBOLS))
    with open(folder + "/dear", "wb") as f:
        f.write(elf + elf[start:start + length] + NO_SYMBOLS)
    os.chmod(folder + "/dear", 0o755)


def members(path):
    with open(path, "rb") as f:
        left, count = f.read(), 0
    while left:
        one = zlib.decompressobj(31)
        one.decompress(left)
        left, count = one.unused_data, count + 1
    return count


def test_what_is_dear_is_written_more_seldom():
    """A backend of postgres's paid a hundredth of its time: new names were looked up for each 50 ms."""
    case = Case("./dear", "30", "0", before=with_dear_names)
    expect_eq(case.status, -signal.SIGKILL)
    expect(members(case.path) <= 3, members(case.path))


def test_who_rests_leaves_it_whatever_it_costs():
    case = Case("./dear", "10", "2500", before=with_dear_names)
    expect_eq(case.status, -signal.SIGKILL)
    expect(case.cpu_ms() >= 320, case.cpu_ms())


if __name__ == "__main__":
    test_run.PARTS = {"kept": [test_what_is_killed_leaves_its_heap, test_what_is_empty_is_not_kept,
                               test_what_is_empty_is_the_programs_own,
                               test_the_cpu_profile_tells_whether_its_end_is_there, test_who_ends_well_writes_it_anew,
                               test_who_gives_up_root_may_replace_its_files, test_a_link_leads_to_the_profile,
                               test_half_a_file_of_who_was_killed_is_removed,
                               test_who_works_little_leaves_most_of_it,
                               test_who_works_in_fits_leaves_most_of_it,
                               test_what_is_dear_is_written_more_seldom,
                               test_who_rests_leaves_it_whatever_it_costs]}
    sys.exit(test_run.main([]))
