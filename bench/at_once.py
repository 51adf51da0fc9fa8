# SPDX-License-Identifier: MIT
"""Costs of a percent, for the benchmarks: the same work with and without a profiler at the same time, on one
processor. Its time slices lie between each other's, so what other load does to the caches and the clock of the one,
it does to the other: quartiles of the ratio of two equal runs lay 2.4 % apart so, 11 % apart one after the other
(25 pairs of lua5.4, load 15 on two processors).
"""

import concurrent.futures
import math
import os
import random
import statistics


def together(runs, count):
    """[{name: what it gives}] of runs, {name: function}, called with a processor to stay on."""
    out = []
    with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
        for i in range(count):
            cpu = sorted(os.sched_getaffinity(0))[i % len(os.sched_getaffinity(0))]
            futures = {name: pool.submit(runs[name], cpu) for name in random.sample(list(runs), len(runs))}
            out.append({name: f.result() for name, f in futures.items()})
    return out


def pairs(run, base, count):
    """[(what run gives, what base gives)]"""
    return [(got["run"], got["base"]) for got in together({"run": run, "base": base}, count)]


def median_interval(values):
    """(median, low, high). The true median is between the last two with 95 %, however the values are distributed:
    the number of values below it is that of heads in so many throws of a coin. Fewer than six give their range."""
    v, n, cut = sorted(values), len(values), 0
    while sum(math.comb(n, i) for i in range(cut + 2)) <= 0.025 * 2 ** n:
        cut += 1
    return statistics.median(v), v[cut], v[n - 1 - cut]


def verdict(values, goal):
    """Whether the median is at most the goal; fewer than six values cannot say, nor an interval with the goal in it."""
    _, low, high = median_interval(values)
    if len(values) < 6 or low <= goal < high:
        return "cannot be told"
    return "within" if high <= goal else "over"
