"""Beds with the real unit, the real binaries and drs-simulator inside; skipped, with the reason, where none can be."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bed as lib  # noqa: E402


@pytest.fixture(scope="session")
def possible():
    """One bed, tried before all others."""
    lib.remove_stale()
    try:
        with lib.Bed():
            return True
    except lib.Impossible as e:
        pytest.skip(f"no systemd of our own: {e}")


@pytest.fixture(scope="session")
def tree(possible, tmp_path_factory):
    """What `make install` installs."""
    return lib.install_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture
def bed(tree):
    """A bed with precheckd installed and not started."""
    with lib.Bed() as b:
        b.copy(tree)
        b.systemctl("daemon-reload")
        b.run("journalctl", "--update-catalog")
        yield b


@pytest.fixture
def sim(bed):
    """start(scenario, ...): a simulator in the bed, stopped when the test ends."""
    started = []

    def start(*args, **kwargs):
        started.append(bed.sim(*args, **kwargs))
        return started[-1]

    yield start
    bed.systemctl("stop", "precheckd*", check=False)
    for s in started:
        s.stop()
