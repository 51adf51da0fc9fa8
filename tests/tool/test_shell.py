#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The interactive shell: its grammar by a pipe, its keys on a terminal (tmux). test_shell.py CPROF LATE_READ"""

import os
import re
import select
import shutil
import subprocess
import sys
import time
import unittest

from analyzer import CPROF, TICK, AnalyzerTest, cpu_profile

LATE_READ = sys.argv.pop(1)  # late_read.c
GREETING = """\
File: prog
Type: cpu
Duration: 1s, Total samples = 40ms ( 4.00%)
Entering interactive mode (type "help" for commands, "o" for options)
"""


def many_samples():
    """A profile whose -traces are some megabytes."""
    p = cpu_profile()
    for i in range(20_000):
        p.sample(["leaf", "mid", "main"], [1, i + 1])
    return p


class Piped(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.cpu = cpu_profile().write(self.path("cpu.pb.gz"))

    def shell(self, *lines):
        out, err = self.run_cprof(self.cpu, stdin="".join(line + "\n" for line in lines))
        self.assertTrue(err.startswith(GREETING), err)
        return out, err[len(GREETING):]

    def test_a_last_line_needs_no_end(self):
        self.assertIn("leaf", self.run_cprof(self.cpu, stdin="top1")[0])

    def test_words_of_one_command_do_not_stay(self):
        out, err = self.shell("top 1 leaf -cum", "top")
        self.assertEqual(err, "")
        first, second = out.split("Active filters:\n   focus=leaf\n")[1].split("Showing nodes accounting for 40ms")
        self.assertIn("Showing top 1 nodes out of 3", first)
        self.assertIn("leaf", second)
        self.assertIn("main", second)

    def test_options_stay_until_forgotten(self):
        out, err = self.shell("focus=leaf //: only there", "top", ":", "top")
        self.assertEqual(err, "")
        self.assertEqual(out.count("focus=leaf"), 1)

    def test_a_filter_does_not_wear_the_profile_down(self):
        out, _ = self.shell("focus=leaf", "tagroot=key", "top", "focus=", "tagroot=", "top")
        self.assertTrue(out.endswith("""\
      30ms 75.00% 75.00%       30ms 75.00%  leaf
      10ms 25.00%   100%       40ms   100%  mid
         0     0%   100%       40ms   100%  main
"""), out)

    def test_options_list_can_be_given_back(self):
        _, err = self.shell("nodecount=7", "o")
        self.assertIn('  focus                     = ""                  ', err)
        self.assertIn("  granularity               = (default)            //: [addresses |", err)
        self.assertIn("  nodecount                 = 7 ", err)
        self.assertIn("  sample_index              = cpu                  //: [samples | cpu]", err)
        self.assertNotIn("source_path", err)
        line = next(x for x in err.splitlines() if x.startswith("  nodefraction"))
        self.assertEqual(self.shell(line.strip()), ("", ""))

    def test_sample_types_are_words(self):
        out, err = self.shell("samples", "top1", "mean_cpu", "top1")
        self.assertEqual(err, "")
        self.assertIn("         3 75.00%", out)
        self.assertIn("      10ms ", out)

    def test_mistakes(self):
        _, err = self.shell("foo", "focus x", "unit", "peek", "sort=this", "sample_index=nosuch", "lines",
                            "help nothing", "trim=maybe", "top >")
        self.assertEqual(err.splitlines(), [
            'unrecognized command: "foo"', "did you mean: focus=x", "please specify a value, e.g. unit=<val>",
            "command peek requires an argument", 'invalid "sort" value "this"',
            'sample_index "nosuch" must be one of: [samples cpu]', 'unknown config field "lines"',
            "Unknown command: nothing", 'illegal value "maybe" for bool variable',
            "unexpected end of line after >"])

    def test_quit_ends(self):
        for word in ("q", "quit", "exit"):
            self.assertEqual(self.shell(word, "top"), ("", ""))

    def test_redirection_and_pager(self):
        out, err = self.shell("top >out.txt", "top | head -n 1 | tr a-z A-Z")
        self.assertEqual(err, "Generating report in out.txt\n")
        self.assertEqual(out, "SHOWING NODES ACCOUNTING FOR 40MS, 100% OF 40MS TOTAL\n")
        with open(self.path("out.txt")) as f:
            self.assertIn("leaf", f.read())

    def test_a_pager_may_have_seen_enough(self):
        # More than a pipe holds, so that the report is cut off while it is written.
        out, err = self.run_cprof(many_samples().write(self.path("many.pb.gz")),
                                  stdin="traces | head -n 1\ntraces | exit 0\ntop1 | exit 3\ntop1\n")
        self.assertTrue(out.startswith("File: prog\n"), out[:100])
        self.assertIn("Showing top 1 nodes", out)
        self.assertEqual(err.count("\n"), 5, err)
        self.assertTrue(err.endswith("exit status 3\n"), err)

    def test_children_of_a_pager_die_of_a_broken_pipe(self):
        out, err = self.shell("top1 | (yes; echo $? >status) | head -n 1")
        self.assertEqual((out, err), ("y\n", ""))
        with open(self.path("status")) as f:
            self.assertEqual(f.read(), "141\n")

    def test_a_report_is_the_same_however_often_and_in_whatever_company(self):
        p = cpu_profile()
        p.sample(["leaf", "leaf", "mid", "main"], [2, -TICK], key="a")
        p.sample(["other", "main"], [4, 0])
        p.write(self.cpu)
        commands = ["top", "top -cum", "top 1", "tree", "peek mid", "dot", "tree leaf", "tree 2", "traces", "tags",
                    "samples", "top", "tree", "mean_cpu", "tree", "total_cpu", "granularity=lines", "tree",
                    "drop_negative=1", "tree", "drop_negative=0", "call_tree=1", "dot", "call_tree=0",
                    "granularity=addresses", "tree", "hide=mid", "tree", "hide=", "granularity=functions", "top -leaf",
                    "top leaf", "tagfocus=a", "tree", "tagfocus=b", "tree", "tagfocus=", "tagroot=key", "tree",
                    "tagroot=", "show_from=mid", "tree", "show_from=", "prune_from=leaf", "tree", "prune_from="]

        def shell(*lines):
            return self.run_cprof(self.cpu, stdin="\n".join(lines))[0]

        want, options = "", []
        for command in commands:  # each in a shell of its own, with what was set before
            want += shell(*options, command)
            if "=" in command or "_" in command or command == "samples":
                options.append(command)
        self.assertEqual(shell(*commands, "sample_index=cpu", *commands), want * 2)

    def test_a_report_is_the_same_whenever_it_is_asked_for(self):
        # While its user reads a report, the shell makes others: each may be asked for before, during and after that.
        p = cpu_profile()
        for i in range(20_000):
            calls = ["f%d" % (i * k % 211) for k in range(1, 30)]
            p.sample(calls, [1, i + 1], key="v%d" % (i % 7), bytes=(1 << i % 9, "bytes"))
        p.write(self.cpu)
        commands = ["top", "dot", "tree", "sample_index=samples", "tree", "dot f1", "dot", "focus=f2", "top", "tree",
                    "focus=", "granularity=lines", "top"]
        want = self.run_cprof(self.cpu, stdin="\n".join(commands))[0]
        for delay_s in (0.001, 0.03, 0.2, 1):
            with open(self.path("out"), "wb") as out, \
                    subprocess.Popen([CPROF, self.cpu], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL,
                                     env=self.env, cwd=self.dir) as shell:
                for command in commands:
                    shell.stdin.write(command.encode() + b"\n")
                    shell.stdin.flush()
                    time.sleep(delay_s)
            self.assertEqual(shell.returncode, 0)
            with open(self.path("out")) as out:
                self.assertEqual(out.read(), want)

    def test_quit_while_it_looks_ahead(self):
        many_samples().write(self.cpu)
        for delay_s in (0, 0.01, 0.03, 0.1):
            with subprocess.Popen([CPROF, self.cpu], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=self.env, cwd=self.dir) as shell:
                shell.stdin.write(b"top\n")
                shell.stdin.flush()
                time.sleep(delay_s)
                shell.stdin.write(b"quit\n")
            self.assertEqual(shell.returncode, 0)

    def test_reports_for_programs_get_a_file(self):
        self.shell("proto", "proto")
        self.assertEqual(sorted(n for n in os.listdir(self.dir) if n.startswith("profile")),
                         ["profile001.pb.gz", "profile002.pb.gz"])


@unittest.skipUnless(shutil.which("tmux"), "needs tmux")
class OnTerminal(AnalyzerTest):
    def setUp(self):
        super().setUp()
        self.cpu = many_samples().write(self.path("cpu.pb.gz"))
        self.tmux("new-session", "-d", "-x", "100", "-y", "40", "-s", "t", "sleep 1000")
        self.addCleanup(self.tmux, "kill-server")
        self.start()

    def start(self, *env):
        self.tmux("respawn-pane", "-k", "-t", "t", "env", "TERM=screen", "HOME=" + self.dir, "sh", "-c",
                  "trap : INT; %s %s %s; echo ended $?; sleep 60" % (" ".join(env), CPROF, self.cpu))
        self.wait_for(r"\(pprof\) $")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.path("socket"), "-f", "/dev/null", *args], check=True,
                              env={**self.env, "TERM": "screen"}, capture_output=True).stdout.decode()

    def type(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "t").rstrip("\n")

    def wait_for(self, pattern):
        """Until the screen shows it, however slow the machine; then the screen."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            screen = self.screen()
            if re.search(pattern, screen + (" " if screen.endswith("(pprof)") else ""), re.M):
                return screen
            time.sleep(0.05)
        self.fail("no %r in\n%s" % (pattern, self.screen()))

    def test_tab_completes_commands_options_and_functions(self):
        self.type("pee", "Tab")
        self.wait_for(r"\(pprof\) peek")
        self.type("ea", "Tab")
        self.wait_for(r"\(pprof\) peek leaf")
        self.type("C-u", "granu", "Tab", "filef", "Tab", "Enter")
        self.wait_for(r"\(pprof\) granularity=filefunctions")
        self.type("o", "Enter")
        self.wait_for(r"granularity +.? ?= filefunctions")

    def test_tab_lists_what_is_possible(self):
        self.type("tag", "Tab")
        self.wait_for(r"^tagfocus= .*tagshow=")

    def test_history_outlives_the_session(self):
        self.type("top1", "Enter")
        self.wait_for(r"leaf\n\(pprof\)")
        self.type("q", "Enter")
        self.wait_for(r"ended 0")
        with open(self.path(".local/state/cprof/history")) as f:
            self.assertIn("top1", f.read())
        self.assertEqual(os.stat(self.path(".local/state/cprof/history")).st_mode & 0o77, 0)

    def test_interrupt_gives_up_the_line_only(self):
        self.type("nonsense")
        self.wait_for(r"nonsense")
        self.type("C-c")
        self.wait_for(r"nonsense.*\n\(pprof\) $")
        self.type("top1", "Enter")
        self.wait_for(r"leaf")
        self.type("C-d")
        self.wait_for(r"ended 0")

    def test_interrupt_before_the_read_is_not_lost(self):
        self.start("LD_PRELOAD=" + LATE_READ, "ASAN_OPTIONS=verify_asan_link_order=0")
        self.type("no")
        self.wait_for(r"no$")
        self.type("C-c")  # within half a second
        self.wait_for(r"no\n\(pprof\) $")

    def test_interrupt_ends_the_report_only(self):
        os.mkfifo(self.path("fifo"))
        reader = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.type("traces >%s" % self.path("fifo"), "Enter")
        self.wait_for(r"Generating report in .*")
        select.select([reader], [], [], 60)  # it is full and nobody empties it
        self.type("C-c")
        self.wait_for(r"interrupted\n\(pprof\) $")
        self.type("top1", "Enter")
        self.wait_for(r"Showing top 1 nodes")
        self.type("C-d")
        self.wait_for(r"ended 0")

    def test_interrupt_of_a_pager_is_the_pagers(self):
        self.type("top1 | (trap 'echo caught; exit' INT; cat >/dev/null; echo ready; while :; do sleep 0.1; done)",
                  "Enter")
        self.wait_for(r"^ready")
        self.type("C-c")
        self.wait_for(r"caught\ninterrupted\n\(pprof\) $")
        self.type("top1 | sleep 0", "Enter")
        self.wait_for(r"sleep 0\n\(pprof\) $")


if __name__ == "__main__":
    unittest.main(argv=["test_shell"], verbosity=1)
