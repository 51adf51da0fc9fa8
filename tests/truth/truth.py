#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the profile true? truth.py BUILD runs tests/programs under every engine and rate and compares.

Sums: the samples' total against the CPU time of the process. Splits: chi-square against the split the
program measured itself, over functions and over threads. Chance is kept out by one budget: all
comparisons together raise a false alarm in less than one run of a thousand (each gets 0.001 divided by
their number); what that costs in sharpness is won back by the comparison of all cells of an engine
together. How sharp it is, is tested too: the same numbers must fail against a split that is a little off.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import workload  # noqa: E402

ENGINES = ("timer", "perf", "itimer")
RATES_HZ = (100, 1000, 4000)
THREADS_MS = ((1, 2000), (2, 2000), (8, 500))  # threads, CPU time of each
FUNCTIONS = ("half", "third", "seventh", "twentieth")

# Who is not root is without privileges as it is; root's files stay root's.
UNPRIVILEGED = ("setpriv", "--bounding-set=-perfmon,-sys_admin") if os.getuid() == 0 else ()

FALSE_ALARMS = 0.001
CELLS = len(ENGINES) * len(RATES_HZ) * len(THREADS_MS)
COMPARISONS = CELLS + CELLS * 2 // 3 + len(ENGINES)  # functions, threads (not where there is one), pooled
ALPHA = FALSE_ALARMS / COMPARISONS

passed = failed = 0


def report(name, bad, text):
    global passed, failed
    if bad:
        failed += 1
    else:
        passed += 1
    print("%s %-34s %s%s" % ("FAIL" if bad else "ok  ", name, text, ": " + "; ".join(bad) if bad else ""),
          flush=True)


class Pool:
    """The cells of one engine as one large run."""

    def __init__(self):
        self.truth = dict.fromkeys(FUNCTIONS, 0.0)
        self.by_function = dict.fromkeys(FUNCTIONS, 0.0)
        self.independent_samples = 0.0

    def add(self, run):
        # Each cell counts as much as it has independent samples, not as the rate it was asked for.
        seen = sum(run.by_function[f] for f in FUNCTIONS) or 1
        truth = sum(run.truth[f] for f in FUNCTIONS)
        for f in FUNCTIONS:
            self.truth[f] += run.truth[f] / truth * run.independent_samples
            self.by_function[f] += run.by_function[f] / seen * run.independent_samples
        self.independent_samples += run.independent_samples


def split_cell(program, engine, hz, threads, ms, pool):
    run = workload.Run(program, hz, engine, (threads, ms))
    bad = run.how_it_failed() or run.sum_is_off(0.10 if hz == 100 else 0.03)
    text = ""
    if not bad:
        p = workload.chi_square_p(workload.chi_square(run, FUNCTIONS), len(FUNCTIONS) - 1)
        text = "sum %+5.1f %%  split %s" % ((run.cpu / run.total - 1) * 100,
                                            ":".join("%.1f" % (run.share(f) * 100) for f in FUNCTIONS))
        if p < ALPHA:
            bad.append("the split is off (p = %.1e)" % p)
        names = ["thread_%d" % i for i in range(threads)]
        bad += ["%s is not in the profile" % n for n in names if not run.by_function[n]]
        # The process's one timer meets whichever thread runs: it sees each, and promises none its share.
        if threads > 1 and run.engine != "itimer":
            p = workload.chi_square_p(workload.chi_square(run, names), threads - 1)
            if p < ALPHA:
                bad.append("threads' shares are off (p = %.1e)" % p)
        pool.add(run)
    report("split %s %d Hz, %d threads" % (engine, hz, threads), bad, text)


def pooled(engine, pool):
    if not pool.independent_samples:
        return report("split %s, all cells" % engine, ["no cell gave a profile"], "")
    p = workload.chi_square_p(workload.chi_square(pool, FUNCTIONS), len(FUNCTIONS) - 1)
    report("split %s, all cells" % engine, ["the split is off (p = %.1e)" % p] if p < ALPHA else [], "p = %.3f" % p)

    # The power of it: 50:30:15:5 told as 56:24:15:5 has to be caught.
    true = pool.truth
    pool.truth = {"half": true["half"] * 56 / 50, "third": true["third"] * 24 / 30, **{
        f: true[f] for f in ("seventh", "twentieth")}}
    p = workload.chi_square_p(workload.chi_square(pool, FUNCTIONS), len(FUNCTIONS) - 1)
    report("split %s, a wrong one is caught" % engine, [] if p < ALPHA else ["p = %.1e" % p], "p = %.1e" % p)
    pool.truth = true


