#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each check of this folder is shown to fail on a planted violation and to pass without it."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CC = os.environ.get("CC", "cc").split()
passed = failed = 0


def run(*argv):
    out = subprocess.run(argv, capture_output=True, text=True, check=False)
    return out.returncode, out.stdout + out.stderr


def expect(what, result, ok, text=""):
    global passed, failed
    code, output = result
    if (code == 0) == ok and text in output:
        passed += 1
    else:
        failed += 1
        print("FAIL %s: exit %d, wanted %s with %r in:\n%s" % (what, code, "0" if ok else "not 0", text, output))


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as f:
        f.write(text)
    return full


def includes(root):
    check = os.path.join(HERE, "check-includes")
    write(root, "lib/sigsafe/a.h", "")
    write(root, "lib/kind/cpu.h", "")
    write(root, "base/b.h", "")
    write(root, "lib/sigsafe/a.c", '#include "a.h"\n#include <stdint.h>\n')
    expect("includes: clean", run(check, root), True)
    for path, line, text in (
        ("lib/sigsafe/bad.c", "#include <stdio.h>", "lib/sigsafe/* may not include <stdio.h>"),
        ("lib/sigsafe/bad.c", '#include "kind/cpu.h"', "may not include lib/kind/cpu.h"),
        ("lib/kind/x_hook.c", "#include <stdlib.h>", "may not include <stdlib.h>"),
        ("lib/interpose/bad.c", '#include "kind/cpu.h"', "may not include lib/kind/cpu.h"),
        ("lib/api/bad.c", '#include "base/b.h"', "may not include base/b.h"),
        ("tool/bad.c", '#include "../lib/kind/cpu.h"', "may not include lib/kind/cpu.h"),
        ("format/bad.c", "  #  include <stdio.h>", "may not include <stdio.h>"),
        ("include/cprof/bad.h", "#include <pthread.h>", "may not include <pthread.h>"),
        ("run/bad.c", '#include "nowhere.h"', "no such header"),
    ):
        planted = write(root, path, "\n" + line + "\n")
        expect("includes: " + line, run(check, root), False, path + ":2: ")
        expect("includes: " + line, run(check, root), False, text)
        os.unlink(planted)
    expect("includes: clean again", run(check, root), True)


def sigsafe(root):
    check = os.path.join(HERE, "check-sigsafe")

    def compile_(name, text):
        source = write(root, name + ".c", text)
        subprocess.run([*CC, "-c", "-O1", "-fno-builtin", "-o", source[:-1] + "o", source], check=True)
        return source[:-1] + "o"

    one = compile_("one", "int two(void); void *memcpy(void *, const void *, unsigned long);\n"
                          "int one(char *a, char *b) { memcpy(a, b, 9); return two(); }\n")
    two = compile_("two", "int two(void) { return 2; }\n")
    bad = compile_("bad", "void *malloc(unsigned long); void *three(void) { return malloc(3); }\n")
    allowed = write(root, "allowed.txt", "# what we need\nmemcpy  # bytes\n")
    expect("sigsafe: clean", run(check, allowed, one, two), True)
    expect("sigsafe: malloc", run(check, allowed, one, two, bad), False, "malloc is called")
    expect("sigsafe: two is not there", run(check, allowed, one), False, "two is called")


