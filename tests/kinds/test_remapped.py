#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Code that a program has mapped a second time has its name: test_remapped.py REMAPPED"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import profile  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cpu")
        subprocess.run([sys.argv[1], path], check=True, timeout=60)
        samples = profile.read(path).samples
    spinning = [s for s in samples if s.stack[0].name == "spin"]
    # The loader, where the first calls of a function are, has no symbols of its own.
    nameless = [s for s in samples if not s.stack[0].name and
                not (s.stack[0].mapping and "/ld-" in s.stack[0].mapping.file)]
    whole = [s for s in spinning if s.stack[-1].name == "_start"]
    print("%d in the copy, %d of them whole; %d without a name" % (len(spinning), len(whole), len(nameless)))
    return 0 if spinning and whole and not nameless else 1


if __name__ == "__main__":
    sys.exit(main())