def births(program, engine, how):
    run = workload.Run(program, 1000, engine, (how, 400))
    bad = run.how_it_failed() or run.sum_is_off(0.10)
    if not bad and engine != "itimer":  # one timer for all: it has no fair share between threads to keep
        bad += run.share_is_off("steady", 0.05)
        # perf has the short ones' time in its place. On the kernel's tick most of them end before it comes:
        # what is theirs stands under their start routine.
        if engine == "perf" and how == "pthread":
            bad += run.share_is_off("often", 0.05) + run.share_is_off("rare", 0.05)
        elif how == "pthread":
            run.truth["short_pthread"] = run.truth["often"] + run.truth["rare"]
            bad += run.share_is_off("short_pthread", 0.05)
    text = "" if run.profile is None else " ".join(
        "%s %.1f %%" % (n, run.share(n) * 100) for n in ("steady", "often", "rare", *run.markers()))
    report("births %s %s" % (engine, how), bad, text)


def bursts(program, engine):
    run = workload.Run(program, 1000, engine, (2,))
    bad = run.how_it_failed() or run.sum_is_off(0.05)
    if not bad and engine == "perf":  # the others see bursts only at the tick: their sum is right, their place biased
        bad += run.share_is_off("burst", 0.02)
    text = "" if run.profile is None else "burst %.1f %% of true %.1f" % (
        run.share("burst") * 100, run.truth["burst"] / run.total * 100)
    report("bursts %s" % engine, bad, text)


def kernel_unseen(program, engine, cprof):
    """Without privileges perf events may not see the kernel: `auto` looks with timers, and perf says what it
    did not see."""
    run = workload.Run(program, 1000, engine, (1000,), prefix=UNPRIVILEGED, cprof=cprof)
    bad = run.how_it_failed() or run.sum_is_off(0.05)
    if not bad and engine == "auto":
        bad += run.share_is_off("read_zeros", 0.03)
    if not bad and run.share("[thread blocks the profiling signal]"):
        bad.append("it blocks no signal")
    text = "" if run.profile is None else "read_zeros %.1f %%  %s" % (
        run.share("read_zeros") * 100, " ".join("%s %.1f %%" % (n, s * 100) for n, s in run.markers().items()))
    report("kernel %s without privileges" % engine, bad, text)


def kernel(program, engine):
    run = workload.Run(program, 1000, engine, (1000,))
    bad = run.how_it_failed() or run.sum_is_off(0.05)
    if not bad:
        bad += run.share_is_off("compute", 0.02)
        if engine != "perf":  # perf without privileges may not sample the kernel, and says so with a marker
            bad += run.share_is_off("read_zeros", 0.03)
    text = "" if run.profile is None else "read_zeros %.1f %%" % (run.share("read_zeros") * 100)
    report("kernel %s" % engine, bad, text)


def main():
    programs = os.path.join(sys.argv[1], "tests", "programs")

    def program(name):
        return os.path.join(programs, name)

    print("tick %d Hz; %d comparisons, each at p < %.1e" % (workload.TICK_HZ, COMPARISONS, ALPHA))
    for engine in ENGINES:
        pool = Pool()
        for hz in RATES_HZ:
            for threads, ms in THREADS_MS:
                split_cell(program("split"), engine, hz, threads, ms, pool)
        pooled(engine, pool)
    for engine in ENGINES:
        births(program("births"), engine, "pthread")
        births(program("births"), engine, "clone")
        bursts(program("bursts"), engine)
        kernel(program("kernel"), engine)
    for engine in ("auto", "perf"):
        kernel_unseen(program("kernel_unlinked"), engine, os.path.join(sys.argv[1], "tool", "cprof"))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
