# SPDX-License-Identifier: MIT
"""test_resolver.py RESOLVE_ADDRESSES SOURCE_DIR: programs with known inlining, compiled in several
ways, their debug information kept, moved away or removed, must give the frames their sources say."""

import os
import re
import subprocess
import sys
import tempfile

RESOLVE, SOURCES = sys.argv[1], os.path.abspath(sys.argv[2])
failures = []


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **kw).stdout


def comments(source):
    """{"line plain": 29, ...} from the comments at the ends of lines."""
    found = {}
    with open(source) as f:
        for number, line in enumerate(f, 1):
            match = re.search(r"// ((?:line|call|start) \w+)", line)
            if match:
                found[match[1]] = number
    return found


def marks(binary):
    return {m[2]: int(m[1], 16) for m in re.finditer(r"(?m)^([0-9a-f]+) T mark_(\w+)$", run("nm", binary))}


def resolve(binary, addresses, *debug_path):
    order = sorted(addresses.values())
    out = run(RESOLVE, binary, *debug_path, input="".join("%x\n" % a for a in order))
    frames = {}
    for address, line in zip(order, out.split("\n")):
        split = [f.split("|") for f in line.split("\t")] if line else []
        frames[address] = [(f[0], os.path.basename(f[1]), int(f[2]), int(f[4])) for f in split]
    return {name: frames[address] for name, address in addresses.items()}


def expect(what, got, want):
    for name, frames in want.items():
        if got.get(name) != frames:
            failures.append("%s: %s\n  want %s\n  got  %s" % (what, name, frames, got.get(name)))


def expected_c(source):
    c, file = comments(source), os.path.basename(source)
    return {
        "inlined_twice": [
            ("innermost", file, c["line innermost"], c["start innermost"]),
            ("middle", file, c["call innermost"], c["start middle"]),
            ("outer", file, c["call middle"], c["start outer"]),
        ],
        "plain": [("outer", file, c["line plain"], c["start outer"])],
        "local": [("local_function", file, c["line local"], c["start local"])],
    }


def expected_cpp(source):
    c, file = comments(source), os.path.basename(source)
    return {
        "method": [("_ZN5space3BoxIiE5twiceEi", file, c["line method"], c["start twice"])],
        # Functions without external linkage: the linker knows the mangled name, of inlined ones nobody.
        "hidden": [
            ("hidden", file, c["line hidden"], c["start hidden"]),
            ("_ZN12_GLOBAL__N_16callerEi", file, c["call hidden"], c["start caller"]),
        ],
    }


def names_only(want):
    return {k: [(v[-1][0], "", 0, 0)] for k, v in want.items()}


def test_kinds(directory):
    """Executables and libraries, both compilers' defaults, old and new DWARF, compressed and split."""
    source = SOURCES + "/inlining.c"
    kinds = {
        "pie": ["-pie", "-fPIE"],
        "no-pie": ["-no-pie", "-fno-pie"],
        "library": ["-shared", "-fPIC"],
        "dwarf4": ["-gdwarf-4"],
        "compressed": ["-gz"],
        "split": ["-gsplit-dwarf"],
        "sections": ["-ffunction-sections", "-Wl,--gc-sections"],
        "lto": ["-flto"],
    }
    for kind, flags in kinds.items():
        binary = "%s/c-%s" % (directory, kind)
        run("gcc", "-g", "-O2", *flags, source, "-o", binary, cwd=directory)
        expect("gcc " + kind, resolve(binary, marks(binary)), expected_c(source))

    source = SOURCES + "/templates.cpp"
    for optimize in "-O1", "-O2", "-O3":
        binary = directory + "/cpp" + optimize
        run("g++", "-g", optimize, source, "-o", binary)
        got = resolve(binary, marks(binary))
        for frames in got.values():  # gcc 16 marks what is not seen outside, once more
            frames[:] = [(f[0].replace("_N_1L6caller", "_N_16caller"), *f[1:]) for f in frames]
        expect("g++ " + optimize, got, expected_cpp(source))
        c = comments(source)
        where = [f[1:3] for f in got["lambda"]]
        if where[:1] != [("templates.cpp", c["line lambda"])]:
            failures.append("g++ %s: lambda is at %s" % (optimize, where))


