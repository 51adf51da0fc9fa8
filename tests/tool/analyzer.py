# SPDX-License-Identifier: MIT
"""What the analyzer's tests share: running cprof in a directory of its own, and asking it things."""

import os
import subprocess
import sys
import unittest
from tempfile import TemporaryDirectory

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import makeprofile  # noqa: E402
import profile  # noqa: E402, F401  (ours, not the standard library's)

CPROF = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "cprof"
CPU = [("samples", "count"), ("cpu", "nanoseconds")]
TICK = 10_000_000


def cpu_profile(**options):
    """40 ms of cpu: 30 in leaf, called by mid, 10 in mid itself; all in main."""
    p = makeprofile.Maker(CPU, period=TICK, period_type=("cpu", "nanoseconds"), duration_ns=10**9, **options)
    p.sample(["leaf", "mid", "main"], [3, 3 * TICK], key="a", bytes=(512, "bytes"))
    p.sample(["mid", "main"], [1, TICK], key="b")
    return p


def zstd(*pieces, run_bytes=0, is_whole=True):
    """A frame of zstd with each piece stored as a block, then so many equal bytes; not whole: it has no end."""
    block = lambda kind, size, data: (kind << 1 | size << 3).to_bytes(3, "little") + data  # noqa: E731
    frame = b"\x28\xb5\x2f\xfd\0\x38" + b"".join(block(0, len(piece), piece) for piece in pieces)
    frame += b"".join(block(1, min(run_bytes - at, 1 << 17), b"\0") for at in range(0, run_bytes, 1 << 17))
    return frame + (b"\1\0\0" if is_whole else b"")


class AnalyzerTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self._dir = TemporaryDirectory()
        self.addCleanup(self._dir.cleanup)
        self.dir = self._dir.name
        self.env = {"HOME": self.dir, "PATH": os.environ["PATH"], "TZ": "UTC", "TERM": "dumb",
                    "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")}

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_cprof(self, *args, stdin="", status=0, **env):
        """(stdout, stderr) of a run that must end with `status`."""
        r = subprocess.run([CPROF, *args], input=stdin.encode(), capture_output=True, cwd=self.dir,
                           env={**self.env, **env}, timeout=60)
        out, err = r.stdout.decode(errors="replace"), r.stderr.decode(errors="replace")
        self.assertEqual(r.returncode, status, err or out)
        return out, err

    def bytes_of(self, *args):
        return subprocess.run([CPROF, *args], capture_output=True, cwd=self.dir, env=self.env, timeout=60,
                              check=True).stdout
