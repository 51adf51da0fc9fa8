#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""perf.data files written here byte by byte: what cprof makes of them. test_perfdata.py CPROF"""

import os
import re
import shutil
import struct
import subprocess
import sys
import unittest

from analyzer import CPROF, AnalyzerTest, profile, zstd

IP, TID, TIME, ID, PERIOD, CALLCHAIN, READ = 1, 2, 4, 64, 256, 32, 16
REGISTERS, STACK = 1 << 12, 1 << 13
BP, SP, PC = 6, 7, 8  # as the kernel numbers the registers of x86-64
GROUP = 8
SOFTWARE, TASK_CLOCK, PAGE_FAULTS, BPF_OUTPUT = 1, 1, 2, 10
MMAP, LOST, COMM, FORK, SAMPLE, MMAP2 = 1, 2, 3, 7, 9, 10
KERNEL, USER, EXEC, MMAP_BUILD_ID = 1, 2, 1 << 13, 1 << 14
CONTEXT_KERNEL, CONTEXT_USER = 2**64 - 128, 2**64 - 512
KERNEL_PID = 2**32 - 1
CODE = 0x555555555000


def padded(text):
    data = text.encode() + b"\0"
    return data + b"\0" * (-len(data) % 8)


class Recording:
    """One perf record session. Times are in milliseconds."""

    def __init__(self, *configs, sample_type=IP | TID | TIME | CALLCHAIN | PERIOD, frequency=4000, names=(),
                 read_format=4, is_inherited=False):
        self.sample_type, self.names, self.machine, self.command = sample_type, names, "x86_64", ("perf", "record")
        # Flags: a frequency, not a period; ids behind every record.
        flags = is_inherited << 1 | 1 << 10 | 1 << 18
        self.attrs = [struct.pack("<IIQQQQQ", SOFTWARE, 96, c, frequency, sample_type, read_format, flags) +
                      bytes(32) + struct.pack("<QQ", 1 << BP | 1 << SP | 1 << PC, 64) for c in configs]
        self.ids = [100 + i for i in range(len(configs))]
        self.read_format, self.counts = read_format, [0] * len(configs)
        self.host = ()  # uname -n, -r
        self.build_ids = {}  # of files, where mmap() has none
        self.records = bytearray()

    def record(self, kind, body, misc=0, time=None):
        if time is not None:
            body += struct.pack("<IIQ", 0, 0, time * 1000000)
            if self.sample_type & ID:
                body += struct.pack("<Q", 0)
        self.records += struct.pack("<IHH", kind, misc, len(body) + 8) + body

    def comm(self, pid, tid, name, time=0, misc=0):
        self.record(COMM, struct.pack("<II", pid, tid) + padded(name), misc, time)

    def mmap(self, pid, start, size, offset, file, time=0, build_id=None, protection=5):
        ident = struct.pack("<BBH20s", len(build_id), 0, 0, build_id) if build_id else bytes(24)
        self.record(MMAP2, struct.pack("<IIQQQ", pid, pid, start, size, offset) + ident +
                    struct.pack("<II", protection, 2) + padded(file), MMAP_BUILD_ID if build_id else 0, time)

    def fork(self, pid, parent, time):
        self.record(FORK, struct.pack("<IIIIQ", pid, parent, pid, parent, time * 1000000), 0, time)

    def sample(self, pid, tid, chain, time, event=0, period=250000, mode=USER, registers=None, stack=()):
        body = struct.pack("<QIIQ", next((c for c in chain if c < 2**63), chain[-1]), pid, tid, time * 1000000)
        if self.sample_type & ID:
            body += struct.pack("<Q", self.ids[event])
        body += struct.pack("<Q", period)
        if self.sample_type & READ:
            self.counts[event] += period
            members = range(len(self.ids)) if self.read_format & GROUP else [event]
            body += struct.pack("<Q", len(members)) if self.read_format & GROUP else b""
            body += b"".join(struct.pack("<QQ", self.counts[i], self.ids[i]) for i in members)
        body += struct.pack("<Q", len(chain)) + b"".join(struct.pack("<Q", c) for c in chain)
        if self.sample_type & REGISTERS:  # those of 64 bits; or a kernel thread has none
            body += struct.pack("<Q3Q", 2, *(registers[i] for i in (BP, SP, PC))) if registers else bytes(8)
        if self.sample_type & STACK:
            words = struct.pack("<%dQ" % len(stack), *stack)
            copy = words.ljust(64, b"\0")
            body += struct.pack("<Q", len(copy)) + copy + struct.pack("<Q", len(words))
        self.record(SAMPLE, body, mode)

    def features(self):
        text = lambda s: struct.pack("<I", len(padded(s))) + padded(s)  # noqa: E731
        command = struct.pack("<I", len(self.command)) + b"".join(text(word) for word in self.command)
        names = struct.pack("<II", len(self.names), 96)
        for name, attr, ident in zip(self.names, self.attrs, self.ids):
            names += attr + struct.pack("<I", 1) + text(name) + struct.pack("<Q", ident)
        ids = b"".join(struct.pack("<IHHi20s4x", 0, 0, 36 + len(padded(file)), -1, ident) + padded(file)
                       for file, ident in self.build_ids.items())
        host = {number: text(name) for number, name in zip((3, 4), self.host)}
        return {**({2: ids} if ids else {}), **host, 6: text(self.machine), 11: command,
                **({12: names} if self.names else {})}

    def file(self):
        """As perf record -o writes it."""
        ids_at = 104
        attrs_at = ids_at + 8 * len(self.ids)
        data_at = attrs_at + 112 * len(self.attrs)
        entries = b"".join(a + struct.pack("<QQ", ids_at + 8 * i, 8) for i, a in enumerate(self.attrs))
        features = self.features()
        at = data_at + len(self.records) + 16 * len(features)
        table = contents = b""
        for number in sorted(features):
            table += struct.pack("<QQ", at + len(contents), len(features[number]))
            contents += features[number]
        bits = sum(1 << n for n in features)
        return (b"PERFILE2" + struct.pack("<QQ", 104, 112) + struct.pack("<QQ", attrs_at, len(entries)) +
                struct.pack("<QQ", data_at, len(self.records)) + bytes(16) + bits.to_bytes(32, "little") +
                b"".join(struct.pack("<Q", i) for i in self.ids) + entries + self.records + table + contents)

    def pipe(self):
        """As perf record -o - writes it."""
        out = b"PERFILE2" + struct.pack("<Q", 16)
        for attr, ident in zip(self.attrs, self.ids):
            body = attr + struct.pack("<Q", ident)
            out += struct.pack("<IHH", 64, 0, len(body) + 8) + body
        for number, content in self.features().items():
            out += struct.pack("<IHHQ", 80, 0, len(content) + 16, number) + content
        return out + self.records


