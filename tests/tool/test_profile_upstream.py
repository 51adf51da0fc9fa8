#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The old formats as google/pprof reads them: `test_profile_upstream.py DUMP [DIR]`.

DIR is pprof's profile/testdata, by default where Debian's golang-github-google-pprof-dev has it: each FILE there
has a FILE.string, which is pprof's own dump of it. DUMP prints ours. Without DIR the test is skipped (77).
"""

import os
import re
import subprocess
import sys


DEBIAN = "/usr/share/gocode/src/github.com/google/pprof/profile/testdata"


def without_columns(dump):
    """pprof's dumps of before 2023 have no columns; these formats have none either."""
    return re.sub(rb"(:\d+):0( s=\d+)", rb"\1\2", dump)


def main():
    dump = sys.argv[1]
    folder = sys.argv[2] if len(sys.argv) > 2 else DEBIAN
    if not os.path.isdir(folder):
        print("no pprof test data: install golang-github-google-pprof-dev")
        return 77
    names = sorted(name[:-7] for name in os.listdir(folder) if name.endswith(".string"))
    failed = 0
    for name in names:
        path = os.path.join(folder, name)
        with open(path + ".string", "rb") as f:
            want = f.read()
        got = subprocess.run([dump, path], capture_output=True, check=False, env={**os.environ, "TZ": "UTC"})
        if without_columns(got.stdout) != without_columns(want):
            failed += 1
            print("FAIL", name, got.stderr.decode(errors="replace").strip())
    print("%d passed, %d failed" % (len(names) - failed, failed))
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
