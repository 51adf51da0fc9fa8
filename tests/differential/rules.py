# SPDX-License-Identifier: MIT
"""What changed in pprof between that of Debian 12 (Go 1.19, 2022) and the one that cprof follows (2026). Each rule
undoes one change in what one side or both have printed, for the commands it names, for Go before the version that has
the change, and for no more than that."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Callable, Optional, Tuple


@dataclass
class Rule:
    name: str
    why: str
    commands: Optional[Tuple[str, ...]]  # those it is for; None: all
    ours: Callable[[str], str] = lambda text: text  # applied to what cprof printed
    theirs: Callable[[str], str] = lambda text: text  # and to what pprof printed
    both: Callable[[str, str], Tuple[str, str]] = lambda ours, theirs: (ours, theirs)
    since: Tuple[int, int] = (1, 999)  # the first Go known to have the change


def _old_time(text):
    def old(match):
        when = datetime.strptime(match.group(1), "%Y-%m-%d %H:%M:%S")
        hour = when.hour % 12 or 12
        return "Time: %s %d, %d at %d:%02d%s (UTC)" % (
            when.strftime("%b"), when.day, when.year, hour, when.minute, "pm" if when.hour >= 12 else "am")
    return re.sub(r"Time: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", old, text)


def _without_columns(text):
    return re.sub(r"^( *\d+: 0x[0-9a-f]+ (?:M=\d+ )?.*| {13}\S.*):0( s=\d+)$", r"\1\2", text, flags=re.M)


def _without_usage(text):
    """What is left is the line that says what is wrong."""
    text = re.sub(r"^usage:\n.*instead of \$HOME\n", "", text, flags=re.M | re.S)  # theirs
    return re.sub(r"^(usage: cprof|       cprof) .*\n", "", text, flags=re.M)  # ours


def _without_prompt(text):
    """Prompts, and the newline after the last of them, at the end of the input."""
    return re.sub(r"\(pprof\) ", "", re.sub(r"\(pprof\) \n\Z", "", text))


_TIED = (
    re.compile(r"(?P<by>N\d+ -> N\d+ ).*"),  # edges of -dot
    re.compile(r" {40,}\S+ +\S* +\|   (?P<by>.*)"),  # of -tree and -peek
    re.compile(r" *\S+(?: \( *[-\d.e]+%\))?: (?P<by>.*)"),  # -tags
)


def _sort_ties(text):
    """Each run of lines that could be tied, by their names."""
    if not re.search(r"[ \"]-\d", text):
        return text
    lines = text.splitlines()
    for pattern in _TIED:
        run = []
        for i, line in enumerate(lines + [""]):
            match = pattern.fullmatch(line)
            if match:
                run.append((match["by"], line))
            elif run:
                lines[i - len(run) : i] = [tied for _, tied in sorted(run)]
                run = []
    return "\n".join(lines)


def _sort_conflict(text):
    return re.sub(r"(?<=conflicting options set: )\[(.*)\]", lambda m: str(sorted(m.group(1).split())), text)


_TAG_LINE = re.compile(r"^ *(?P<key>\S.*: Total )?(?P<value>-?[\d.]+)(?P<unit>[a-zA-Z]*)(?: of \S+)?"
                       r"(?: \( *[-\d.e]+%\))?(?P<tag>: .*)?$")


def _tags(ours, theirs):
    """Line by line: key and tag have to be the same, and the value within the digits that theirs has."""
    our_lines, their_lines = ours.splitlines(), theirs.splitlines()
    if len(our_lines) != len(their_lines):
        return ours, theirs
    for i, pair in enumerate(zip(our_lines, their_lines)):
        our, their = map(_TAG_LINE.match, pair)
        if our and their and our["key"] == their["key"] and our["tag"] == their["tag"]:
            one, other = float(our["value"]), float(their["value"])
            if abs(one - other) <= 0.0551 and (our["unit"] == their["unit"] or one == other == 0):
                our_lines[i] = their_lines[i]
    return "\n".join(our_lines), "\n".join(their_lines)


RULES = (
    Rule("time", "the profile's time is printed in full, no longer to the minute: ours is cut to theirs", None,
         ours=_old_time, since=(1, 24)),
    Rule("columns", "-raw prints columns of the source too, which these profiles do not have: `:0` goes", ("raw", ""),
         ours=_without_columns, since=(1, 24)),
    Rule("prefix", "the line that ends the program begins with `pprof: `", None,
         ours=lambda text: re.sub(r"^pprof: ", "", text, flags=re.M)),
    Rule("usage", "the help is our own; the line of the mistake is the same", None, _without_usage, _without_usage),
    Rule("stat", "a source that is not there is looked for before it is opened", None,
         theirs=lambda text: re.sub(r": open (\S+): no such", r": stat \1: no such", text)),
    Rule("compatible", "profiles of different kinds are told apart by their sample types first", None,
         theirs=lambda text: re.sub(r"^period type: incompatible types: .*",
                                    "profiles have empty common sample type list", text, flags=re.M)),
    Rule("prompt", "the shell of `go tool pprof` prompts even where nobody sits; ours and google/pprof's own do not",
         ("",), theirs=_without_prompt),
    Rule("ties", "x and -x: 2022's comparison has neither before the other, which leaves them in the order of a map; "
         "sorted by name on both sides", ("dot", "tree", "peek", "tags"), _sort_ties, _sort_ties),
    Rule("tags", "-tags prints two digits, the profile's total, and percents of that, no longer of the tag's own: "
         "values are compared to one digit", ("tags", ""), both=_tags, since=(1, 27)),
    Rule("stackless", "samples without a stack are kept where nothing is filtered; ours go", ("raw",),
         ours=lambda text: re.sub(r"^( +\d+)+: \n", "", text, flags=re.M), since=(1, 24)),
    Rule("conflict", "2022 names options that exclude each other in the order of a map; sorted on both sides", None,
         _sort_conflict, _sort_conflict),
    Rule("options", "the shell's options have one more, and another default of granularity", ("",),
         ours=lambda text: re.sub(r"^  showcolumns .*\n", "", text.replace("(default)", "functions"), flags=re.M),
         since=(1, 24)),
)


needed = Counter()  # {rule's name: outputs that it changed}


def undo(command, go_version, ours, theirs):
    """What both sides' outputs have to be equal in."""
    for rule in RULES:
        if go_version < rule.since and (rule.commands is None or command in rule.commands):
            before = ours, theirs
            ours, theirs = rule.both(rule.ours(ours), rule.theirs(theirs))
            needed[rule.name] += (ours, theirs) != before
    return ours, theirs
