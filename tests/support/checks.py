# SPDX-License-Identifier: MIT
"""The checks of a test that goes on after one has failed."""

passed = failed = 0


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL %s%s" % (what, ": " + str(detail).strip()[:2000] if detail != "" else ""), flush=True)
    return ok


def exit_status():
    """Says how many there were; what the test exits with."""
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0
