#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a profiler inside other people's processes must survive: hazards.py BUILD [NAME...]

Each row of the table is one program of this folder, run under the engines it names. To survive is not
enough: the profile's sum must be the process's CPU time, and each function have its true share (the
programs measure both, see tests/programs/workload.h); a row may add checks of its own.
"""

import os
import sys
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import profile  # noqa: E402
import workload  # noqa: E402

TIMER, PERF, FAST, ITIMER = ("timer", 1000), ("perf", 1000), ("perf", 10000), ("itimer", 250)
BOTH = (TIMER, PERF)
JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"

Row = namedtuple("Row", "program args engines sum_tolerance share_tolerance check env prefix preload status suffix")


def row(program, *args, engines=BOTH, sum=0.10, share=0.05, check=None, env=None, prefix=(), preload=False, status=0,
        suffix=""):
    """sum, share: how far off they may be (None: not compared). preload: under `cprof run`; suffix: of
    the profile to look at."""
    return Row(program, args, engines, sum, share, check, env, prefix, preload, status, suffix)


def comments_say(run, *words):
    """Nothing, or that no comment has one of the words."""
    text = "\n".join(run.profile.comments)
    return [] if any(w in text for w in words) else ["the comments say nothing of it: %s" % text]


def under(run, inner, outer):
    """The share of inner's time whose stack leads to outer."""
    index = run.profile.index("cpu")
    total = found = 0
    for s in run.profile.samples:
        names = [f.name for f in s.stack]
        if inner in names:
            total += s.values[index]
            found += s.values[index] if outer in names[names.index(inner):] else 0
    return found / total if total else 0.0


def leads_to(inner, outer, least=0.97):
    """A check: nearly all of inner's samples have outer below them."""
    def check(run):
        share = under(run, inner, outer)
        return [] if share >= least else ["only %.1f %% of %s lead to %s" % (share * 100, inner, outer)]
    return check


def takes_most(name, least=0.8):
    """A check: so much of all time has the function in its stack."""
    def check(run):
        share = run.profile.by_function("cpu")[name] / run.profile.total("cpu")
        return [] if share >= least else ["%s has only %.1f %%" % (name, share * 100)]
    return check


def cut_at(inner, outer):
    """A check: none of inner's samples pretend to know outer, and a marker says why."""
    def check(run):
        bad = ["%.1f %% of %s lead to %s" % (s * 100, inner, outer) for s in [under(run, inner, outer)] if s > 0.03]
        shares = [under(run, inner, m) for m in run.markers()]
        return bad + ([] if sum(shares) > 0.97 else ["no marker says where the stacks are cut"])
    return check


def both(*checks):
    return lambda run: [line for check in checks for line in check(run)]


def whole_files(suffix, count):
    """A check: the further profiles can be read and are not empty."""
    def check(run):
        bad = []
        for i in range(int(run.said[count])):
            try:
                p = run.file(suffix % i)
            except (OSError, profile.ProfileError) as e:
                bad.append("%s: %s" % (suffix % i, e))
                continue
            if p.total("cpu") < 0 or not p.sample_types:
                bad.append("%s is empty" % (suffix % i))
        return bad
    return check


def children_alone(run):
    """Each child's profile has its 200 ms and nothing of its parent."""
    bad = []
    for i in range(int(run.said["children"])):
        p = run.file(".child.%d" % i)
        functions = p.by_function("cpu")
        if abs(functions["in_child"] / 1e6 - 200) > 40:
            bad.append("child %d has %d ms of its 200" % (i, functions["in_child"] / 1e6))
        if functions["in_parent"]:
            bad.append("child %d has time of its parent" % i)
    if run.by_function["in_child"]:
        bad.append("the parent has time of its children")
    return bad


def blocked_is_told(run):
    """Time of a thread that blocks signals is in the sum, or its loss in the comments."""
    if not run.sum_is_off(0.10):
        return []
    return comments_say(run, "block")


def quickly(run):
    """Start and stop do not keep the application waiting. Generous: the machine may be loaded."""
    return ["%s took %d ms" % (key, int(run.said[key]) / 1e6)
            for key in ("start_ns", "stop_ns") if int(run.said[key]) > 2e9]


def truncated(run):
    return [] if run.share("[truncated: deeper than is kept]") > 0.95 else ["no marker says that stacks are cut"]


def at_the_leaf_alone(run):
    return [] if run.share("[cut: unreadable stack]") > 0.8 else ["no marker says that there was no room"]


def told_or_whole(run):
    """Where an engine ran out of something, the comments name it; the sum was compared already."""
    return comments_say(run, "engine", "timer", "perf")


