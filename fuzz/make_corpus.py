#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The inputs fuzzing begins with, made by what tests make theirs with: well-formed, and each cut and bent a little.

make_corpus.py NAME -into DIRECTORY     writes those of the target fuzz_NAME
make_corpus.py NAME PROGRAM             lets PROGRAM (a target built with replay.c) read them
"""

import glob
import gzip
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests")
sys.path += [os.path.join(TESTS, "support"), os.path.join(TESTS, "tool")]

MAPS = (b"00400000-00500000 r-xp 00000000 08:01 42 /bin/prog\n"
        b"7f0000000000-7f0000100000 r-xp 00001000 08:01 43 /lib/libc.so.6\n")
CPP = """
#include <map>
#include <string>
namespace n { struct s { std::map<std::string, int> m; int f(int x) { return m[std::to_string(x)] += x; } }; }
int main(int argc, char **argv) { n::s s; return s.f(argc) + s.f(*argv[0]); }
"""


def words(*numbers):
    return struct.pack("<%dQ" % len(numbers), *numbers)


def profiles():
    import makeprofile
    p = makeprofile.Maker([("samples", "count"), ("cpu", "nanoseconds")], period=10**7,
                          period_type=("cpu", "nanoseconds"), duration_ns=10**9, time_ns=10**18, build_id="abc123",
                          comments=["a comment"], drop_frames="leaf", default_type="cpu")
    p.sample(["leaf", ("mid", "mid.c", 7), "main"], [3, 30], key="a", bytes=(512, "bytes"))
    p.sample([("mid", "mid.c", 9), "main"], [1, -10], key="b")
    return [p.bytes(), p.gzipped(), makeprofile.Maker([("a", "b")], mapping=None).bytes()]


def old_profiles():
    libraries = b"\nMAPPED_LIBRARIES:\n" + MAPS
    yield b"heap profile: 3: 96 [ 5: 160] @ heap_v2/524288\n1: 32 [2: 64] @ 0x400101 0x400201\n" + libraries
    yield b"heap profile: 1: 2 [ 1: 2] @ growthz\n1: 2 [1: 2] @ 0x9\n"
    yield b"heap_v2/524288\n  t*: 3: 96 [5: 160]\n  t0: 3: 96 [5: 160] name\n@ 0x401000 0x402000\n" \
        b"  t*: 1: 32 [2: 64]\n  t0: 1: 32 [2: 64]\n" + libraries
    yield b"--- contention:\ncycles/second=2500000000\nsampling period=100\n15894 42 @ 0x401000 0x402000\n" + MAPS
    yield b"--- mutex:\ncycles/second=1000\n5 4 @ 0x401000\n"
    yield b"goroutine profile: total 5\n3 @ 0x401000 0x402000\n#\t0x401000\tmain.f+0x1\tf.go:7\n\n2 @ 0x403000\n" + MAPS
    yield b"--- threadz 1 ---\n\n--- Thread 7eff063d9940 (name: main/25376) stack: ---\n" \
        b"  PC: 0x401000\n  0x402000\n" + MAPS
    yield b"--- heapz 1 ---\nformat = java\nresolution = bytes\n7048 2 @ 0x1 0x2\n 0x1 main.f (F.java:7)\n"
    yield b"--- contentionz 1 ---\nformat = java\nms since reset = 9000\n1 2 @ 0x1\n 0x1 f(F.java:7)\n"
    cpu = words(0, 3, 0, 10000, 0, 5, 2, 0x401000, 0x402000, 1, 1, 0x401010, 0, 1, 0)
    yield cpu + MAPS
    yield b"".join(struct.pack(">I", n) for n in struct.unpack("<%dQ" % (len(cpu) // 8), cpu)) + MAPS
    yield words(0, 3, 1, 10000, 0, 1, 1, 0x1, 0, 1, 0) + b" 0x1 f (F.java:7)\n"


def recordings():
    from analyzer import zstd
    from test_perfdata import (BP, CALLCHAIN, CODE, CONTEXT_USER, GROUP, ID, IP, PC, PERIOD, READ, REGISTERS, SP, STACK,
                               TID, TIME, Recording)
    for sample_type in (IP | TID | TIME | CALLCHAIN | PERIOD, IP | TID | TIME | CALLCHAIN | PERIOD | ID,
                        IP | TID | TIME | CALLCHAIN | PERIOD | ID | READ):
        r = Recording(1, 2, sample_type=sample_type, names=("task-clock", "page-faults"), read_format=4 | GROUP)
        r.comm(10, 10, "prog")
        r.mmap(10, CODE, 0x1000, 0, "/bin/prog", build_id=bytes(range(20)))
        r.fork(11, 10, 1)
        for pid in (10, 11):
            r.sample(pid, pid, [CONTEXT_USER, CODE + 0x10, CODE + 0x20], 2)
        yield from (r.file(), r.pipe())
    r = Recording(1, sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
    r.mmap(10, CODE, 0x1000, 0, "/lib/x86_64-linux-gnu/libc.so.6")
    r.mmap(10, CODE + 0x1000, 0x200000, 0x26000, "/lib/x86_64-linux-gnu/libc.so.6")
    for pc in range(CODE, CODE + 0x181000, 0xc089):
        r.sample(10, 10, [pc], 1, registers={BP: 0x7000, SP: 0x7000, PC: pc}, stack=[0x7008, pc + 0x1001] * 4)
    yield r.file()
    stream, r.records = r.records, b""
    for at in range(0, len(stream), 1 << 14):
        r.record(81, zstd(stream[at:at + (1 << 14)], is_whole=False)[6 if at else 0:])
    yield r.file()


def traces():
    import maketrace as t
    trace = t.Trace(start_ns=10**9)
    a, b = trace.thread(100), trace.thread(101)
    stack = trace.stack("lock", "main")
    a.event(t.START, at=0)
    a.event(t.NAME, at=1, text="main")
    a.wait(t.MUTEX, 0x1000, begin=5 * t.MS, end=35 * t.MS, stack=stack, waker=101)
    a.region("parse", begin=40 * t.MS, end=50 * t.MS)
    b.event(t.CPU_SAMPLE, stack, at=3 * t.MS)
    b.event(t.WAKE, 100, at=35 * t.MS)
    b.event(t.LOG, 0, trace.string("k"), at=36 * t.MS, text="said")
    a.event(t.STOP, at=60 * t.MS, text="done")
    return [trace.bytes()]


def compiled():
    """Small programs with debug information: their paths, one after another."""
    inlining = os.path.join(TESTS, "tool", "inlining.c")
    with tempfile.TemporaryDirectory() as directory:
        source, program = os.path.join(directory, "prog.cpp"), os.path.join(directory, "prog")
        with open(source, "w") as f:
            f.write(CPP)
        for argv in (["gcc", "-gdwarf-5", inlining], ["gcc", "-gdwarf-4", "-no-pie", inlining],
                     ["g++", "-gdwarf-5", "-c", source], ["gcc", "-g", "-gz", inlining],
                     ["gcc", "-gdwarf-2", "-gstrict-dwarf", "-c", inlining]):
            subprocess.run([*argv, "-O2", "-o", program], check=True)
            yield program


def section(path, name):
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run(["objcopy", "-O", "binary", "--set-section-flags", name + "=alloc", "--dump-section",
                        "%s=%s" % (name, f.name), path, "/dev/null"], check=False, stderr=subprocess.DEVNULL)
        with open(f.name, "rb") as dumped:
            return dumped.read()


def binaries():
    for path in compiled():
        with open(path, "rb") as f:
            yield f.read()


def line_table(*starts):
    """DWARF 4: of 16 bytes of code at each of these addresses. Linkers may put at 2**64 - 1 what they left out."""
    program = b"".join(b"\0\x09\2" + words(start) + bytes([1, 2, 16]) + bytes([0, 1, 1]) for start in starts)
    header = bytes([1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0a.c\0\0\0\0\0"
    table = struct.pack("<HI", 4, len(header)) + header + program
    return struct.pack("<I", len(table)) + table


def debug_sections():
    for starts in ((0x1000, 0x401000), (0x1000, 2**64 - 1), (0, 0x401000)):
        yield b"\0\0" + line_table(*starts)
    for path in compiled():
        info, abbreviations, lines = (section(path, ".debug_" + n) for n in ("info", "abbrev", "line"))
        for unit, rest in ((info[:16000], abbreviations), (lines[:16000], b""), (section(path, ".debug_rnglists"), b""),
                           (section(path, ".debug_ranges"), b"")):
            if unit:
                yield struct.pack("<H", len(unit)) + unit + rest


def unwind_tables():
    for path in compiled():
        header, frames = section(path, ".eh_frame_hdr"), section(path, ".eh_frame")
        if header:
            yield bytes([1, 0x10, 0]) + (header + bytes(-len(header) % 8) + frames)[:4096]
    programs = bytes.fromhex("0c0708 9001"), bytes.fromhex("41 0e10 8602 43 0d06 0a c6 0c0708 0b")
    yield bytes([0, 1, len(programs[0])]) + programs[0] + programs[1]
    yield bytes([0, 1, 5]) + programs[0] + bytes.fromhex("0f03770806 1606027700 1010027600")


def web():
    paths = [b"", b"top", b"flamegraph", b"peek", b"source", b"disasm", b"saveconfig", b"deleteconfig", b"download",
             b"logo", b"graph.js"]
    queries = [b"", b"f=main&si=cpu&n=5&trim=true", b"i=a%3C%2Fscript%3E&g=lines&h=%22", b"tf=1kb:&ti=x&s=a|b&sf=.&p=$",
               b"config=mine&rel=true&unit=ms"]
    for i, path in enumerate(paths):
        for query in queries:
            yield b"\n".join([b"@BD"[i % 3:i % 3 + 1], path, query, b"localhost:8080", b"http://localhost:8080"])
    yield b"B\ntop\n\nexample.org\nhttp://example.org"


def http():
    names = [b"", b"heap", b"allocs", b"block", b"mutex", b"threads", b"threadcreate", b"profile", b"trace", b"cmdline",
             b"symbol", b"rates", b"health", b"flamegraph", b"live", b"nothing"]
    queries = [b"", b"debug=1", b"debug=2", b"seconds=1", b"gc=1&seconds=0&debug=0", b"format=pb&rate=7"]
    for choice in (4, 5, 6, 4 + 8 + 16, 4 + 32):
        for name in names:
            yield bytes([choice]) + b"\0".join([name, queries[len(name) % 6], b"Bearer t", b"block=1000&mutex=5"])
    yield b"\6symbol\0\0localhost\x000x401000+0x402000"


def tagged(tag, *texts):
    return [bytes([tag]) + t.encode() for t in texts]


def mangled():
    """Functions of libstdc++, and of Rust as it was before v0 and is since; without the _Z or _R."""
    library = glob.glob("/usr/lib/*/libstdc++.so.6")[0]
    out = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, check=True).stdout
    yield from [name[2:] for name in re.findall(rb"[TW] (_Z[^@\n]+)", out)[::40]]
    yield b"N49_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$Drop$GT$4drop17h0123456789abcdefE"
    yield b"INvXs_C1aTQL_eOPuFUKCjEbAhj20_DNtC1b1cNtBw_1dp4ItemhEL_ENtBw_1e1fNCNvC1g1hs0_0Khff_E"


def typed_words():
    return [*tagged(0, "-focus=main -nodecount=5 --cum prog x.pb.gz", "-unit ms -trim=false -- -x", "-mean= -h"),
            *tagged(1, "top 20 main -cum >out", "list main.f | less", "peek a|b -c", "tree 'a b' \"c\" -f", "web > x"),
            *tagged(2, "http://localhost:6060/debug/pprof/profile?seconds=5", "host:80/x#y", "https+insecure://h/",
                    "C:\\x"),
            *tagged(3, "1e3", "0x1p-3", "-inf", "/a/../b//c/./", "true", "lines", "1_0"),
            *tagged(4, "top ma", "sample_index=c", "fo", "peek ", "granularity=f", "help t")]


def settings():
    return [*tagged(0, "schedtrace=1000,scheddetail=1,gctrace=1,output=/tmp/x.%p", "allocfreetrace=1,inittrace=1,x,=,"),
            *tagged(1, "CPROF_CPUPROFILE=cpu.%p.pb.gz\nCPROF_CPURATE=250\nCPROF_CPUENGINE=perf\nCPROF_RUN=12:34",
                    "CPROF_HTTP=unix:/tmp/%p%%\nCPROF_MEMPROFILE=m\nCPROF_MEMPROFILERATE=1\nCPROF_DUMPSIGNAL=10\n"
                    "CPROF_LOCKSITES=1"),
            *tagged(2, "-test.bench=. -benchtime 1.5s -count=3 x", "-cpuprofile c -benchmem -benchtime=100x -- -bench"),
            *tagged(3, "-cpuprofile cpu.pb.gz -cpurate 250 prog arg", "-dumpsignal QUIT -cpuengine=perf p",
                    "-memprofile=m -memprofilerate 1 -leak -http :0 -- prog"),
            *tagged(4, '{"configs":[{"name":"mine","focus":"main","nodecount":5,"trim":true,"divide_by":2.5}]}', "[]",
                    '{"configs":7}')]


def regexes():
    return [p.encode() + b"\n" + b"main.(*T).f<int>" for p in
            ("main", "^a|b$", "(?i)MAIN", "[^a-z]+?", r"\pL\d{2,3}", "(?P<x>a)*", r"\Qa.b\E", "[[:alpha:]]", "(a*)*b",
             "(?s).", "a{1000}")]


def remote():
    urls = b"http://localhost:1/debug/pprof/heap?x", b"https://h/pprof/profile", b"http://h", b"x"
    return [u + b"\n0x400000 main\n0x400010\tn::s::f(int)\nnum_symbols: 1\n0x7fffffffffffffff x\n" for u in urls]


def binutils_text():
    for path in compiled():
        objdump = ["objdump", "-d", "-l", "--no-show-raw-insn", path]
        yield subprocess.run(objdump, capture_output=True, check=True).stdout[:8000]
    yield b"_ZNSt6vectorIiSaIiEE9push_backEOi"
    yield b"_RNvCs1234_7mycrate3foo"
    yield b"_ZN4core3fmt9Formatter3pad17h1234567890abcdefE.llvm.123"


def jit_maps():
    return [b"40 20 JS:*first app.js:1\n80 10 second\n", b"0x40 0x20 JS:~again app.js:1\n50 8 later\n40",
            b"x\n" * 9 + b"0 ffffffffffffffff all of it\n", b"0 40 " + b"n" * 70000 + b"\n40 20 behind\n"]


def stacks():
    """Many alike, with recursion and inlined functions."""
    import makeprofile
    rng = random.Random(7)
    frames = ["a", "b", "c", "e", "f", ["a", "b"], ["b", "c", "d"], ["d", "a"], ["g", "h"], ("a", "x.c", 3)]
    p = makeprofile.Maker([("samples", "count"), ("cpu", "nanoseconds")])
    for i in range(80):
        few = frames[:2] * 3 + frames
        p.sample([rng.choice(few) for _ in range(i % 9)], [i % 3, rng.randrange(-3, 9)], key=rng.choice("xy"))
    return p.bytes()


def known():
    for seed in range(400):
        yield random.Random(seed).randbytes(18) + stacks()
    yield bytes(18) + profiles()[0]


TARGETS = {
    "binary": binaries, "binutils_text": binutils_text, "cfi": unwind_tables, "dwarf": debug_sections,
    "demangle": mangled, "elf_symbols": binaries, "http": http, "known": known,
    "perfdata": recordings, "perfmap": jit_maps,
    "profile": lambda: [*profiles(), *old_profiles(), *map(gzip.compress, old_profiles())],
    "regex": regexes, "remote": remote,
    "report": lambda: [bytes([kind, bits]) + profiles()[0] for kind in range(13) for bits in (0, 0x43, 0xbf)],
    "settings": settings, "timeline": traces, "trace": traces, "web": web, "words": typed_words,
}


def bent(seed, rng):
    """A few near misses, for runs without a fuzzer."""
    yield seed[:rng.randrange(len(seed) + 1)]
    for _ in range(8):
        copy = bytearray(seed)
        for _ in range(rng.choice((1, 3, 10))):
            if copy:
                copy[rng.randrange(len(copy))] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
        yield bytes(copy)


def write(name, directory):
    rng = random.Random(name)
    os.makedirs(directory, exist_ok=True)
    inputs = []
    for seed in TARGETS[name]():
        inputs += [seed, *bent(seed, rng)]
    for i, data in enumerate(inputs):
        with open("%s/seed-%04d" % (directory, i), "wb") as f:
            f.write(data)


def main():
    name, where = sys.argv[1], sys.argv[2:]
    if where[0] == "-into":
        write(name, where[1])
        return 0
    with tempfile.TemporaryDirectory() as directory:
        write(name, directory)
        return subprocess.run([where[0], directory], check=False).returncode


sys.exit(main())
