#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From `meson install` to a stranger's program: test_install.py BUILD

Installs into a temporary place, compiles stranger.c there with nothing but pkg-config, against the shared
and the static library, runs it, reads its profile; compiles the examples by the commands they begin with; then
uninstalls, and looks for what is left."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
from checks import check, exit_status  # noqa: E402

CC = os.environ.get("CC", "cc").split()


def run(argv, **kwargs):
    env = {**os.environ, **kwargs.pop("env", {})}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=env, **kwargs)


def option(build, name):
    out = run(["meson", "introspect", "--buildoptions", build]).stdout
    return next(o["value"] for o in json.loads(out) if o["name"] == name)


def files_under(root):
    return sorted(os.path.relpath(os.path.join(folder, name), root)
                  for folder, _, names in os.walk(root) for name in names)


class Place:
    """An installation under DESTDIR, seen as a compiler and a loader see it."""

    def __init__(self, build, dest):
        self.prefix = dest + option(build, "prefix")
        self.lib = os.path.join(self.prefix, option(build, "libdir"))
        self.pkg_config = {"PKG_CONFIG_PATH": os.path.join(self.lib, "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": dest,
                           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}

    def flags(self, *options):
        out = run(["pkg-config", *options, "libcprof"], env=self.pkg_config)
        check("pkg-config " + " ".join(options), out.returncode == 0, out.stderr)
        return out.stdout.split()

    def compile(self, what, output, *flags):
        out = run([*CC, "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-o", output, os.path.join(HERE, "stranger.c"),
                   *flags])
        return check(what + ": compiles and links", out.returncode == 0, out.stderr)


def run_stranger(what, program, folder, env):
    path = os.path.join(folder, "cpu.pb.gz")
    out = run([program, path], env=env, timeout=60)
    if not check(what + ": runs", out.returncode == 0, out.stderr):
        return
    p = profile.read(path)
    share = p.by_function("cpu")["strangers_work"] / max(1, p.total("cpu"))
    check(what + ": its profile has its work", share > 0.9, "strangers_work has %.0f %%" % (share * 100))
    check(what + ": and main below it", p.by_function("cpu")["main"] > 0.9 * p.total("cpu"))
    os.unlink(path)


def test_programs(place, folder):
    shared = os.path.join(folder, "shared")
    if place.compile("shared", shared, *place.flags("--cflags", "--libs")):
        run_stranger("shared", shared, folder, {"LD_LIBRARY_PATH": place.lib})
        symbols = run(["readelf", "-W", "--dyn-syms", shared]).stdout
        check("shared: its symbols have a version", "cprof_start_cpu_profile@CPROF_" in symbols, symbols)
    static = os.path.join(folder, "static")
    libs = [os.path.join(place.lib, "libcprof.a") if f == "-lcprof" else f for f in place.flags("--static", "--libs")]
    if place.compile("static", static, *place.flags("--cflags"), *libs):
        run_stranger("static", static, folder, {})
        check("static: needs no libcprof", "libcprof" not in run(["readelf", "-d", static]).stdout)
    whole = run([*CC, "-static", os.path.join(HERE, "stranger.c"), *place.flags("--cflags"), *libs, "-o", static])
    refused = whole.returncode != 0 and "malloc" in whole.stderr
    check("static with libc: refused when it is linked", refused, whole.stderr)


def test_examples(place, folder):
    """Their libraries may be missing; what they say of themselves may not be wrong."""
    examples = os.path.join(HERE, "..", "..", "examples")
    for name in sorted(n for n in os.listdir(examples) if n.endswith(".c")):
        with open(os.path.join(examples, name), encoding="utf-8") as f:
            command = re.search(r"^//   (cc .*)", f.read(), re.M)[1]
        packages = [p for p in " ".join(re.findall(r"--libs ([^)]*)", command)).split() if p != "libcprof"]
        if any(run(["pkg-config", "--exists", p]).returncode for p in packages):
            continue
        if "-lcivetweb" in command and not os.path.exists("/usr/include/civetweb.h"):
            continue
        shutil.copy(os.path.join(examples, name), folder)
        out = run(["sh", "-c", command], cwd=folder, env=place.pkg_config)
        check("%s: compiles by its own command" % name, out.returncode == 0 and not out.stderr, out.stderr)


def test_files(place, dest):
    names = files_under(dest)
    inside = os.path.relpath(place.prefix, dest)
    check("all is under the prefix", all(n.startswith(inside + "/") for n in names), names)
    lib = os.path.relpath(place.lib, dest)
    for name in (inside + "/include/cprof/pprof.h", lib + "/libcprof.so", lib + "/libcprof.so.0", lib + "/libcprof.a",
                 lib + "/pkgconfig/libcprof.pc"):
        check("installs " + name, name in names, names)
    foreign = [n for n in names if "cprof" not in n]
    check("every name has cprof in it", not foreign, foreign)


def test_uninstall(build, dest):
    # The log of what was installed is the build directory's; leave the user's own as it was.
    out = run(["ninja", "-C", build, "uninstall"], env={"DESTDIR": dest})
    left = files_under(dest)
    check("uninstall", out.returncode == 0 and not left, left or out.stdout + out.stderr)


def main():
    build = os.path.abspath(sys.argv[1])
    log = os.path.join(build, "meson-logs", "install-log.txt")
    kept = log + ".kept"
    if os.path.exists(log):
        shutil.copy(log, kept)
    with tempfile.TemporaryDirectory() as dest, tempfile.TemporaryDirectory() as folder:
        out = run(["meson", "install", "-C", build, "--no-rebuild"], env={"DESTDIR": dest})
        if check("meson install", out.returncode == 0, out.stdout + out.stderr):
            place = Place(build, dest)
            test_files(place, dest)
            test_programs(place, folder)
            test_examples(place, folder)
            test_uninstall(build, dest)
    if os.path.exists(kept):
        os.replace(kept, log)
    return exit_status()


if __name__ == "__main__":
    sys.exit(main())