def has_most(run):
    """Up to a second may be missing of a killed process, of which 1.5 were."""
    ms = run.by_function["before_the_end"] / 1e6
    return [] if 400 <= ms <= 1600 else ["%d of 1500 ms are in the profile" % ms]


def build_table(build):
    library = os.path.join(build, "lib", "libcprof.so.0")
    found = {"LD_LIBRARY_PATH": os.path.dirname(library)}  # a copy elsewhere has no way to it
    return [
        row("h01_stop_restart", engines=(TIMER, PERF, ITIMER), check=whole_files(".%d", "rounds")),
        row("h02_malloc_in_handler", engines=(TIMER, FAST, ITIMER)),
        row("h03_dlopen_storm", engines=(TIMER, FAST)),
        row("h05_dlopened", library),
        row("h07_sigsegv_handler"),
        row("h09_stop_pending", engines=(TIMER, PERF, ITIMER)),
        row("h10_errno", engines=(TIMER, FAST)),
        row("h11_app_sigprof", "before", engines=(TIMER, PERF, ITIMER)),
        row("h11_app_sigprof", "after", engines=(TIMER, PERF, ITIMER)),
        row("h12_eintr", engines=(TIMER, FAST)),
        row("h13_fork_livelock", engines=(TIMER, FAST), sum=0.15),
        row("h14_blocked_signals", "inherited", check=leads_to("with_signals_blocked", "work_blocked")),
        row("h14_blocked_signals", "itself", check=leads_to("with_signals_blocked", "work_blocked")),
        row("h14_blocked_signals", "section", sum=None, share=None, check=blocked_is_told),
        row("h19_no_room", "main", share=None, check=at_the_leaf_alone),
        row("h19_no_room", "thread", share=None, check=at_the_leaf_alone),
        row("h19_small_stacks", engines=(TIMER, FAST), sum=0.15),
        row("h20_altstack", check=leads_to("in_handler", "interrupted")),
        row("h20_small_altstack", share=None, check=at_the_leaf_alone),
        row("h21_late_destructor", engines=(TIMER, PERF, ITIMER)),
        row("h21_thread_death", engines=(TIMER, FAST, ITIMER), sum=0.15, share=None),
        row("h21_thread_death", engines=(TIMER, FAST), sum=0.15, share=None, env={"LD_PRELOAD": JEMALLOC}),
        row("h22_raw_clone", sum=0.15, share=0.15),
        row("h23_longjmp", engines=(TIMER, FAST), share=None,
            check=lambda run: run.share_is_off("afterwards", 0.05)),
        row("h24_threads_before", engines=(TIMER, PERF, ITIMER), check=leads_to("since_before", "work")),
        row("h25_sigpending_limit", check=told_or_whole),
        row("h26_fd_exhaustion", "scarce", engines=(PERF,), check=told_or_whole),
        row("h26_fd_exhaustion", "closed", engines=(PERF,), sum=None,
            check=lambda run: [] if not run.sum_is_off(0.15) else comments_say(run, "closed")),
        row("h26_fd_exhaustion", "alone", engines=(PERF,), share=0.25),
        row("h26_no_stdio"),
        row("h28_seccomp", "perf", check=told_or_whole),
        row("h28_seccomp", "timer", check=told_or_whole),
        row("h28_seccomp", "both", engines=(TIMER, PERF), check=told_or_whole),
        row("h29_many_threads", check=quickly),
        row("h30_main_exits", engines=(TIMER, PERF, ITIMER)),
        row("h31_fork_child", engines=(TIMER, PERF, ITIMER), check=children_alone),
        row("h32_vfork_spawn", engines=(TIMER, FAST), sum=0.25, share=0.15),
        row("h34_children", engines=(TIMER, PERF, ITIMER), preload=True,
            check=lambda run: ["it has time of the children"] if run.by_function["in_child"] else []),
        row("h36_ends", "_exit", preload=True),
        row("h36_ends", "exec", preload=True, suffix=".1"),
        row("h36_ends", "thread_exec", preload=True, suffix=".1"),
        row("h36_ends", "abort", preload=True, sum=None, share=None, status=-6, check=has_most),
        row("h36_ends", "segv", preload=True, sum=None, share=None, status=-11, check=has_most),
        row("h36_ends", "kill", preload=True, sum=None, share=None, status=-9, check=has_most),
        row("h33_raw_defaults", engines=(TIMER, PERF)),
        row("h59_vdso", check=leads_to("ask_clock", "main")),
        row("h60_bad_frame_pointer", engines=(TIMER, FAST)),
        row("h61_coroutines", engines=(TIMER, FAST), check=leads_to("in_coroutine", "coroutine_entry")),
        row("h62_jit", "fp", check=leads_to("called_from_jit", "main")),
        row("h62_jit", "named", check=leads_to("called_from_jit", "jit:made at run time")),
        row("h62_jit", "nofp", check=leads_to("called_from_jit", "main")),
        row("h62_jit", "far", check=cut_at("called_from_jit", "main")),
        row("h63_deep_recursion", check=truncated),
        row("h65_exceptions", check=leads_to("thrower", "throw_and_catch", 0.9)),
        row("h68_dlclose_names"),
        row("h69_deleted_binary", "deleted", env=found),
        row("h69_deleted_binary", "replaced", env=found),
        row("h73_seccomp_strict"),
        row("h74_split_asan", 2, 300),
        row("h74_split_tsan", 2, 300),
        row("h74_loop_asan", check=takes_most("loop")),
        row("h74_loop_tsan", check=takes_most("loop")),
        row("h75_split", 2, 300, prefix=("strace", "-f", "-o", "/dev/null")),
        # perf's signals took strace a hundred times the work's CPU time.
        row("h75_split", 2, 300, engines=(("auto", 10000),), prefix=("strace", "-f", "-o", "/dev/null"),
            check=lambda run: comments_say(run, "tracer")),
        row("h75_split", 2, 300, prefix=("gdb", "-q", "-batch", "-ex", "handle SIGPROF nostop noprint pass",
                                         # It writes lines in pieces, and the program's own would begin within.
                                         "-ex", "set print thread-events off",
                                         "-ex", "run", "-ex", "quit $_exitcode", "--args")),
        row("h75_split", 2, 300, prefix=(os.path.join(build, "tests", "hazards", "h75_tracer"),)),
        # Whose probes for readable memory Memcheck took for errors of the program's, at its start even.
        row("h75_split", 2, 100, engines=(("timer", 100),), sum=None, share=None,
            prefix=("valgrind", "-q", "--error-exitcode=9")),
        row("h82_write_failures"),
        # Its threads work on while the end tells the truth of them, so only the sum can be compared.
        row("h83_exit_running", "exit", share=None, check=leads_to("busy", "work")),
        row("h83_exit_running", "quick", sum=None, share=None),
        row("h85_busy"),
        *([row("h88_identity", "plain"), row("h88_identity", "keepcaps"),
           row("h88_identity", "unseen")] if os.getuid() == 0 else []),
        # Its turns are few in three seconds: places of the period, not samples, are what it has many of.
        row("h89_keeps_step", engines=(("timer", 100), ("perf", 100)), share=0.2),
        row("h100_stopped_holder", engines=(TIMER, PERF, ITIMER)),
    ]


