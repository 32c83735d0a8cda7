"""A short crash test; `make crash-test` is the long one."""

import os
import subprocess
import sys

import pytest

from daemon import SANITIZED, check_output
from sim import ROOT


@pytest.mark.skipif(SANITIZED, reason="LeakSanitizer and strace both want to trace")
def test_killed_at_any_moment():
    program = os.path.join(ROOT, "tests", "crash", "crash.py")
    done = subprocess.run([sys.executable, program, "--kills", "30", "--stride", "15"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, text=True)
    print(done.stdout)
    check_output(done.stdout)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0
