#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_lines.py RESOLVE_ADDRESSES CPROF SOURCE_DIR: every row of line tables as readelf decodes them, of programs
compiled in several ways, of cprof itself and of the C library: the address of each row, and one inside it, must
be of the row's file and line."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

RESOLVE, CPROF, SOURCES = (os.path.abspath(a) for a in sys.argv[1:])
failures = []
ROW = re.compile(r"^(\S.*?) +(\d+|-) +(0x[0-9a-f]+)\b")


def decoded_rows(file):
    """{address: (file, line)}, and all addresses where a row begins or ends. Of several rows at an address the last
    one counts, and none that ends where it begins."""
    text = subprocess.run(["readelf", "-W", "--debug-dump=decodedline", file], check=True, capture_output=True,
                          text=True, errors="replace").stdout
    rows, bounds, sequence = {}, set(), {}
    for line in text.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        address = int(match[3], 16)
        bounds.add(address)
        if match[2] == "-":
            sequence.pop(address, None)
            rows.update(sequence)
            sequence = {}
        else:
            sequence[address] = (os.path.basename(match[1]), int(match[2]))
    return rows, sorted(bounds)


def code_range(binary):
    """The addresses of executable segments."""
    text = subprocess.run(["readelf", "-lW", binary], check=True, capture_output=True, text=True).stdout
    return [(int(m[1], 16), int(m[1], 16) + int(m[2], 16))
            for m in re.finditer(r"LOAD +0x\w+ (0x\w+) 0x\w+ 0x\w+ (0x\w+) R.E", text)]


def check(binary, debug=None):
    rows, bounds = decoded_rows(debug or binary)
    code = code_range(binary)
    addresses = {}
    for at, end in zip(bounds, bounds[1:] + bounds[-1:]):
        if at in rows and any(low <= at < high for low, high in code):
            addresses[at] = rows[at]
            if end - at > 1:
                addresses[at + 1] = rows[at]
    order = sorted(addresses)
    out = subprocess.run([RESOLVE, binary], input="".join("%x\n" % a for a in order), check=True,
                         capture_output=True, text=True).stdout.split("\n")
    wrong = unknown = 0
    for address, line in zip(order, out):
        innermost = line.split("\t")[0].split("|")
        if innermost == [""]:  # padding behind the last function of a unit
            unknown += 1
        elif len(innermost) < 3 or (os.path.basename(innermost[1]), int(innermost[2])) != addresses[address]:
            wrong += 1
            if wrong < 4:
                failures.append("%s: %#x: want %s, got %s" % (os.path.basename(binary), address, addresses[address],
                                                              innermost))
    if wrong or unknown > len(order) / 1000 or len(order) < 20:
        failures.append("%s: of %d, %d are wrong, %d not known" % (binary, len(order), wrong, unknown))
    print("%s: %d addresses" % (os.path.basename(binary), len(order)))


def compiled(directory):
    programs = {"gcc": "inlining.c", "clang": "inlining.c", "g++": "templates.cpp"}
    flags = ["-gdwarf-%d" % n for n in (2, 3, 4, 5)]
    flags += ["-g -gz", "-g -gsplit-dwarf", "-g -ffunction-sections -Wl,--gc-sections", "-g -gdwarf64", "-g -O0",
              "-g -gno-column-info", "-g -flto"]
    for compiler, source in programs.items():
        for n, options in enumerate(flags):
            if compiler == "clang" and options in ("-g -gdwarf64", "-g -flto"):
                continue  # its assembler and its linker plugin would be needed
            binary = "%s/%s%d" % (directory, compiler, n)
            subprocess.run([compiler, "-O2", *options.split(), SOURCES + "/" + source, "-o", binary], check=True,
                           cwd=directory)
            yield binary


def main():
    os.environ.pop("DEBUGINFOD_URLS", None)
    with tempfile.TemporaryDirectory() as directory:
        for binary in compiled(directory):
            check(binary)
        # Shared parts of the debug information in the file itself, then in a file of their own.
        # dwz knows no section of addresses, which clang makes.
        one, other = directory + "/dwz-one", directory + "/dwz-other"
        sections = subprocess.run(["readelf", "-SW", CPROF], capture_output=True, text=True).stdout
        shared = directory + "/g++3" if ".debug_addr" in sections else CPROF
        for binary in one, other:
            shutil.copy(shared, binary)
        subprocess.run(["dwz", one], check=True)
        check(one)
        shutil.copy(shared, one)
        subprocess.run(["dwz", "-m", directory + "/dwz-common", one, other], check=True)
        check(one)
    check(CPROF)
    libc = re.search(r"=> (/\S*libc\.so\.6)", subprocess.run(["ldd", CPROF], capture_output=True, text=True).stdout)[1]
    notes = subprocess.run(["readelf", "-n", libc], capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: (\w+)", notes)[1]
    check(libc, "/usr/lib/debug/.build-id/%s/%s.debug" % (build_id[:2], build_id[2:]))
    if failures:
        sys.exit("\n".join(failures))


main()
