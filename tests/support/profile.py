# SPDX-License-Identifier: MIT
"""A small profile.proto reader, for tests only: an independent second opinion on what we write.

    p = profile.read("cpu.pb.gz")
    p.total("cpu")                     sum of that sample type
    p.by_leaf("cpu")                   {function name: flat value}
    p.samples[0].stack                 [Frame(name, file, line, address, mapping)], leaf first
    p.samples[0].values, .labels       [int], {key: str or int}

It reads what the format says and checks it (ids unique and known, string indexes in range, as many
values as sample types): a profile that breaks a rule raises ProfileError.
"""

import gzip
import sys
import zlib
from collections import Counter, namedtuple

Frame = namedtuple("Frame", "name file line address mapping")
Mapping = namedtuple(
    "Mapping", "id start limit offset file build_id has_functions has_filenames has_lines has_inlines"
)
Sample = namedtuple("Sample", "stack values labels")


class ProfileError(Exception):
    pass


def _varint(data, pos):
    value = shift = 0
    while True:
        if pos >= len(data) or shift > 63:
            raise ProfileError("bad varint")
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), pos
        shift += 7


def fields(data):
    """Yields (field number, int or bytes) of one protobuf message."""
    pos = 0
    while pos < len(data):
        key, pos = _varint(data, pos)
        kind = key & 7
        if kind == 0:
            value, pos = _varint(data, pos)
        elif kind == 2:
            size, pos = _varint(data, pos)
            if pos + size > len(data):
                raise ProfileError("a field ends past its message")
            value, pos = data[pos : pos + size], pos + size
        else:
            raise ProfileError("wire type %d is not used in profile.proto" % kind)
        yield key >> 3, value


def _ints(values):
    """A repeated integer: packed, or one by one."""
    for value in values:
        if isinstance(value, int):
            yield value
        else:
            pos = 0
            while pos < len(value):
                one, pos = _varint(value, pos)
                yield one


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


class _Message(dict):
    """Field number -> list of values."""

    def __init__(self, data):
        super().__init__()
        for number, value in fields(data):
            self.setdefault(number, []).append(value)

    def one(self, number):
        return self.get(number, [0])[-1]

    def ints(self, number):
        return [_signed(v) for v in _ints(self.get(number, []))]


class Profile:
    def __init__(self, data):
        top = _Message(data)
        self._strings = [s.decode("utf-8") for s in top.get(6, [])]
        if not self._strings or self._strings[0] != "":
            raise ProfileError("string_table[0] is not the empty string")
        self.sample_types = [self._value_type(v) for v in top.get(1, [])]
        self.mappings = [self._mapping(_Message(m)) for m in top.get(3, [])]
        self._functions = self._by_id([_Message(m) for m in top.get(5, [])], "function")
        self._locations = {}
        by_id = {m.id: m for m in self.mappings}
        for number, loc in self._by_id([_Message(m) for m in top.get(4, [])], "location").items():
            self._locations[number] = self._frames(loc, by_id)
        self.samples = [self._sample(_Message(m)) for m in top.get(2, [])]
        self.time_ns = _signed(top.one(9))
        self.duration_ns = _signed(top.one(10))
        self.period_type = self._value_type(top.get(11, [b""])[-1])
        self.period = _signed(top.one(12))
        self.comments = [self._str(i) for i in top.ints(13)]
        self.default_sample_type = self._str(top.one(14))

    def _str(self, index):
        if not 0 <= index < len(self._strings):
            raise ProfileError("string %d of %d" % (index, len(self._strings)))
        return self._strings[index]

    def _value_type(self, data):
        m = _Message(data)
        return self._str(m.one(1)), self._str(m.one(2))

    @staticmethod
    def _by_id(messages, what):
        table = {}
        for m in messages:
            if m.one(1) == 0 or m.one(1) in table:
                raise ProfileError("%s id %d: zero or twice" % (what, m.one(1)))
            table[m.one(1)] = m
        return table

    def _mapping(self, m):
        flags = [bool(m.one(i)) for i in (7, 8, 9, 10)]
        return Mapping(m.one(1), m.one(2), m.one(3), m.one(4),
                       self._str(m.one(5)), self._str(m.one(6)), *flags)

    def _frames(self, loc, mappings):
        mapping = None
        if loc.one(2):
            if loc.one(2) not in mappings:
                raise ProfileError("mapping %d is not there" % loc.one(2))
            mapping = mappings[loc.one(2)]
        frames = []
        for data in loc.get(4, []):
            line = _Message(data)
            if line.one(1) not in self._functions:
                raise ProfileError("function %d is not there" % line.one(1))
            f = self._functions[line.one(1)]
            frames.append(Frame(self._str(f.one(2)), self._str(f.one(4)),
                                _signed(line.one(2)), loc.one(3), mapping))
        return frames or [Frame("", "", 0, loc.one(3), mapping)]

    def _sample(self, m):
        stack = []
        for number in m.ints(1):
            if number not in self._locations:
                raise ProfileError("location %d is not there" % number)
            stack += self._locations[number]
        values = m.ints(2)
        if len(values) != len(self.sample_types):
            raise ProfileError("%d values, %d sample types" % (len(values), len(self.sample_types)))
        labels = {}
        for data in m.get(3, []):
            label = _Message(data)
            value = self._str(label.one(2)) if label.one(2) else _signed(label.one(3))
            labels[self._str(label.one(1))] = value
        return Sample(stack, values, labels)

    def index(self, sample_type):
        return [t for t, _ in self.sample_types].index(sample_type)

    def total(self, sample_type):
        return sum(s.values[self.index(sample_type)] for s in self.samples)

    def by_leaf(self, sample_type):
        """{name of the leaf function: value}"""
        i, out = self.index(sample_type), Counter()
        for s in self.samples:
            out[s.stack[0].name if s.stack else ""] += s.values[i]
        return out

    def by_function(self, sample_type):
        """{function name: value of all samples with it anywhere in the stack}"""
        i, out = self.index(sample_type), Counter()
        for s in self.samples:
            for name in {f.name for f in s.stack}:
                out[name] += s.values[i]
        return out


def read(path):
    with open(path, "rb") as f:
        return parse(f.read())


def parse(data):
    """A profile from bytes, gzip'd (one member or several) or plain."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as e:
            raise ProfileError("gzip: %s" % e) from e
    return Profile(data)


def main():
    """profile.py FILE...: prints what is inside, for the eyes."""
    for path in sys.argv[1:]:
        p = read(path)
        print(path, "period", p.period, p.period_type, "duration_ns", p.duration_ns)
        for comment in p.comments:
            print("#", comment)
        for s in p.samples:
            print(s.values, s.labels or "", " < ".join(f.name or hex(f.address) for f in s.stack))


if __name__ == "__main__":
    main()
