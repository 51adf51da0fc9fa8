#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our unwind rules against `readelf`'s, at both ends of every row: `test_rules.py PRINT_RULES FILE...`

Every difference is a failure, and so is a form we do not read; both are printed, and nothing is skipped.
Where an expression computes a place, only that there is one is compared: what they compute is tested by
walking through such code (test_unwind_step.c).
"""

import ctypes
import os
import re
import subprocess
import sys

SHOWN = 10
COLUMNS = {62: ["rbx", "rbp", "ra"], 183: ["none", "x29", "ra"]}  # by ELF machine, in print_rules' order
CIE = re.compile(r'^(\w+) \w+ \w+ CIE "(\w*)" .* ra=(\d+)')
FDE = re.compile(r"^(\w+) \w+ \w+ FDE cie=(\w+) pc=(\w+)\.\.(\w+)")
DWARF_NAMES = {"r0": "rax", "r1": "rdx", "r2": "rcx", "r3": "rbx", "r4": "rsi", "r5": "rdi", "r6": "rbp", "r7": "rsp"}
ROW = re.compile(r"^(\w{16}) +(\S.*)$")


class Entry:
    """A CIE or FDE: its range and its rows (address, {column: rule})."""

    def __init__(self, start=0, end=0, cie=None, augmentation=""):
        self.start, self.end, self.cie, self.augmentation = start, end, cie, augmentation
        self.columns, self.rows = [], []


def cells(text):
    """The columns of a row. A register stands as `r5`, or as `r5 (rdi)` in two words."""
    text = re.sub(r"\br\d+ \((\w+)\)", r"\1", text)
    return [DWARF_NAMES.get(cell, cell) for cell in text.split()]


def entries(path):
    """The FDEs readelf sees in .eh_frame."""
    out = subprocess.run(["readelf", "-W", "--debug-dump=frames-interp", path], capture_output=True, text=True,
                         check=False, env={**os.environ, "LC_ALL": "C"}).stdout  # its status is 1 for most files
    cies, fdes, current = {}, [], None
    for line in out.split("Contents of the .debug_frame")[0].splitlines():
        if m := CIE.match(line):
            current = cies[int(m[1], 16)] = Entry(augmentation=m[2])
        elif m := FDE.match(line):
            current = Entry(int(m[3], 16), int(m[4], 16), cies[int(m[2], 16)])
            fdes.append(current)
        elif line.strip().startswith("LOC "):
            current.columns = line.split()[1:]
        elif current and (m := ROW.match(line)):
            current.rows.append((int(m[1], 16), dict(zip(current.columns, cells(m[2])))))
    return fdes


def expected(row, columns):
    """A row in the words of print_rules; what readelf gives no column keeps its value."""
    words = [row["CFA"]]
    for column in columns:
        cell = row.get(column, "u")
        words.append("u" if cell == "s" else cell)
    return " ".join(words)


def questions(fde, columns):
    """(address, rule) at the first and the last byte of each row."""
    rows = fde.rows or [(fde.start, fde.cie.rows[0][1])]
    ends = [row[0] for row in rows[1:]] + [fde.end]
    for (start, row), end in zip(rows, ends):
        rule = "signal" if "S" in fde.cie.augmentation else expected(row, columns)
        if start < end:
            yield start, rule
            yield end - 1, rule


def check(print_rules, path):
    with open(path, "rb") as f:
        columns = COLUMNS[int.from_bytes(f.read(20)[18:], "little")]
    asked = [q for fde in entries(path) for q in questions(fde, columns)]
    text = "\n".join("%x" % address for address, _ in asked)
    got = subprocess.run([*print_rules.split(), path], input=text, capture_output=True, text=True, check=True).stdout
    answers = got.splitlines()
    wrong = [(address, want, have) for (address, want), have in zip(asked, answers) if want != have]
    for address, want, have in wrong[:SHOWN]:
        print("  %s:%x: readelf %s, we %s" % (path, address, want, have))
    expressions = sum("exp" in want for _, want in asked)
    print("%s: %d rules compared, %d by expressions, %d differ" % (path, len(asked), expressions, len(wrong)))
    return len(asked) > 0 and len(asked) == len(answers) and not wrong


def locate(name):
    """The file of a library by its soname, of the program interpreter, or of a path."""
    if "/" in name:
        return os.path.realpath(name)
    if name == "interpreter":
        headers = subprocess.run(["readelf", "-lW", "/proc/self/exe"], capture_output=True, text=True,
                                 check=True).stdout
        return os.path.realpath(re.search(r"interpreter: ([^]]+)", headers)[1])
    ctypes.CDLL(name)
    with open("/proc/self/maps", encoding="utf-8") as f:
        return next(line.split()[-1] for line in f if name in line)


def main():
    print_rules, files = sys.argv[1], [locate(f) for f in sys.argv[2:]]
    return 0 if files and all([check(print_rules, f) for f in files]) else 1


if __name__ == "__main__":
    sys.exit(main())
