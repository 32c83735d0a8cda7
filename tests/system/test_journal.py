"""Under a real journald: runs journal_inside.py beside one, in namespaces of its own."""

import os
import subprocess
import sys

import pytest

from sim import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))


def test_under_a_real_journald():
    done = subprocess.run(
        [os.path.join(ROOT, "tests", "lib", "journald.sh"), sys.executable, "-m", "pytest", "-q", "-p",
         "no:cacheprovider", os.path.join(HERE, "journal_inside.py")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, text=True, errors="replace")
    print(done.stdout)
    if done.returncode == 77:
        if os.environ.get("CI") == "true":
            pytest.fail("this machine has no real journald to offer")
        pytest.skip(done.stdout)
    assert done.returncode == 0
