# SPDX-License-Identifier: MIT
"""The command lines: every command on every profile, every option and filter on those that are rich enough
to show what it does, comparisons, merges, pictures, mistakes, and the shell.

Not asked: -disasm and -weblist, for which `go tool pprof` has a disassembler of its own, for Go's programs; and
-svg and web pages, which are other ones today."""

import re
from dataclasses import dataclass

REPORTS = ("-top", "-tree", "-dot")
COMMANDS = ("-top", "-top -cum", "-text -lines", "-tree", "-tree -cum", "-peek=.", "-dot", "-comments", "-callgrind",
            "-topproto", "-traces", "-raw", "-tags", "-proto")
# What these print of a single profile depends on what the 2022 version did to it first: see MERGED.
COMPACTED = ("-traces", "-raw", "-tags", "-proto")
# `go tool pprof` takes an old CPU profile that is given first for a program of Windows, which may begin with
# zeros: the same samples as profile.proto stand before it.
SECOND = {"gperftools-cpu": "gperftools-cpu-proto"}
# What cannot be compared, and why.
LEFT_OUT = {
    "-proto {go-threadcreate}": "no sample of it has a stack: see the rule `stackless`",
}

# The rich profiles, and patterns that divide each of them.
WORDS = {
    "go-cpu": ("main.*func1", r"runtime\.", "sort", "grow"),
    "go-heap": ("grow", r"runtime/pprof", "main", "flate"),
    "go-allocs": ("work", "strings", "fmt", "grow"),
    "our-cpu": ("json|encoder", "PyObject", "_Py", "PyEval"),
    "our-heap": ("sqlite3_step", "sqlite3_open", "sqlite3", "shell"),
}


def of_text(text):
    """Entries are two blanks or a line apart."""
    return re.split(r"  |\n", text.strip())


OPTIONS = of_text("""
-functions  -filefunctions  -files  -lines  -addresses  -noinlines  -noinlines -lines  -nodecount=5
-nodecount=12 -cum  -nodefraction=0.1  -edgefraction=0.2  -trim=false  -unit=s  -unit=MB  -divide_by=3
-mean  -relative_percentages -focus={0}  -compact_labels  -sample_index=0  -sample_index=1  -drop_negative
-focus={0}  -focus={1}  -ignore={1}  -hide={1}  -show={2}  -show_from={3}  -prune_from={3}
-focus={0} -ignore={3}  -hide={1} -lines  -show={2} -files  -focus={0} -hide={2} -cum  -focus=nothing_is_called_so
""")
LABELS = of_text("""
-tagfocus=tree  -tagfocus=kind=sort  -tagfocus=worker=1,kind=text  -tagignore=tree|text  -tagshow=kind  -taghide=worker
-tagroot=kind  -tagleaf=worker  -tagroot=kind,worker  -tagroot=worker -tagleaf=kind  -tagfocus=nothing
-tagfocus=nothing -tagshow=kind  -ignore=. -taghide=kind
""")
SIZES = of_text("""
-tagfocus=1kb:  -tagfocus=:512b  -tagfocus=100b:1mb  -tagignore=4kb:  -tagfocus=bytes=64:2000
-tagleaf=bytes  -tagshow=bytes
""")
LEGACY_VALUES = ("-inuse_space", "-inuse_objects", "-alloc_space", "-alloc_objects")
PAIRS = (("go-cpu", "go-cpu2"), ("go-heap", "go-allocs"), ("our-heap", "our-heap2"))
MISTAKES = of_text("""
-top  -top {missing}  -top -nodecount=x {go-cpu}  -top -sample_index=9 {go-cpu}  -top -focus=( {go-cpu}
-top -tree {go-cpu}  -top -cum -flat {go-cpu}  -top -lines -files {go-cpu}  -top -unit=parsec {go-cpu}
-top {source}  -top -base {missing} {go-cpu}  -top -divide_by=0 {go-cpu}  -top -trim=maybe {go-cpu}
-top -base {go-heap} {go-cpu}  -list=nothing_is_called_so {go-cpu}
-peek=nothing_is_called_so {go-cpu}  -top -http=:0 {go-cpu}  -top -tagfocus=( {go-cpu}
""")
# `;` stands for the end of a line.
SHELL = of_text("""
top  top5; top 3 -cum  tree grow  peek grow  o  tags  traces grow  focus=grow; top; focus=; top2
nodecount=4; top; o  granularity=lines; top  lines; top -runtime  cum; top; flat; top  no_such_command
sample_index=0; top  unit=s; top  list square  top > out  dot  comments; traces  nodecount=x  quit; top
""")


@dataclass
class Case:
    args: str  # {name} stands for a profile's path
    stdin: str = ""

    @property
    def name(self):
        return self.args + (" <<< " + repr(self.stdin) if self.stdin else "")

    def command(self):
        return re.match(r"-?(\w*)", self.args).group(1)


def of(command, options, name):
    """One command line. MERGED: the 2022 version merges even a single profile with nothing, which drops
    samples that are all zero, unused mappings and locations, and numbers the rest anew; 2026 does so when there are
    two. Where that would be seen, the profile is given twice, and both merge. (-normalize rounds each sample:
    there too.)"""
    sources = "{%s}" % name
    if command in COMPACTED:
        sources = "{%s} %s" % (SECOND.get(name, name), sources)
    return Case(" ".join(filter(None, (command, options.strip(), sources))))


def all_cases(profiles):
    for name in profiles:
        for command in COMMANDS:
            if "%s {%s}" % (command, name) not in LEFT_OUT:
                yield of(command, "", name)
    for name, words in WORDS.items():
        for options in OPTIONS:
            for command in REPORTS:
                yield of(command, options.format(*words), name)
        for command in ("-traces", "-raw", "-tags", "-callgrind", "-proto"):
            for options in ("-focus={0}", "-hide={1}", "-show_from={3}", "-lines", "-functions", "-addresses"):
                yield of(command, options.format(*words), name)
    for options in LABELS:
        for command in REPORTS + ("-tags", "-traces"):
            yield of(command, options, "go-cpu")
    for options in SIZES:
        for command in REPORTS + ("-tags", "-traces"):
            yield of(command, options, "go-heap")
    for value in LEGACY_VALUES:
        for name in ("go-heap", "go-heap-text", "our-heap", "gperftools-heap"):
            yield of("-top", value, name)
    for value in ("-contentions", "-total_delay", "-mean_delay"):
        for name in ("go-block", "go-mutex", "go-block-text", "go-mutex-text"):
            yield of("-top", value, name)
    for one, other in PAIRS:
        for compare in ("-base={0} {1}", "-diff_base={0} {1}", "-normalize -base={0} {1} {1}", "{0} {1}"):
            for command in ("-top", "-tree", "-dot", "-raw", "-traces", "-tags", "-proto", "-top -drop_negative"):
                yield Case(command + " " + compare.format("{%s}" % one, "{%s}" % other))
    for picture in ("-png", "-gif", "-ps"):  # of one that has no time, whose text differs
        yield Case(picture + " {gperftools-heap}")
    for pattern in ("square", "grow", "main.work", "account"):
        for name in ("go-cpu", "go-heap", "go-block"):
            yield Case("-list=%s {%s}" % (pattern, name))
    yield from map(Case, MISTAKES)
    for script in SHELL:
        yield Case("{go-cpu} {go-cpu}", script.replace("; ", "\n") + "\n")
