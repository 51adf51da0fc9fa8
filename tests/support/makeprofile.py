# SPDX-License-Identifier: MIT
"""Makes small profiles for tests.

    p = makeprofile.Maker([("samples", "count"), ("cpu", "nanoseconds")], period=10_000_000)
    p.sample(["leaf", "mid", "main"], [1, 10_000_000], tag="x", bytes=(512, "bytes"))
    open("cpu.pb.gz", "wb").write(p.gzipped())

A frame is a name, or (name, file, line), or (name, file, line, address, column), or a list of these, each inlined into
the next. An address of 0 is one of its own, None none. One mapping, "prog", unless mapping=None; frames called the
same are one function and one location.
"""

import gzip


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number, value):
    return varint(number << 3) + varint(value)


def message(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


class Maker:
    def __init__(self, types, period=0, period_type=None, duration_ns=0, time_ns=0, mapping="/bin/prog",
                 build_id="", default_type="", comments=(), drop_frames="", keep_frames=""):
        self._strings = {"": 0}
        self._frames = {}
        self._function_numbers = {}
        self._functions = b""
        self._locations = b""
        self._has_mapping = mapping is not None
        self._samples = []
        self._head = b"".join(message(1, self._value_type(t)) for t in types)
        self._tail = b"".join([
            message(3, integer(1, 1) + integer(2, 0x400000) + integer(3, 0x500000)
                    + integer(5, self._string(mapping)) + integer(6, self._string(build_id))
                    + b"".join(integer(i, 1) for i in (7, 8, 9, 10))) if self._has_mapping else b"",
            integer(7, self._string(drop_frames)), integer(8, self._string(keep_frames)),
            integer(9, time_ns), integer(10, duration_ns),
            message(11, self._value_type(period_type)) if period_type else b"", integer(12, period),
            b"".join(integer(13, self._string(c)) for c in comments),
            integer(14, self._string(default_type)),
        ])

    def _string(self, text):
        return self._strings.setdefault(text, len(self._strings))

    def _value_type(self, pair):
        return integer(1, self._string(pair[0])) + integer(2, self._string(pair[1]))

    def _function(self, name, file):
        key = (name, file)
        if key not in self._function_numbers:
            number = len(self._function_numbers) + 1
            self._function_numbers[key] = number
            self._functions += message(5, integer(1, number) + integer(2, self._string(name))
                                       + integer(3, self._string(name)) + integer(4, self._string(file)))
        return self._function_numbers[key]

    def _frame(self, frame):
        frames = frame if isinstance(frame, list) else [frame]
        key = tuple((*f, 0, 0)[:5] if isinstance(f, tuple) else (f, "", 0, 0, 0) for f in frames)
        if key not in self._frames:
            number = len(self._frames) + 1
            self._frames[key] = number
            lines = [message(4, integer(1, self._function(name, file)) + integer(2, line) + integer(3, column))
                     for name, file, line, _, column in key]
            self._locations += message(4, integer(1, number) + integer(2, int(self._has_mapping))
                                       + integer(3, self._address(key[0][3], number)) + b"".join(lines))
        return self._frames[key]

    @staticmethod
    def _address(told, number):
        return 0 if told is None else told or 0x400000 + 16 * number

    def sample(self, stack, values, **labels):
        """stack leaf first; labels: key="text", key=number or key=(number, unit)."""
        out = message(1, b"".join(varint(self._frame(f)) for f in stack))
        out += message(2, b"".join(varint(v) for v in values))
        for key, value in labels.items():
            label = integer(1, self._string(key))
            if isinstance(value, str):
                label += integer(2, self._string(value))
            else:
                number, unit = value if isinstance(value, tuple) else (value, "")
                label += integer(3, number) + integer(4, self._string(unit))
            out += message(3, label)
        self._samples.append(message(2, out))

    def bytes(self):
        strings = b"".join(message(6, s.encode()) for s in self._strings)
        return self._head + b"".join(self._samples) + self._locations + self._functions + strings + self._tail

    def gzipped(self):
        return gzip.compress(self.bytes())

    def write(self, path):
        with open(path, "wb") as f:
            f.write(self.gzipped())
        return str(path)