def library(root):
    check = os.path.join(HERE, "check-library")
    write(root, "v.map", "X_1 { global: *; };\n")
    source = write(root, "lib.c", "int cprof_one(void) { return 1; }\n")
    versioned = "-Wl,--version-script=" + os.path.join(root, "v.map")

    def link(*args, code=source):
        out = os.path.join(root, "lib.so")
        subprocess.run([*CC, "-shared", "-fPIC", "-o", out, code, *args], check=True)
        return out

    good = [versioned, "-Wl,-z,now", "-Wl,-z,nodelete"]
    expect("library: clean", run(check, link(*good)), True)
    expect("library: lazy", run(check, link(versioned, "-Wl,-z,lazy", "-Wl,-z,nodelete")), False, "-z now")
    expect("library: unloadable", run(check, link(versioned, "-Wl,-z,now")), False, "-z nodelete")
    expect("library: no version", run(check, link(*good[1:])), False, "cprof_one has no version")
    expect("library: libm", run(check, link(*good, "-Wl,--no-as-needed", "-lm")), False, "needs libm.so.6")
    expect("library: --needed", run(check, "--needed", "libm.so.6", link(*good, "-Wl,--no-as-needed", "-lm")), True)
    leak = write(root, "leak.c", "int cprof_one(void) { return 1; }\nint helper(void) { return 1; }\n")
    expect("library: export", run(check, link(*good, code=leak)), False, "exports helper")
    tls = write(root, "tls.c", "static __thread char big[4096];\nchar *cprof_one(int i) { return &big[i]; }\n")
    expect("library: TLS", run(check, link(*good, code=tls)), False, "bytes of TLS")
    table = write(root, "table.c", "static char big[2 << 20];\nchar *cprof_one(int i) { return &big[i]; }\n")
    expect("library: span", run(check, link(*good, code=table)), False, "a huge page")
    front = '__attribute__((section("cprof_front"), aligned(%d))) int cprof_one(void) { return 1; }\n'
    expect("library: page", run(check, link(*good, code=write(root, "front.c", front % 4096))), True)
    expect("library: no page", run(check, link(*good, code=write(root, "front.c", front % 32))), False, "in a page")
    write(root, "interpose/fork.c", "CP_VISIBLE int *fork(\n\tvoid)\n{\n}\n")
    stand_in = write(root, "fork.c", "int cprof_one(void) { return 1; }\nint fork(void) { return -1; }\n")
    interpose = ("--interpose", os.path.join(root, "interpose"))
    expect("library: not interposed", run(check, link(*good, code=stand_in)), False, "exports fork")
    expect("library: versioned", run(check, *interpose, link(*good, code=stand_in)), False, "fork has a version")
    write(root, "v.map", "X_1 { global: cprof_*; };\n")
    expect("library: interposed", run(check, *interpose, link(*good, code=stand_in)), True)


def headers(root):
    check = os.path.join(HERE, "check-headers")
    write(root, "inc/cprof/a.h", "#ifndef A_H\n#define A_H\nint a(void);\n#endif\n")
    expect("headers: clean", run(check, os.path.join(root, "inc")), True)
    for text, why in (
        ("#ifndef B_H\n#define B_H\nsize_t b(void);\n#endif\n", "not self-sufficient"),
        ("#ifndef B_H\n#define B_H\nint b(int class);\n#endif\n", "no C++"),
        ("struct b { int x; };\n", "no include guard"),
        ("#ifndef B_H\n#define B_H\nint b();\n#endif\n", "not a prototype"),
    ):
        write(root, "inc/cprof/b.h", text)
        expect("headers: " + why, run(check, os.path.join(root, "inc")), False, "b.h")


def lint(root):
    check = os.path.join(HERE, "lint")
    head = "// SPDX-License-Identifier: MIT\n// Context: CTL. A thing.\n"
    write(root, "lib/a.c", head + "int a(void)\n{\n" + "\ta();\n" * 70 + "}\n")
    expect("lint: clean, long function listed", run(check, root), True, "lib/a.c:4: a() has 70 lines")
    for text, why in (
        ("// Context: SIG\n", "no SPDX"),
        (head.replace("Context", "Content"), "no 'Context"),
        (head + "int x;\n" * 800, "802 lines"),
        (head + "int x; \n", "white space"),
        (head + "// " + "x" * 120 + "\n", "123 columns"),
    ):
        write(root, "lib/b.c", text)
        expect("lint: " + why, run(check, root), False, why)
    write(root, "lib/b.c", head)
    write(root, "tests/meson.build", "foreach name : ['a', 'b', 'h01_a']\n  test('unit ' + name, x)\nendforeach\n")
    write(root, "tests/a/h01_a.c", head + "int it_holds(void);\n")
    row = "| 1 | a property | h01; `unit a`; `a/h01_a.c:it_holds` (as it should) |\n"
    write(root, "docs/internals/hazards.md", row)
    expect("lint: tests that are named are there", run(check, root), True)
    for text, why in (
        (row.replace("h01;", "h02;"), "no program h02"),
        (row.replace("unit a", "unit c"), "no test `unit c`"),
        (row.replace("it_holds", "it_hold"), "no test `a/h01_a.c:it_hold`"),
    ):
        write(root, "docs/internals/hazards.md", text)
        expect("lint: " + why, run(check, root), False, why)


def main():
    for test in (includes, sigsafe, library, headers, lint):
        with tempfile.TemporaryDirectory() as root:
            test(root)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
