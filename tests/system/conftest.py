"""Fixtures for driving the real precheckd against the real drs-simulator, both on loopback."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import daemon as lib  # noqa: E402
from process import wait_end  # noqa: E402
from sim import Sim  # noqa: E402


@pytest.fixture
def sim(request):
    """start(scenario, ...): a Sim that is stopped, and judged by its exit status, when the test ends."""
    started = []

    def start(*args, **kwargs):
        started.append(Sim(*args, **kwargs))
        return started[-1]

    yield start
    for s in started:
        s.process.terminate()
        wait_end(s.process, lib.PATIENCE)
    bad = [s.stderr for s in started if s.stop() != 0]
    assert not bad, bad


@pytest.fixture
def precheckd(sim):
    """start(config, ...): a Daemon that is stopped and judged when the test ends, before its simulator."""
    started = []

    def start(*args, **kwargs):
        started.append(lib.Daemon(*args, **kwargs))
        return started[-1]

    yield start
    try:
        for d in started:
            d.stop()
    finally:
        for d in started:
            d.kill()
