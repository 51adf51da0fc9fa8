#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Help, completions and manual pages know each command and option cprof knows. test_completions.py CPROF ROOT"""

import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.abspath(sys.argv.pop())
CPROF = os.path.abspath(sys.argv.pop())
OTHER_WORDS = {"run", "attach", "test", "push", "trace", "help", "version"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def known():
    """Commands and options of `cprof help`."""
    text = subprocess.run([CPROF, "help"], capture_output=True, check=True).stdout.decode()
    commands = re.findall(r"^  (\w+)(?: REGEXP)? {2,}\S", text.split("\nCommands\n")[1].split("\n\n")[0], re.M)
    options = set(re.findall(r"(?<![\w-])-(\w+)", text.split("\nOptions of reports\n")[1]))
    return set(commands), options


def helped(command):
    """Options of `cprof run`, ... by their help."""
    text = subprocess.run([CPROF, command, "-h"], capture_output=True, check=True).stdout.decode()
    return set(re.findall(r"^  -(\w+)", text, re.M))


class Help(unittest.TestCase):
    """Held against the tables in the source: what is in none of the texts is known nowhere else."""

    def test_analyzer(self):
        request, table = read("tool/driver/request.c"), read("tool/driver/config_table.c")
        flags = set(re.findall(r'\badd(?:_string)?\(p, "(\w+)"', request))
        flags |= set(re.findall(r'^\t\t\{"(\w+)", "\w+"\}', request, re.M))
        for name, choices in re.findall(r'^\t\{"(\w+)", CONFIG_\w+, AT\(\w+\), [^,]+, \w+, (\w+),', table, re.M):
            flags |= {name} if choices == "NULL" else set(re.findall(r'"(\w+)"', re.search(
                choices + r"\[\] = \{([^}]*)\}", table)[1]))
        commands, options = known()
        self.assertEqual(options, flags)
        self.assertEqual(commands, set(re.findall(r'^\t\{"(\w+)"', read("tool/driver/command.c"), re.M)))

    def test_run_and_test(self):
        source = read("run/options.c")
        flags = set(re.findall(r'^\t\t\{"(\w+)", offsetof', source, re.M)) | {"leak", "locksites"}
        flags |= set(re.findall(r'"(\w+)"', re.search(r"others\[\] = \{([^}]*)\}", source)[1]))
        self.assertGreater(len(flags), 15)
        self.assertEqual(helped("run") | helped("test"), flags)

    def test_other_parts(self):
        for command, file in (("attach", "tool/attach/attach.c"), ("trace", "tool/driver/trace.c"),
                              ("push", "tool/push/push.c")):
            flags = set(re.findall(r'^\t\t\t\{"(\w+)", FLAG_', read(file), re.M))
            self.assertGreater(len(flags), 2)
            self.assertEqual(helped(command), flags)

    def test_manuals(self):
        for command in ("run", "attach", "test", "trace", "push"):
            items = " ".join(re.findall(r"^\.It .*", read("man/cprof-%s.1" % command), re.M))
            self.assertEqual(helped(command), set(re.findall(r"\bFl (\w+)", items)) - {"h"}, command)


    def test_headings_of_manuals(self):
        """"In another root directory" was printed as "<another> root directory": In is a macro there."""
        macros = set("Ad An Ap Ar At Cd Cm Do Dq Dv Em Er Es Ev Ex Fa Fl Fn Fx Ic In It Lb Li Ms No Ns Nx Op Pa Pf "
                     "Po Pq Ql Qo Qq Rv Sm So Sq St Sx Sy Ta Tn Ud Ux Va Vt Xo Xr".split())
        for name in sorted(os.listdir(os.path.join(ROOT, "man"))):
            for heading in re.findall(r"^\.S[hs] (.*)", read("man/" + name), re.M):
                self.assertEqual(set(heading.split()) & macros, set(), name)


class Completions(unittest.TestCase):
    def setUp(self):
        self.commands, self.options = known()
        self.assertGreater(len(self.commands), 20)
        self.assertGreater(len(self.options), 50)

    def test_bash(self):
        script = read("completions/cprof.bash")
        lists = dict(re.findall(r'^(_cprof_\w+)="([^"]*)"', script, re.M))
        self.assertEqual(set(lists["_cprof_commands"].split()), self.commands)
        flags = set(lists["_cprof_plain_flags"].split()) | set(lists["_cprof_value_flags"].split())
        self.assertEqual(flags, self.options)

    def test_bash_completes(self):
        def complete(*words):
            line = "source %s/completions/cprof.bash; COMP_WORDS=(%s); COMP_CWORD=%d; _cprof; echo ${COMPREPLY[@]}" % (
                ROOT, " ".join(words), len(words) - 1)
            path = os.path.dirname(CPROF) + ":" + os.environ["PATH"]
            return subprocess.run(["bash", "-c", line], capture_output=True, check=True,
                                  env={**os.environ, "PATH": path}).stdout.decode().split()
        self.assertIn("speedscope", complete("cprof", "spee"))
        self.assertEqual(complete("cprof", "top", "-tagf"), ["-tagfocus"])
        self.assertEqual(complete("cprof", "trace", "-pprof", "=", "sy"), ["sync", "syscall"])
        self.assertEqual(complete("cprof", "-unit", "=", "mi"), ["minimum"])
        self.assertEqual(complete("cprof", "push", "-bu"), ["-buffer"])
        self.assertEqual(complete("cprof", "help", "ru"), ["run"])
        self.assertEqual(set(complete("cprof", "run", "-")), {"-" + name for name in helped("run")})

    def test_zsh(self):
        script = read("completions/_cprof")
        self.assertEqual(set(re.findall(r"^\t\t'(\w+):", script, re.M)) - OTHER_WORDS, self.commands)
        self.assertEqual(set(re.findall(r"^\t\t'-(\w+)=?\[", script, re.M)), self.options | self.commands)

    def test_fish(self):
        script = read("completions/cprof.fish")
        self.assertEqual(set(re.findall(r" -a (\w+) -d", script)) - OTHER_WORDS, self.commands)
        self.assertEqual(set(re.findall(r"^complete -c cprof -o (\w+)", script, re.M)), self.options | self.commands)

    def test_manual(self):
        page = read("man/cprof.1")
        words = set(re.findall(r"[\w]+", " ".join(re.findall(r"^\.It (?:Cm|Fl) .*", page, re.M))))
        self.assertEqual((self.commands | self.options) - words - set(re.findall(r"\.Fl (\w+)", page)), set())


if __name__ == "__main__":
    unittest.main(argv=["test_completions"], verbosity=1)