def run_row(build, r, engine, hz):
    program = os.path.join(build, "tests", "hazards", r.program)
    cprof = os.path.join(build, "tool", "cprof") if r.preload else None
    try:
        run = workload.Run(program, hz, engine, r.args, r.env, 30, r.prefix, cprof, r.suffix)
    except (OSError, profile.ProfileError) as e:
        return ["%s" % e], ""
    bad = run.how_it_failed(r.status)
    if "quick" in r.args and bad == ["no profile"]:
        return [], ""  # _exit without a stop writes none; that it ended well is what was asked
    if not bad and r.sum_tolerance is not None:
        bad += run.sum_is_off(r.sum_tolerance)
    if not bad and r.share_tolerance is not None:
        for name in run.truth:
            bad += run.share_is_off(name, r.share_tolerance)
    if not bad and r.check:
        bad += r.check(run)
    text = ""
    if run.profile:
        text = "sum %+5.1f %%" % ((run.cpu / run.total - 1) * 100 if run.total else 0)
        text += "".join("  %s %.1f %%" % (n, s * 100) for n, s in sorted(run.markers().items()) if s >= 0.001)
    return bad, text


def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    failures = []  # said again at the end: who reads a long log sees its tail
    for r in build_table(build):
        if wanted and not any(w in r.program for w in wanted):
            continue
        for engine, hz in r.engines:
            bad, text = run_row(build, r, engine, hz)
            passed, failed = passed + (not bad), failed + bool(bad)
            label = " ".join([r.program, *(a for a in map(str, r.args) if "/" not in a), *r.prefix[:1],
                              *(os.path.basename(v) for v in (r.env or {}).values())])
            line = "%s %-42s %-6s %5d Hz  %s%s\n" % ("FAIL" if bad else "ok  ", label, engine, hz, text,
                                                    "  " + "; ".join(bad) if bad else "")
            print(line, end="", flush=True)
            failures += [line] if bad else []
    print("".join(failures) + "%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