def one_process(**options):
    r = Recording(TASK_CLOCK, **options)
    r.comm(7, 7, "prog", misc=EXEC)
    r.mmap(7, CODE, 0x1000, 0x1000, "/bin/prog", build_id=bytes(range(20)))
    r.mmap(7, 0x7f0000000000, 0x10000, 0, "/lib/libx.so")
    return r


class PerfDataTest(AnalyzerTest):
    def convert(self, data):
        with open(self.path("perf.data"), "wb") as f:
            f.write(data)
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(self.bytes_of("-symbolize=none", "-proto", self.path("perf.data")))
        return profile.read(self.path("out.pb.gz"))

    def error(self, data):
        with open(self.path("perf.data"), "wb") as f:
            f.write(data)
        return self.run_cprof("-symbolize=none", "-raw", self.path("perf.data"), status=2)[1]

    def stacks(self, p):
        return sorted((tuple((f.address, f.mapping.file if f.mapping else None) for f in s.stack),
                       s.values) for s in p.samples)

    def test_file_and_pipe(self):
        r = one_process(names=["task-clock:u"])
        for time in 10, 11:
            r.sample(7, 8, [CONTEXT_USER, CODE + 0x10, 0x7f0000000101], time)
        r.sample(7, 7, [CODE + 0x20], 12, period=500000)
        for data in r.file(), r.pipe():
            p = self.convert(data)
            self.assertEqual(p.sample_types, [("samples", "count"), ("cpu", "nanoseconds")])
            # Callers are the calls, not where they return to.
            self.assertEqual(self.stacks(p), [
                (((CODE + 0x10, "/bin/prog"), (0x7f0000000100, "/lib/libx.so")), [2, 500000]),
                (((CODE + 0x20, "/bin/prog"),), [1, 500000])])
            # Thread 8 was there before perf: it goes by its process's name.
            self.assertEqual([s.labels for s in p.samples],
                             [{"comm": "prog", "pid": 7, "tid": 8}, {"comm": "prog", "pid": 7, "tid": 7}])
            self.assertEqual(p.samples[0].stack[0].mapping.build_id, bytes(range(20)).hex())
        self.assertIn("recorded by: perf record", self.run_cprof("-comments", self.path("perf.data"))[0])

    def test_a_command_line_of_many_words(self):
        """Each word copied all that stood before it: two megabytes of them wanted a hundred gigabytes."""
        r = one_process()
        r.sample(7, 7, [CODE + 1], 1)
        r.command = ["perf"] + ["x"] * 300000
        with open(self.path("perf.data"), "wb") as f:
            f.write(r.file())
        self.assertIn("recorded by: perf x x x", self.run_cprof("-comments", self.path("perf.data"))[0])

    def test_order_of_time(self):
        """perf writes what each CPU saw one after the other."""
        r = one_process()
        r.sample(7, 7, [CODE + 0x10], 30)
        r.comm(7, 7, "other", time=20, misc=EXEC)
        r.mmap(7, CODE, 0x1000, 0, "/bin/other", time=20)
        r.sample(7, 7, [CODE + 0x10], 10)
        self.assertEqual(self.stacks(self.convert(r.file())), [
            (((CODE + 0x10, "/bin/other"),), [1, 250000]), (((CODE + 0x10, "/bin/prog"),), [1, 250000])])

    def test_fork(self):
        r = one_process()
        r.fork(9, 7, time=5)
        r.mmap(7, CODE, 0x1000, 0, "/lib/after.so", time=6)
        r.sample(9, 9, [CODE + 0x10], 10)
        r.sample(7, 7, [CODE + 0x10], 10)
        self.assertEqual(self.stacks(self.convert(r.file())), [
            (((CODE + 0x10, "/bin/prog"),), [1, 250000]), (((CODE + 0x10, "/lib/after.so"),), [1, 250000])])

    def test_code_made_writable_and_executable_again(self):
        """Each time perf tells of a mapping, and each address was looked for in all of them: hours."""
        r = one_process()
        for size in 0x4000, 0x3000:  # writable it is one with its neighbour
            r.mmap(7, 0x600000000000, size, 0, "//anon", time=1)
        known = len(one_process().records)
        again = 200000 * r.records[known:]
        r.fork(9, 7, time=2)
        r.mmap(7, 0x600000000000, 0x3000, 0, "//anon", time=3)  # not the child's
        r.mmap(7, CODE - 0x1000, 0x8000, 0, "/bin/other", time=3)
        for pid in 7, 9:
            for _ in range(500):
                r.sample(pid, pid, [0x600000000010] + [CODE + 0x11] * 4000, 4)
        r.records = r.records[:known] + again + r.records[known:]
        p = self.convert(r.file())
        self.assertEqual(self.stacks(p), [
            (((0x600000000010, "/tmp/perf-7.map"),) + 4000 * ((CODE + 0x10, name),), [500, 125000000])
            for name in ("/bin/other", "/bin/prog")])

    def most_memory_mib(self, data, status=0):
        """(MiB, what it said) of reading that recording."""
        with open(self.path("perf.data"), "wb") as f:
            f.write(data)
        # What a process took before it became another counts: this one took much.
        script = "import resource, subprocess, sys\nr = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n" \
            "print(r.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)"
        r = subprocess.run([sys.executable, "-c", script, CPROF, "-symbolize=none", "-raw", self.path("perf.data")],
                           cwd=self.dir, env=self.env, capture_output=True, text=True, check=True)
        ended, mib = map(int, r.stdout.split())
        self.assertEqual(ended, status, r.stderr)
        return mib, r.stderr

    def test_memory_for_forks(self):
        """Each child had a copy of all its parent had mapped: of 600 KB of records 300 MB."""
        r = Recording(TASK_CLOCK)
        for i in range(3000):
            r.mmap(7, CODE + 0x2000 * i, 0x1000, 0, "/lib/lib%d.so" % i)
        for child in range(1000, 3000):
            r.fork(child, 7, 1)
            r.mmap(child, CODE, 0x1000 + child, 0, "/bin/prog", time=2)
        r.sample(2999, 2999, [CODE + 0x1010, CODE + 0x2001, CODE + 0x4001], 3)
        data = r.file()
        self.assertLess(self.most_memory_mib(data)[0], 100)
        self.assertEqual(self.stacks(self.convert(data)), [(
            ((CODE + 0x1010, "/bin/prog"), (CODE + 0x2000, "/lib/lib1.so"), (CODE + 0x4000, "/lib/lib2.so")),
            [1, 250000])])

    def test_code_in_many_mappings(self):
        """Each frame was looked for in all mappings one by one, and the JIT's map read once for each: minutes."""
        n, start = 60000, 0x600000000000
        pid = (1 << 23) + 4 * os.getpid()  # above any that can be alive
        with open("/tmp/perf-%d.map" % pid, "w", encoding="ascii") as f:
            f.writelines("%x 1000 f%d\n" % (start + 0x2000 * i, i) for i in range(n))
        self.addCleanup(os.unlink, f.name)
        r = Recording(TASK_CLOCK)
        for i in range(n):
            r.mmap(pid, start + 0x2000 * i, 0x1000, 0, "//anon")
        r.mmap(pid, start + 0x2000 * 7 + 0x800, 0x2000, 0, "/lib/later.so", time=500)
        frames = [start + 0x2000 * (i * 7919 % n) + 0x801 for i in range(3999)] + [start + 0x2000 * 7 + 0x801]
        for time in range(1, 1000):
            r.sample(pid, pid, frames, time)
        with open(self.path("perf.data"), "wb") as f:
            f.write(r.file())
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(self.bytes_of("-proto", self.path("perf.data")))
        names = ["f%d" % (i * 7919 % n) for i in range(3999)]
        found = [([f.name or f.mapping.file for f in s.stack], s.values)
                 for s in profile.read(self.path("out.pb.gz")).samples]
        self.assertEqual(found, [(names + ["f7"], [499, 499 * 250000]),
                                 (names + ["/lib/later.so"], [500, 500 * 250000])])

    def test_kernel(self):
        r = one_process()
        r.mmap(KERNEL_PID, 0xffffffff81000000, 0x1000000, 0xffffffff81000000, "[kernel.kallsyms]_text")
        r.sample(7, 7, [CONTEXT_KERNEL, 0xffffffff81000100, CONTEXT_USER, CODE + 0x11], 1, mode=KERNEL)
        p = self.convert(r.file())
        self.assertEqual(self.stacks(p), [
            (((0xffffffff81000100, "[kernel.kallsyms]_text"), (CODE + 0x11, "/bin/prog")), [1, 250000])])
        self.assertIn("File: prog", self.run_cprof("-symbolize=none", "-top", self.path("perf.data"))[0])

    def test_faults_of_first_instructions(self):
        """Where the kernel was entered is no return address: the byte before it belonged to the function before."""
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        kernel, sp = [CONTEXT_KERNEL, 0xffffffff81000100, 0xffffffff81000201, CONTEXT_USER], 0x7ffc00000000
        frames = [0xffffffff81000100, 0xffffffff81000200, CODE + 0x10, CODE + 0x30]
        r.sample(7, 7, kernel + [CODE + 0x10, CODE + 0x31], 1, mode=KERNEL)
        r.sample(7, 7, kernel + [CODE + 0x10], 2, mode=KERNEL, registers={BP: sp + 8, SP: sp, PC: CODE + 0x10},
                 stack=[1, 0, CODE + 0x31])
        self.assertEqual([[f.address for f in s.stack] for s in self.convert(r.file()).samples], [frames])

    def test_no_code_in_data(self):
        """perf record -d: what is mapped without being code was looked for in JIT compilers' maps."""
        r = one_process()
        r.mmap(7, 0x600000000000, 0x1000, 0, "//anon", protection=3)
        r.mmap(7, 0x7f0000001000, 0x1000, 0, "/lib/locale", protection=1)  # in place of part of libx.so
        r.sample(7, 7, [CODE + 0x10, 0x600000000011, 0x7f0000001011, 0x7f0000002011], 1)
        self.assertEqual([f.mapping and f.mapping.file for f in self.convert(r.file()).samples[0].stack],
                         ["/bin/prog", None, None, "/lib/libx.so"])
        self.assertNotIn("perf-7.map", self.run_cprof("-top", self.path("perf.data"))[1])

    def test_threads_without_names(self):
        """Idle processors are pid 0, of which no record tells; of threads that have ended the kernel says -1."""
        r = one_process()
        for pid, tid in (0, 0), (7, 2**32 - 1), (2**32 - 1, 2**32 - 1):
            r.sample(pid, tid, [CODE + 1], 1)
        self.assertEqual([s.labels for s in self.convert(r.file()).samples], [
            {"comm": "swapper", "pid": 0, "tid": 0}, {"comm": "prog", "pid": 7, "tid": -1}, {"pid": -1, "tid": -1}])

    def test_build_ids_of_the_header(self):
        r = Recording(TASK_CLOCK)
        for i, file in enumerate(("/lib/c.so", "/lib/a.so", "[kernel.kallsyms]", "/lib/b.so", "/lib/a.so2")):
            r.build_ids[file] = bytes([i + 1]) * 20
        r.mmap(KERNEL_PID, 0xffffffff81000000, 0x1000000, 0xffffffff81000000, "[kernel.kallsyms]_text")
        files = ("/lib/a.so", "/lib/a", "/lib/b.so", "/lib/c.so", "/lib/d.so")
        for i, file in enumerate(files):
            r.mmap(7, CODE + 0x1000 * i, 0x1000, 0, file)
        r.sample(7, 7, [CONTEXT_KERNEL, 0xffffffff81000100, CONTEXT_USER] +
                 [CODE + 0x1000 * i + 1 for i in range(len(files))], 1, mode=KERNEL)
        self.assertEqual([f.mapping.build_id[:2] for f in self.convert(r.file()).samples[0].stack],
                         ["03", "02", "", "04", "01", ""])

    def test_generated_code(self):
        """perf.data of node, python3 -X perf and the JVM was [anon] in half of its frames, without a word why."""
        first, second, mapless = ((1 << 23) + 4 * os.getpid() + i for i in range(3))  # above any that can be alive
        for pid, text in (first, "1010 20 old\n1010 20 JS:*a b.js:1\n0x2000 0x10 LazyCompile:c\nnonsense\n"), \
                (second, "1010 8 py::f:/x y.py\n"):
            with open("/tmp/perf-%d.map" % pid, "w", encoding="ascii") as f:
                f.write(text)
            self.addCleanup(os.unlink, f.name)
        r = Recording(TASK_CLOCK)
        for pid, file in (first, "//anon"), (second, "/dev/zero (deleted)"), (mapless, "[anon:v8]"):
            r.mmap(pid, 0x1000, 0x2000, 0, file)
            r.sample(pid, pid, [0x1010, 0x2001], 1)
        child = first + 3
        r.fork(child, first, 2)
        r.sample(child, child, [0x102f], 3)
        with open(self.path("perf.data"), "wb") as f:
            f.write(r.file())
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(self.bytes_of("-proto", self.path("perf.data")))
        names = {s.labels["pid"]: [f.name for f in s.stack] for s in profile.read(self.path("out.pb.gz")).samples}
        self.assertEqual(names, {first: ["JS:*a b.js:1", "LazyCompile:c"], second: ["py::f:/x y.py", ""],
                                 mapless: ["", ""], child: ["JS:*a b.js:1"]})
        said = [line for line in self.run_cprof("-top", self.path("perf.data"))[1].splitlines()]
        self.assertEqual(said, [
            "Local symbolization failed for /tmp/perf-%d.map: there is none; JIT compilers write it where they are "
            "told to (node --perf-basic-prof, python3 -X perf, jcmd PID Compiler.perfmap)" % mapless])
        self.assertNotIn("JS:", self.run_cprof("-symbolize=none", "-top", self.path("perf.data"))[0])

    def kernel_stderr(self, symbol, build_id, moved_by=0, host=()):
        """(-top's stdout, its lines about the kernel) of a sample in the kernel function `symbol`."""
        with open("/proc/kallsyms") as f:
            table = {line.split()[2]: int(line.split()[0], 16) for line in f}
        start = (table["_text"] or 0xffffffff81000000) + moved_by
        r = one_process()
        r.host = host
        r.mmap(KERNEL_PID, start, 0x10000000, start, "[kernel.kallsyms]_text", build_id=build_id)
        r.sample(7, 7, [CONTEXT_KERNEL, max(table[symbol], start) + 1], 1, mode=KERNEL)
        with open(self.path("perf.data"), "wb") as f:
            f.write(r.file())
        out, err = self.run_cprof("-top", self.path("perf.data"))
        return out, [line for line in err.splitlines() if "kernel" in line]

    @unittest.skipUnless(os.path.exists("/sys/kernel/notes"), "this kernel does not say what it is")
    def test_kernel_names(self):
        with open("/sys/kernel/notes", "rb") as f:
            notes = f.read()
        at = notes.index(struct.pack("<II", 20, 3) + b"GNU\0") + 12
        running, other = notes[at:at + 20], bytes(20)
        failed = "Local symbolization failed for [kernel.kallsyms]: "
        with open("/proc/kallsyms") as f:
            is_shown = int(f.readline().split()[0], 16) != 0
        out, err = self.kernel_stderr("vfs_read", running)
        if is_shown:
            self.assertRegex(out, r"  vfs_read\n")
            self.assertEqual(err, [])
            self.assertEqual(self.kernel_stderr("vfs_read", running, moved_by=-0x1000)[1],
                             [failed + "the kernel was at another address: this machine was started anew since"])
        else:
            self.assertEqual(err, [failed + "/proc/kallsyms hides the addresses from this user"])
        self.assertEqual(self.kernel_stderr("vfs_read", other)[1], [
            failed + "it is of another kernel (build ID %s) than the one running here (%s)" % (other.hex(),
                                                                                              running.hex())])
        here = os.uname()
        unknown = [failed + "the profile does not say which kernel it is of"]
        self.assertEqual(self.kernel_stderr("vfs_read", None)[1], unknown)
        self.assertEqual(self.kernel_stderr("vfs_read", None, host=("other", here.release))[1], unknown)
        self.assertEqual(self.kernel_stderr("vfs_read", None, host=(here.nodename, "2.6.32"))[1], unknown)
        if is_shown:  # perf record -z
            out, _ = self.kernel_stderr("vfs_read", None, host=(here.nodename, here.release))
            self.assertRegex(out, r"  vfs_read\n")

    def test_files_kept_by_perf(self):
        """perf record copies what it meets: of a program built anew since there were no names, and stacks were cut."""
        library, offset = self.library(".type kept, @function", "kept:", ".cfi_def_cfa rsp, 24", ".cfi_offset rip, -8")
        text = subprocess.run(["readelf", "-n", library], capture_output=True, text=True, check=True).stdout
        ident = re.search(r"Build ID: (\w+)", text)
        if not ident:
            self.skipTest("the linker gives no build ids")
        copy = self.path(".debug/.build-id/%s/%s/elf" % (ident[1][:2], ident[1][2:]))
        os.makedirs(os.path.dirname(copy))
        other = self.path("other.so")
        os.rename(library, copy)
        subprocess.run(["gcc", "-shared", "-nostdlib", "-xassembler", "-", "-o", other], check=True, input=b".byte 1\n")
        for file in other, self.path("gone.so"):
            r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
            r.mmap(7, 0x7f1000000000, 0x1000, offset // 4096 * 4096, file, build_id=bytes.fromhex(ident[1]))
            pc, sp = 0x7f1000000000 + offset % 4096 + 16, 0x7ffc00000000
            r.sample(7, 7, [CONTEXT_USER, pc], 1, registers={BP: 0, SP: sp, PC: pc}, stack=[1, 2, CODE + 0x21])
            with open(self.path("perf.data"), "wb") as f:
                f.write(r.file())
            with open(self.path("out.pb.gz"), "wb") as f:
                f.write(self.bytes_of("-proto", self.path("perf.data")))
            frames = profile.read(self.path("out.pb.gz")).samples[0].stack
            self.assertEqual([f.name or f.address for f in frames], ["kept", CODE + 0x20])
            self.assertEqual(frames[0].mapping.file, file)
            self.assertNotIn(file, self.run_cprof("-top", self.path("perf.data"))[1])

    def test_names_of_the_vdso(self):
        """What the kernel maps into every process had no names: a fifth of programs that ask for the time."""
        with open("/proc/self/maps") as f:
            found = [line.split()[0].split("-") for line in f if line.endswith("[vdso]\n")]
        if not found or not shutil.which("nm") or not shutil.which("readelf"):
            self.skipTest("needs binutils, and a vdso")
        start, limit = (int(word, 16) for word in found[0])
        with open("/proc/self/mem", "rb") as memory, open(self.path("vdso"), "wb") as copy:
            memory.seek(start)
            copy.write(memory.read(limit - start))
        text = subprocess.run("nm -D vdso; readelf -n vdso", shell=True, cwd=self.dir, capture_output=True, text=True,
                              check=True).stdout
        symbols = re.findall(r"(?m)^([0-9a-f]+) [TW] (\w*clock_gettime)\b", text)
        ident = bytes.fromhex(re.search(r"Build ID: (\w+)", text)[1])
        here = os.uname()
        for build_id, host, is_known in ((ident, (), True), (bytes(20), (), False), (None, (), False),
                                         (None, (here.nodename, here.release), True)):
            r = Recording(TASK_CLOCK)
            r.host = host
            for pid in 7, 8:  # each has it elsewhere
                r.mmap(pid, 0x7ffc00000000 + pid * 0x10000, limit - start, 0, "[vdso]", build_id=build_id)
                r.sample(pid, pid, [0x7ffc00000000 + pid * 0x10000 + int(symbols[0][0], 16) + 1], 1)
            with open(self.path("perf.data"), "wb") as f:
                f.write(r.file())
            with open(self.path("out.pb.gz"), "wb") as f:
                f.write(self.bytes_of("-proto", self.path("perf.data")))
            p = profile.read(self.path("out.pb.gz"))
            for s in p.samples:
                self.assertIn(s.stack[0].name, [name for _, name in symbols] if is_known else [""])
            self.assertEqual(len(p.mappings), 1)
            self.assertEqual(self.run_cprof("-top", self.path("perf.data"))[1], "")

    def test_dumps_by_frame_pointer(self):
        """Stacks that came along, of code without unwind tables."""
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        sp = 0x7ffc00000000
        begin = {BP: sp + 8, SP: sp, PC: CODE + 0x10}
        r.sample(7, 7, [CONTEXT_USER, CODE + 0x10], 1, registers=begin,
                 stack=[1, sp + 32, CODE + 0x21, 2, 0, CODE + 0x31])
        r.sample(7, 7, [CODE + 0x10], 2, registers=begin, stack=[1, sp + 64, CODE + 0x21])
        nowhere = [1, sp, CODE + 0x21] + 3000 * [0]
        r.sample(7, 7, [CODE + 0x10], 3, registers=begin, stack=nowhere)
        r.sample(7, 7, [CONTEXT_USER, CODE + 0x10, CODE + 0x21], 4)
        p = self.convert(r.file())
        names = [[f.name or f.address - CODE for f in s.stack] for s in p.samples]
        self.assertEqual(names, [
            [0x10, 0x20, 0x30], [0x10, 0x20, "[truncated: deeper than is kept]"],
            [0x10, 0x20, "[cut: no unwind information]"], [0x10, 0x20]])
        self.assertIn("stacks: 2 of 3 are not whole: 1 go on behind what was copied of them, 1 met code without "
                      "unwind tables", self.run_cprof("-comments", self.path("perf.data"))[0])

    def library(self, *rules):
        """A file of one function of 64 bytes with these unwind rules, and where in it that is."""
        path = self.path("lib.so")
        if os.uname().machine != "x86_64" or not shutil.which("gcc"):
            self.skipTest("needs gcc for x86-64")
        code = "\n".join([".cfi_startproc", *rules, ".fill 64, 1, 0x90", ".cfi_endproc", ""])
        subprocess.run(["gcc", "-shared", "-nostdlib", "-xassembler", "-", "-o", path], check=True, input=code.encode())
        out = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
        return path, next(int(line.split(".text")[1].split()[2], 16) for line in out.splitlines() if ".text" in line)

    def test_dumps_that_lead_nowhere(self):
        """Unwind tables by which a function is called by itself, at the same place of the stack: it stood there four
        thousand times, as if the last were the outermost."""
        library, offset = self.library(".cfi_def_cfa rsp, 0", ".cfi_same_value rip")
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        r.mmap(7, 0x7f1000000000, 0x1000, offset // 4096 * 4096, library)
        pc, sp = 0x7f1000000000 + offset % 4096 + 16, 0x7ffc00000000
        r.sample(7, 7, [CONTEXT_USER, pc], 1, registers={BP: 0, SP: sp, PC: pc}, stack=[1, 2, 3])
        stack = [f.name or f.address - pc for f in self.convert(r.file()).samples[0].stack]
        self.assertEqual(stack, [0, -1, "[cut: no unwind information]"])

    def frames_behind(self, stack, *rules):
        """(addresses beyond a function with these rules, the first of its addresses), its frame pointer at the third
        word of this stack."""
        library, offset = self.library(*rules)
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        pc, sp = 0x7f1000000000 + offset % 4096 + 16, 0x7ffc00000000
        r.mmap(7, 0x7f1000000000, 0x1000, offset // 4096 * 4096, library)
        r.sample(7, 7, [CONTEXT_USER, pc], 1, registers={BP: sp + 16, SP: sp, PC: pc}, stack=stack)
        frames = [f.name or f.address for f in self.convert(r.file()).samples[0].stack]
        self.assertEqual(frames[0], pc)
        return frames[1:]

    def test_dumps_of_epilogues(self):
        """LLVM's `pop %rbp; ret`: by the rules the frame pointer is still where it was taken from, which is below the
        stack and not in the copy. One stack of a hundred of a Rust program was cut."""
        self.assertEqual(self.frames_behind([CODE + 0x21, 7, 0, CODE + 0x31], ".cfi_def_cfa rsp, 8",
                                            ".cfi_offset rbp, -16"), [CODE + 0x20, CODE + 0x30])

    def test_dumps_of_signals(self):
        """What a signal interrupted is no call."""
        rules = ".cfi_def_cfa rsp, 8", ".cfi_same_value rbp"
        for more, called in ((), 0x20), ((".cfi_signal_frame",), 0x21):
            self.assertEqual(self.frames_behind([CODE + 0x21, 7, 0, CODE + 0x31], *rules, *more),
                             [CODE + called, CODE + 0x30])

    def test_dumps_of_handlers(self):
        """What a handler returns to has nothing before it: glibc's __restore_rt had no name."""
        library, offset = self.library(".cfi_def_cfa rsp, 8", ".cfi_same_value rbp", ".cfi_signal_frame")
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        restorer, sp = 0x7f1000000000 + offset % 4096 + 16, 0x7ffc00000000
        r.mmap(7, 0x7f1000000000, 0x1000, offset // 4096 * 4096, library)
        r.sample(7, 7, [CONTEXT_USER, CODE + 0x10], 1, registers={BP: sp, SP: sp, PC: CODE + 0x10},
                 stack=[sp + 24, restorer, CODE + 0x21, 0, CODE + 0x31])
        self.assertEqual([f.address for f in self.convert(r.file()).samples[0].stack],
                         [CODE + 0x10, restorer, CODE + 0x21, CODE + 0x30])

    def test_dumps_of_many_files(self):
        """Each file stayed open: of a whole system's, those beyond a thousand had no unwind tables."""
        library, offset = self.library()
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        sp = 0x7ffc00000000
        for i in range(100):
            os.link(library, self.path("lib%d.so" % i))
            start = 0x7f1000000000 + i * 0x10000
            pc = start + offset % 4096 + 16
            r.mmap(7, start, 0x1000, offset // 4096 * 4096, self.path("lib%d.so" % i))
            r.sample(7, 7, [CONTEXT_USER, pc], 1, registers={BP: 0, SP: sp, PC: pc}, stack=[CODE + 0x21])
        with open(self.path("perf.data"), "wb") as f:
            f.write(r.file())
        out = subprocess.run(["sh", "-c", "ulimit -n 40; exec \"$0\" -symbolize=none -proto perf.data", CPROF],
                             cwd=self.dir, env=self.env, stdout=subprocess.PIPE, check=True, timeout=60).stdout
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(out)
        samples = profile.read(self.path("out.pb.gz")).samples
        self.assertEqual([[f.address for f in s.stack[1:]] for s in samples], [[CODE + 0x20]] * 100)

    def test_dumps_of_perf(self):
        """perf record --call-graph dwarf of a program without frame pointers: its stacks reach their beginning."""
        perf = shutil.which("perf")
        recorded = perf and subprocess.run(
            [perf, "record", "-q", "--call-graph", "dwarf", "-o", self.path("perf.data"), "dd", "if=/dev/zero",
             "of=/dev/null", "bs=1", "count=200000"], capture_output=True).returncode == 0
        if not recorded:
            self.skipTest("perf record is not permitted here")
        with open(self.path("out.pb.gz"), "wb") as f:
            f.write(self.bytes_of("-proto", self.path("perf.data")))
        samples = [s for s in profile.read(self.path("out.pb.gz")).samples if s.labels["comm"] == "dd"]
        # Before it there is _start alone, which a stripped program has no name for.
        whole = sum(s.values[0] for s in samples if "__libc_start_main" in [f.name for f in s.stack[-2:-1]])
        self.assertGreater(whole, 0.95 * sum(s.values[0] for s in samples))

    def test_of_perf(self):
        """What perf itself recorded, against perf's own report."""
        perf = shutil.which("perf")
        recorded = perf and subprocess.run(
            [perf, "record", "-q", "-g", "-o", self.path("perf.data"), "dd", "if=/dev/zero", "of=/dev/null", "bs=1",
             "count=200000"], capture_output=True).returncode == 0
        if not recorded:
            self.skipTest("perf record is not permitted here")
        text = subprocess.run([perf, "report", "-i", self.path("perf.data"), "--no-children", "-g", "none", "--stdio",
                               "-n", "--sort", "sym"], capture_output=True, text=True, check=True).stdout
        theirs = {}  # functions of one name count together
        for n, kind, name in re.findall(r"(?m)^ +[\d.]+% +(\d+) +\[(.)\] (\S+)", text):
            if kind == "k":
                theirs[name] = theirs.get(name, 0) + int(n)
        out, _ = self.run_cprof("-top", "-sample_index=0", "-nodefraction=0", self.path("perf.data"))
        ours = {name: int(n) for n, name in re.findall(r"(?m)^ +(\d+) +\S+ +\S+ +\d+ +\S+  (\S+)$", out)}
        self.assertIn("samples", self.run_cprof("-raw", "-symbolize=none", self.path("perf.data"))[0])
        common = set(ours) & set(theirs)  # of several names at an address either may be taken
        if os.geteuid() == 0 and theirs:
            self.assertGreaterEqual(len(common), 0.8 * len(theirs), (ours, theirs))
            for name in common:
                self.assertEqual(ours[name], theirs[name], name)

    def test_events(self):
        r = Recording(TASK_CLOCK, PAGE_FAULTS, sample_type=IP | TID | TIME | ID | PERIOD | READ | CALLCHAIN)
        r.mmap(7, CODE, 0x1000, 0, "/bin/prog")
        r.sample(7, 7, [CODE + 1], 1, event=0)
        r.sample(7, 7, [CODE + 1], 2, event=1, period=3)
        p = self.convert(r.file())
        self.assertEqual(p.sample_types, [("task-clock_sample", "count"), ("task-clock_event", "nanoseconds"),
                                          ("page-faults_sample", "count"), ("page-faults_event", "count")])
        self.assertEqual(self.stacks(p), [(((CODE + 1, "/bin/prog"),), [1, 250000, 1, 3])])

    def test_groups(self):
        """perf record -e '{a,b}:S': one event samples, and says how far each has come. The others were all zero."""
        r = Recording(TASK_CLOCK, PAGE_FAULTS, sample_type=IP | TID | TIME | ID | PERIOD | READ | CALLCHAIN,
                      read_format=4 | GROUP)
        for time, faults in (1, 5), (2, 0), (3, 2):
            r.counts[1] += faults
            r.sample(7, 7, [CODE + time], time, period=250000 + time)
        r.sample(7, 7, [CODE + 4], 4, period=0)  # nothing has gone on: perf takes it for no sample
        for data in r.file(), r.pipe():
            self.assertEqual([values for _, values in self.stacks(self.convert(data))],
                             [[1, 250001, 1, 5], [1, 250002, 0, 0], [1, 250003, 1, 2]])

    def test_readings_of_threads(self):
        """perf record -e task-clock:S: each thread that inherits the event counts for itself, under one id."""
        r = Recording(TASK_CLOCK, sample_type=IP | TID | TIME | ID | PERIOD | READ | CALLCHAIN, is_inherited=True)
        counts = {8: 0, 9: 0}
        for time, tid in enumerate((8, 9, 8, 9)):
            counts[tid] += 1000 * tid
            r.counts[0] = counts[tid] - 7
            r.sample(7, tid, [CODE + 1], time, period=7)
        self.assertEqual([values for _, values in self.stacks(self.convert(r.file()))], [[2, 16000], [2, 18000]])

    def test_off_cpu(self):
        """perf record --off-cpu: waits come at the end, at a time behind all: it had taken 585 years."""
        r = Recording(TASK_CLOCK, BPF_OUTPUT, sample_type=IP | TID | TIME | ID | PERIOD | CALLCHAIN,
                      names=["task-clock", "offcpu-time"])
        r.sample(7, 7, [CODE + 1], 1000)
        r.sample(7, 7, [CODE + 1], 3000)
        r.sample(7, 7, [CODE + 1], 2**64 // 10**6, event=1, period=5000000)
        p = self.convert(r.file())
        self.assertEqual(p.sample_types[3], ("offcpu-time_event", "nanoseconds"))
        self.assertEqual([s.values for s in p.samples], [[2, 500000, 1, 5000000]])
        self.assertEqual(p.duration_ns, 2 * 10**9)

    def test_many_events(self):
        """Each stack had two numbers for each of 4,000 events: of 2 MB of records 1,300."""
        def recording(*used):
            r = Recording(*range(4000), sample_type=IP | TID | TIME | ID | PERIOD | CALLCHAIN)
            for i in range(20000):
                r.sample(7, 7, [CODE + i], i + 1, event=used[i % len(used)])
            return r.file()
        mib, _ = self.most_memory_mib(recording(*range(20)))
        self.assertLess(mib, 200)
        p = self.convert(recording(0, 10))
        self.assertEqual([t for t, _ in p.sample_types], ["cpu-clock_sample", "cpu-clock_event",
                                                          "event-1-0xa_sample", "event-1-0xa_event"])
        self.assertEqual(self.stacks(p)[:2], [(((CODE, ""),), [1, 250000, 0, 0]),
                                              (((CODE + 1, ""),), [0, 0, 1, 250000])])
        mib, said = self.most_memory_mib(recording(*range(4000)), status=2)
        self.assertLess(mib, 1100)
        self.assertIn("samples of 4000 events, whose values take more than 339 MiB: record fewer at once", said)

    def test_events_of_one_name(self):
        """task-clock:u and task-clock:k were two sample types of one name, of which every option found the first."""
        r = Recording(TASK_CLOCK, TASK_CLOCK, TASK_CLOCK, sample_type=IP | TID | TIME | ID | PERIOD | CALLCHAIN,
                      names=["task-clock:u", "task-clock:k", "task-clock:k"])
        r.sample(7, 7, [CODE + 1], 1, event=0)
        r.sample(7, 7, [CODE + 1], 2, event=1, period=3)
        self.assertEqual([t for t, _ in self.convert(r.file()).sample_types], [
            "task-clock:u_sample", "task-clock:u_event", "task-clock:k_sample", "task-clock:k_event",
            "task-clock:k#2_sample", "task-clock:k#2_event"])
        out, _ = self.run_cprof("-symbolize=none", "-top", "-sample_index=task-clock:k_event", self.path("perf.data"))
        self.assertIn("Total samples = 3ns", out)

    def test_one_library_of_many_processes(self):
        """Of a whole system each library was looked through once for every process: a minute for a second of it."""
        r = Recording(TASK_CLOCK)
        for pid in 7, 8, 9:
            at = 0x7f0000000000 + pid * 0x1000000
            r.mmap(pid, at, 0x10000, 0x2000, "/lib/libx.so", build_id=bytes(20))
            r.mmap(pid, at + 0x10000, 0x10000, 0, "//anon")
            r.sample(pid, pid, [at + 0x10, at + 0x10010], 1)
        r.mmap(9, 0x7f1000000000, 0x10000, 0x2000, "/lib/libx.so", time=2, build_id=b"\1" * 20)
        r.sample(9, 9, [0x7f1000000010], 3)
        p = self.convert(r.file())
        first = 0x7f0007000000
        libx = [s.stack[0] for s in p.samples]
        self.assertEqual([f.address for f in libx], 3 * [first + 0x10] + [0x7f1000000010])
        self.assertEqual([f.mapping.start for f in libx], 3 * [first] + [0x7f1000000000])
        # Generated code is of its process alone.
        self.assertEqual([s.stack[1].address for s in p.samples[:3]],
                         [0x7f000001000f + pid * 0x1000000 for pid in (7, 8, 9)])

    def test_dumps_of_unknown_machines(self):
        """Registers of RISC-V were read as if they were those of x86-64."""
        r = one_process(sample_type=IP | TID | TIME | CALLCHAIN | PERIOD | REGISTERS | STACK)
        r.machine = "riscv64"
        sp = 0x7ffc00000000
        r.sample(7, 7, [CODE + 0x10], 1, registers={BP: sp + 8, SP: sp, PC: CODE + 0x50},
                 stack=[1, sp + 32, CODE + 0x21, 2, 0, CODE + 0x31])
        names = [[f.name or f.address - CODE for f in s.stack] for s in self.convert(r.file()).samples]
        self.assertEqual(names, [[0x10, "[cut: no unwind information]"]])

    def test_losses_are_said(self):
        r = one_process()
        r.sample(7, 7, [CODE + 1], 1)
        r.record(LOST, struct.pack("<QQ", 100, 42), time=2)
        r.record(SAMPLE, bytes(16))
        self.convert(r.file())
        comments = self.run_cprof("-comments", self.path("perf.data"))[0]
        self.assertIn("lost: 42 events", comments)
        self.assertIn("left out: 1 samples", comments)

    def test_compressed(self):
        """perf record -z: one stream in pieces, records across them."""
        for kind in (81, 83):
            for piece_bytes in (1 << 16, 50):
                r = one_process()
                for at in range(20):
                    r.sample(7, 7, [CODE + 1 + at % 3], at)
                plain = self.convert(r.file())
                stream, r.records = r.records, b""
                for at in range(0, len(stream), piece_bytes):
                    piece = zstd(stream[at:at + piece_bytes], is_whole=False)[6 if at else 0:]
                    r.record(kind, struct.pack("<Q", len(piece)) + piece + bytes(5) if kind == 83 else piece)
                for data in (r.file(), r.pipe()):
                    p = self.convert(data)
                    self.assertEqual(len(p.samples), 3)
                    self.assertEqual(self.stacks(p), self.stacks(plain))

    def test_compressed_badly(self):
        r = one_process()
        r.record(81, zstd(run_bytes=1 << 28)[:60000])
        self.assertIn("refused as a zstd bomb", self.error(r.file()))
        r.records = b""
        r.record(81, zstd(b"x" * 64)[7:])
        self.assertIn("compressed records", self.error(r.file()))

    def test_broken_files(self):
        r = one_process()
        r.sample(7, 7, [CODE + 1], 1)
        whole = r.file()
        self.assertIn("cut short", self.error(whole[:60]))
        self.assertIn("its records go up to byte %d, but it has 224" % (224 + len(r.records)), self.error(whole[:224]))
        self.assertIn("was perf record interrupted", self.error(whole[:48] + bytes(8) + whole[56:]))
        self.convert(r.pipe() + whole[:5])
        self.assertIn("left out: the last 5 bytes", self.run_cprof("-comments", self.path("perf.data"))[0])
        # perf record --threads: a report of nothing at all
        self.assertIn("in other files beside it", self.error(whole[:75] + bytes([whole[75] | 1]) + whole[76:]))
        self.assertIn("other byte order", self.error(b"2ELIFREP" + whole[8:]))


if __name__ == "__main__":
    unittest.main()
