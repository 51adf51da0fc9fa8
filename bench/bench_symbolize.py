#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_symbolize.py BUILD: 5,000 addresses of a large C++ program, symbolized by cprof and by its peers.

The program is generated and compiled once (BUILD/bench-symbolize): templates of the standard library,
inlined deeply, full debug information. Peers: pprof with addr2line and with llvm-symbolizer (built from
Debian's golang-github-google-pprof-dev where that and Go are there), and the bare symbolizers, which
are given all addresses at once and do nothing else.
"""

import gzip
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time

BUILD = os.path.abspath(sys.argv[1])
WORK = BUILD + "/bench-symbolize"
UNITS, ADDRESSES, RUNS = 6, 5000, 3
LOAD = 0x555555554000

UNIT = """
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
namespace unit%(n)d {
template <int K> struct Node {
	std::map<std::string, std::vector<std::shared_ptr<Node<K>>>> edges;
	std::unordered_map<int, std::function<int(int)>> handlers;
	int weigh(int depth) {
		int total = K + depth;
		for (auto &e : edges)
			for (auto &n : e.second)
				total += n->weigh(depth + 1) + static_cast<int>(e.first.size());
		for (auto &h : handlers) total += h.second(total);
		return total;
	}
	void link(const std::string &name, std::shared_ptr<Node<K>> to) {
		edges[name].push_back(to);
		handlers[int(name.size())] = [to, this](int x) { return x + K + int(edges.size()); };
	}
};
template <int K> int work(const std::string &text) {
	auto root = std::make_shared<Node<K>>();
	std::istringstream in(text);
	std::vector<std::string> words;
	for (std::string w; in >> w;) words.push_back(w);
	std::sort(words.begin(), words.end(), [](const auto &a, const auto &b) {
		return a.size() < b.size() || (a.size() == b.size() && a < b);
	});
	std::regex word("([a-z]+)|([0-9]{1,%(n)d9})");
	for (auto &w : words)
		if (std::regex_search(w, word)) root->link(w, std::make_shared<Node<K>>());
	return std::accumulate(words.begin(), words.end(), root->weigh(0),
		[](int s, auto &w) { return s + int(w.size()); });
}
int run(const std::string &t) { return work<%(n)d0>(t) + work<%(n)d1>(t) + work<%(n)d2>(t) + work<%(n)d3>(t); }
}
int run%(n)d(const char *t) { return unit%(n)d::run(t); }
"""


def compile_program():
    program = WORK + "/program"
    if os.path.exists(program):
        return program
    os.makedirs(WORK, exist_ok=True)
    print("compiling %d units of C++ once ..." % UNITS, file=sys.stderr)
    for n in range(UNITS):
        with open("%s/unit%d.cpp" % (WORK, n), "w") as f:
            f.write(UNIT % {"n": n})
    with open(WORK + "/main.cpp", "w") as f:
        f.write("".join("int run%d(const char *);\n" % n for n in range(UNITS)))
        f.write("int main(int, char **v) { return 0" + "".join("+run%d(v[0])" % n for n in range(UNITS)) + "; }\n")
    sources = ["main"] + ["unit%d" % n for n in range(UNITS)]
    subprocess.run(["xargs", "-P2", "-I{}", "nice", "g++", "-g", "-O2", "-c", "{}.cpp", "-o", "{}.o"],
                   input="\n".join(s for s in sources if not os.path.exists("%s/%s.o" % (WORK, s))), text=True,
                   cwd=WORK, check=True)
    subprocess.run(["g++", "-pie", *[s + ".o" for s in sources], "-o", program], cwd=WORK, check=True)
    return program


def sample_addresses(program):
    text = re.search(r"\.text\s+PROGBITS\s+(\w+) (\w+) (\w+)", subprocess.run(
        ["readelf", "-SW", program], capture_output=True, text=True).stdout)
    start, offset, size = (int(text[i], 16) for i in (1, 2, 3))
    random.seed(1)
    return sorted(random.sample(range(start, start + size), ADDRESSES)), start - offset


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def write_profile(path, program, addresses, bias):
    strings = ["", "samples", "count", program]
    size = os.path.getsize(program)
    out = message(1, number(1, 1) + number(2, 2))
    for i in range(len(addresses)):
        out += message(2, message(1, varint(i + 1)) + message(2, varint(1 + i % 7)))
    out += message(3, number(1, 1) + number(2, LOAD) + number(3, LOAD + size + (1 << 24)) + number(5, 3))
    for i, a in enumerate(addresses):
        out += message(4, number(1, i + 1) + number(2, 1) + number(3, LOAD + a - bias))
    for s in strings:
        out += message(6, s.encode())
    with gzip.open(path, "wb") as f:
        f.write(out)


def build_pprof():
    exe, gopath = WORK + "/pprof", "/usr/share/gocode"
    if not os.path.exists(exe) and shutil.which("go") and os.path.exists(gopath + "/src/github.com/google/pprof"):
        env = dict(os.environ, GOPATH=gopath, GO111MODULE="off", GOFLAGS="", GOCACHE=WORK + "/gocache")
        subprocess.run(["go", "build", "-o", exe, "github.com/google/pprof"], env=env, check=False, cwd=WORK)
    return exe if os.path.exists(exe) else None


def tools_directory(name, *tools):
    """A directory with these tools alone, for -tools."""
    path = WORK + "/tools-" + name
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for tool in tools:
        os.symlink(shutil.which(tool), path + "/" + tool)
    return path


def measure(what, argv, text=None):
    """(what, wall s, CPU s with children, lines printed), the best of RUNS by CPU."""
    best = None
    env = dict(os.environ, HOME=WORK, TZ="UTC")
    for _ in range(RUNS):
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        result = subprocess.run(argv, input=text, env=env, capture_output=True, text=True, check=False)
        wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        if result.returncode:
            return None
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if best is None or cpu < best[2]:
            best = (what, wall, cpu, result.stdout.count("\n"))
    return best


def main():
    program = compile_program()
    addresses, bias = sample_addresses(program)
    profile = WORK + "/profile.pb.gz"
    write_profile(profile, program, addresses, bias)
    text = "".join("0x%x\n" % a for a in addresses)
    rows = [measure("cprof -top", [BUILD + "/tool/cprof", "-top", "-symbolize=local", profile])]
    pprof = build_pprof()
    if pprof and shutil.which("addr2line"):
        # pprof tries llvm-symbolizer before addr2line whatever -tools says: hide it.
        path = tools_directory("gnu", "addr2line", "nm", "objdump")
        rows.append(measure("pprof -top, addr2line",
                            ["env", "PATH=" + path, pprof, "-top", "-symbolize=local", profile]))
    if pprof and shutil.which("llvm-symbolizer"):
        rows.append(measure("pprof -top, llvm-symbolizer",
                            [pprof, "-top", "-symbolize=local", profile]))
    for tool, argv in {"addr2line": ["-aif"], "llvm-symbolizer": ["--inlining", "-e"]}.items():
        if shutil.which(tool):
            args = [tool, *argv, program] if argv[-1] == "-e" else [tool, *argv, "-e", program]
            rows.append(measure(tool + ", alone", args, text))
    rows = [r for r in rows if r]
    print("%d addresses of a program of %.0f MB with %d C++ units" % (
        ADDRESSES, os.path.getsize(program) / 1e6, UNITS))
    print("%-30s %10s %8s %10s %8s %8s" % ("", "wall s", "x", "CPU s", "x", "lines"))
    for what, wall, cpu, lines in rows:
        print("%-30s %10.3f %8.1f %10.3f %8.1f %8d" % (what, wall, wall / rows[0][1], cpu, cpu / rows[0][2], lines))


main()