def test_places(directory):
    """The same answers from debug information that lies elsewhere; names alone without any."""
    source = SOURCES + "/inlining.c"
    full = directory + "/full"
    run("gcc", "-g", "-O2", "-Wl,--build-id=0x0123456789abcdef", source, "-o", full)
    want, addresses = expected_c(source), marks(full)

    os.makedirs(directory + "/beside/.debug")
    linked = directory + "/beside/program"
    run("objcopy", "--only-keep-debug", full, directory + "/beside/.debug/program.debug")
    run("strip", "-o", linked, full)
    run("objcopy", "--remove-section=.note.gnu.build-id", linked)
    run("objcopy", "--add-gnu-debuglink=" + directory + "/beside/.debug/program.debug", linked)
    expect(".gnu_debuglink", resolve(linked, addresses), want)

    tree = directory + "/symbols/.build-id/01"
    os.makedirs(tree)
    run("objcopy", "--only-keep-debug", full, tree + "/23456789abcdef.debug")
    stripped = directory + "/stripped"
    run("strip", "-o", stripped, full)
    expect("build id", resolve(stripped, addresses, directory + "/symbols"), want)
    expect("stripped", resolve(stripped, addresses), {k: [] for k in want})

    no_debug = directory + "/no-debug"
    run("strip", "--strip-debug", "-o", no_debug, full)
    got = resolve(no_debug, {k: a - 1 for k, a in addresses.items()})
    expect("symbol table", got, names_only(want))

    library = directory + "/library.so"
    run("gcc", "-O2", "-shared", "-fPIC", "-s", source, "-o", library)
    dynamic = re.search(r"(?m)^([0-9a-f]+) T outer$", run("nm", "-D", library))
    expect("dynamic symbols", resolve(library, {"outer": int(dynamic[1], 16)}), {"outer": [("outer", "", 0, 0)]})


def test_mini_debug_info(directory):
    """.gnu_debugdata: an xz-compressed symbol table, as Fedora ships it."""
    full, mini = directory + "/full2", directory + "/mini"
    run("gcc", "-g", "-O2", SOURCES + "/inlining.c", "-o", full)
    address = re.search(r"(?m)^([0-9a-f]+) t local_function$", run("nm", full))
    run("objcopy", "-S", "--keep-symbol=local_function", full, mini + ".data")
    run("xz", "-f", mini + ".data")
    run("strip", "-o", mini, full)
    run("objcopy", "--add-section", ".gnu_debugdata=" + mini + ".data.xz", mini)
    expect(".gnu_debugdata", resolve(mini, {"local": int(address[1], 16)}),
           {"local": [("local_function", "", 0, 0)]})


def test_crtbegin(directory):
    """Code without a symbol at the start of a program's first object, as GHC leaves it, was frame_dummy's: crtbegin.o
    ends in that, and says no size."""
    source, binary = directory + "/nameless.c", directory + "/nameless"
    with open(source, "w") as f:
        f.write('__asm__(".text\\n .p2align 6\\n .fill 64, 1, 0x90\\n .globl mark_end\\n'
                ' mark_end: ret");\nint main(void) { return 0; }\n')
    run("gcc", "-O0", source, "-o", binary)
    dummy = int(re.search(r"(?m)^([0-9a-f]+) t frame_dummy$", run("nm", binary))[1], 16)
    addresses = {"dummy": dummy + 1, "nameless": marks(binary)["end"] - 1, "end": marks(binary)["end"]}
    expect("behind crtbegin.o", resolve(binary, addresses),
           {"dummy": [("frame_dummy", "", 0, 0)], "nameless": [], "end": [("mark_end", "", 0, 0)]})


def test_stubs(directory):
    """Calls into libraries go through stubs that have no symbols: the first ones were _init's, which is before them and
    says no size, the others nobody's."""
    source, binary = directory + "/stubs.c", directory + "/stubs"
    with open(source, "w") as f:
        f.write("#include <stdio.h>\n#include <stdlib.h>\nint (*taken)(const char *) = puts;\n"
                "int main(void) { puts(getenv(\"HOME\")); return taken(\"\"); }\n")
    variants = [["-Wl,-z,lazy"], ["-Wl,-z,now"], ["-no-pie", "-Wl,-z,lazy", "-s"]]
    if os.uname().machine == "x86_64":
        variants.append(["-fcf-protection", "-Wl,-z,ibtplt"])
    for flags in variants:
        run("gcc", "-O1", source, "-o", binary, *flags)
        stubs = {m[2]: int(m[1], 16) for m in
                 re.finditer(r"(?m)^0*([0-9a-f]+) <([^@>]+)@.*plt>:$", run("objdump", "-d", binary))}
        if not {"puts", "getenv"} <= set(stubs):
            failures.append("stubs %s: objdump shows %s" % (flags, stubs))
        plt = re.search(r"(?m) \.plt +PROGBITS +([0-9a-f]+)", run("readelf", "-SW", binary))
        expect("stubs %s" % flags, resolve(binary, {n: at + 5 for n, at in stubs.items()}),
               {n: [(n + "@plt", "", 0, 0)] for n in stubs})
        if plt and int(plt[1], 16) not in stubs.values():
            expect("stubs %s" % flags, resolve(binary, {"first": int(plt[1], 16) + 6}), {"first": []})


with tempfile.TemporaryDirectory() as scratch:
    os.environ.pop("DEBUGINFOD_URLS", None)
    for test in test_kinds, test_places, test_mini_debug_info, test_crtbegin, test_stubs:
        test(scratch)
if failures:
    sys.exit("\n".join(failures))
print("all frames as the sources say")
