# SPDX-License-Identifier: MIT
"""Reads execution traces (format/tracefmt.h) independently of our own code: trace.read(path)."""

import struct
from collections import namedtuple

EVENTS = {
    1: ("thread_start", ("creator", "address", "stack"), False),
    2: ("thread_stop", ("cpu_ns",), True),
    3: ("thread_name", ("of",), True),
    4: ("thread_times", ("of", "cpu_ns", "runqueue_ns"), False),
    5: ("wait_begin", ("wait", "object", "stack"), False),
    6: ("wait_end", ("waker", "given_up"), False),
    7: ("wake", ("wait", "object", "stack"), False),
    8: ("cpu_sample", ("cpu_ns", "stack"), False),
    9: ("counter", ("name", "value"), False),
    10: ("task_begin", ("task", "parent", "type"), False),
    11: ("task_end", ("task",), False),
    12: ("region_begin", ("task", "type"), False),
    13: ("region_end", ("task", "type"), False),
    14: ("log", ("task", "category"), True),
    15: ("lost", ("count",), False),
}
STRING_ARGS = ("name", "type", "category")
WAITS = {1: "mutex", 2: "rdlock", 3: "wrlock", 4: "spin", 5: "cond", 6: "sem", 7: "barrier", 8: "join", 9: "futex",
         16: "syscall", 17: "read", 18: "write", 19: "fsync", 20: "sleep", 21: "poll", 22: "epoll", 23: "select",
         24: "accept", 25: "connect", 26: "recv", 27: "send", 28: "child", 29: "flock"}
RAW = 1 << 63
CHUNK = struct.Struct("<IHHIIQQQ")
Location = namedtuple("Location", "mapping address function")


class Event:
    def __init__(self, kind, tid, ns, args, text):
        self.kind, self.tid, self.ns, self.text = kind, tid, ns, text
        self.__dict__.update(args)

    def __repr__(self):
        return repr(self.__dict__)


class Trace:
    """events, by time; end: (signal, lost events, samples, stacks) or None; is_cut; process; functions(stack)."""

    def __init__(self):
        self.events, self.strings, self.stacks, self.locations, self.mappings = [], {0: ""}, {}, {}, {}
        self.label_ids = {}  # of a stack: [(string, string)]
        self.end = self.process = None
        self.is_cut = False
        self.nbytes_of_events = 0

    def of(self, kind, **fields):
        return [e for e in self.events
                if e.kind == kind and all(getattr(e, k) == v for k, v in fields.items())]

    def functions(self, stack):
        """Names of a stack, the leaf first; None: an address nobody looked up."""
        return [self.strings[self.locations[at].function] if at in self.locations else None
                for at in self.stacks.get(stack, [])]

    def labels(self, stack):
        return {self.strings[key]: self.strings[value] for key, value in self.label_ids.get(stack, [])}


class Payload:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def numbers(self, n):
        return [self.varint() for _ in range(n)]

    def text(self):
        n = self.varint()
        self.at += n
        assert self.at <= len(self.data), "a text behind its chunk"
        return self.data[self.at - n:self.at].decode("utf-8", "replace")


def read_event(trace, p, tid, base_ns, scale, ticks):
    name, fields, has_text = EVENTS[p.numbers(1)[0]]
    ticks += p.varint()
    args = dict(zip(fields, p.numbers(len(fields))))
    text = p.text() if has_text else ""
    ns = base_ns + (int(ticks * scale[0] // scale[1]) if scale[1] else 0)
    trace.events.append(Event(name, tid, ns, args, text))
    return ticks


def read_chunk(trace, kind, p, tid, base_ns, span_ns, span_ticks):
    ticks = 0
    while p.at < len(p.data):
        if kind == 1:
            ticks = read_event(trace, p, tid, base_ns, (span_ns, span_ticks), ticks)
            assert ticks <= span_ticks, "an event behind its chunk's span"
        elif kind == 2:
            at = p.varint()
            trace.strings[at] = p.text()
        elif kind == 3:
            at, n = p.numbers(2)
            labels = p.numbers(2 * n)
            trace.stacks[at] = p.numbers(p.varint())
            trace.label_ids[at] = list(zip(labels[::2], labels[1::2]))
        elif kind == 4:
            at, *rest = p.numbers(4)
            trace.locations[at] = Location(*rest)
        elif kind == 5:
            at, *rest = p.numbers(6)
            trace.mappings[at] = rest
        elif kind == 6:
            trace.process = p.numbers(4)
        else:
            trace.end = p.numbers(4)


def parse(data):
    trace = Trace()
    assert data[:16] == b"cproftrc" + struct.pack("<II", 2, 0), "no trace: %r" % data[:16]
    at = 16
    while at < len(data):
        if at + CHUNK.size > len(data):
            trace.is_cut = True
            break
        magic, kind, _, n, tid, *span = CHUNK.unpack_from(data, at)
        at += CHUNK.size
        if magic != 0x6b6e6863 or at + n > len(data):
            trace.is_cut = True
            break
        read_chunk(trace, kind, Payload(data[at:at + n]), tid, *span)
        trace.nbytes_of_events += n if kind == 1 else 0
        at += n
    for e in trace.events:
        for field in STRING_ARGS:
            if field in e.__dict__:
                setattr(e, field, trace.strings[getattr(e, field)])
        if e.kind in ("wait_begin", "wake"):
            e.wait = WAITS[e.wait]
    trace.events.sort(key=lambda e: e.ns)
    return trace


def read(path):
    with open(path, "rb") as f:
        return parse(f.read())


def spans(trace, begin, end, same=()):
    """[(begin event, end event)] of each thread, nested ones by their order."""
    open_ones, out = {}, []
    for e in trace.events:
        if e.kind == begin:
            open_ones.setdefault(e.tid, []).append(e)
        elif e.kind == end and open_ones.get(e.tid):
            b = open_ones[e.tid].pop()
            assert all(getattr(b, k) == getattr(e, k) for k in same), (b, e)
            out.append((b, e))
    return out
