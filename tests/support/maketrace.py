# SPDX-License-Identifier: MIT
"""Writes execution traces in the form format/tracefmt.h describes, for tests that know the truth.

    t = Trace(start_ns=10**9)
    a = t.thread(100)
    a.event(START, at=0); a.wait(MUTEX, 0x1000, begin=5 * MS, end=35 * MS, stack=t.stack("lock", "main"), waker=101)
    open("out.trace", "wb").write(t.bytes())

Times are ns since the trace's start. It knows the format from its description alone, not from our code.
"""

import struct

MS = 1000000
(START, STOP, NAME, TIMES, WAIT_BEGIN, WAIT_END, WAKE, CPU_SAMPLE, COUNTER, TASK_BEGIN, TASK_END, REGION_BEGIN,
 REGION_END, LOG, LOST) = range(1, 16)
EVENTS, STRINGS, STACKS, LOCATIONS, MAPPINGS, PROCESS, END = range(1, 8)
MUTEX, COND, READ, SLEEP, EPOLL = 1, 5, 17, 20, 22
HAS_TEXT = {STOP, NAME, LOG}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Thread:
    def __init__(self, trace, tid):
        self.trace, self.tid, self.events = trace, tid, []

    def event(self, kind, *args, at, text=None):
        body = b"".join(varint(a) for a in args)
        if kind in HAS_TEXT:
            raw = text if isinstance(text, bytes) else (text or "").encode()
            body += varint(len(raw)) + raw
        self.events.append((at, kind, body))

    def wait(self, kind, obj, begin, end, stack=0, waker=0, given_up=0):
        self.event(WAIT_BEGIN, kind, obj, stack, at=begin)
        self.event(WAIT_END, waker, given_up, at=end)

    def region(self, name, begin, end, task=0):
        self.event(REGION_BEGIN, task, self.trace.string(name), at=begin)
        self.event(REGION_END, task, self.trace.string(name), at=end)

    def payload(self):
        out, last = b"", 0
        for at, kind, body in sorted(self.events, key=lambda e: e[0]):
            out += bytes([kind]) + varint(at - last) + body
            last = at
        return out


class Trace:
    def __init__(self, start_ns=5 * 10**9, realtime_ns=1700000000 * 10**9, pid=100, program="/usr/bin/prog"):
        self.start_ns, self.realtime_ns, self.pid = start_ns, realtime_ns, pid
        self.strings, self.stacks, self.locations = {}, {}, {}
        self.threads = []
        self.process = self.thread(0)
        self.program = self.string(program)
        self.end = (0, 0, 0, 0)

    def thread(self, tid):
        self.threads.append(Thread(self, tid))
        return self.threads[-1]

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings) + 1)

    def stack(self, *names, **labels):
        """Of functions, the leaf first, all in one mapping; and with labels."""
        ids = tuple(self.locations.setdefault(n, len(self.locations) + 1) for n in names)
        for name in names:
            self.string(name)
        pairs = tuple(self.string(text) for pair in labels.items() for text in pair)
        return self.stacks.setdefault((pairs, ids), len(self.stacks) + 1)

    def chunk(self, kind, payload, tid=0, span_ns=1 << 40):
        return struct.pack("<IHHIIQQQ", 0x6B6E6863, kind, 0, len(payload), tid, self.start_ns, span_ns,
                           span_ns) + payload

    def chunks(self):
        events = [self.chunk(EVENTS, t.payload(), t.tid) for t in self.threads]
        mapping = varint(1) + varint(0x400000) + varint(0x500000) + varint(0x1000)
        mapping += varint(self.program) + varint(self.string("0123456789abcdef"))
        locations = b"".join(varint(i) + varint(1) + varint(0x400000 + 16 * i) + varint(self.string(n))
                             for n, i in self.locations.items())
        stacks = b"".join(varint(x) for (pairs, ids), i in self.stacks.items()
                          for x in (i, len(pairs) // 2, *pairs, len(ids), *ids))
        strings = b"".join(varint(i) + varint(len(s.encode())) + s.encode() for s, i in self.strings.items())
        process = b"".join(varint(n) for n in (self.pid, self.realtime_ns, 2, self.program))
        return events + [self.chunk(STRINGS, strings), self.chunk(MAPPINGS, mapping),
                         self.chunk(LOCATIONS, locations), self.chunk(STACKS, stacks),
                         self.chunk(PROCESS, process)] + (
            [self.chunk(END, b"".join(varint(n) for n in self.end))] if self.end else [])

    def bytes(self):
        return b"cproftrc" + struct.pack("<II", 2, 0) + b"".join(self.chunks())
