"""Fixtures for peers that nobody here wrote. The real precheckd and the simulated DRS come from tests/system."""

import importlib.util
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import keystone as keystone_lib  # noqa: E402
import netns as netns_lib  # noqa: E402
import nginx as nginx_lib  # noqa: E402
import tls as tls_lib  # noqa: E402

_spec = importlib.util.spec_from_file_location("system_fixtures", os.path.join(HERE, "..", "system", "conftest.py"))
_system = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_system)
sim = _system.sim
precheckd = _system.precheckd


def _skip(reason):
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory):
    """A Keystone whose tokens live for an hour; its accounts are the tests' own."""
    _skip(keystone_lib.missing())
    with keystone_lib.Keystone(tmp_path_factory.mktemp("keystone")) as k:
        yield k


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """An authority that a cloud's ca_file names."""
    _skip(tls_lib.missing())
    return tls_lib.CA(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def nginx(sim, tmp_path):
    """start(text, sockets=1): an Nginx that is stopped when the test ends, before the simulator behind it."""
    _skip(nginx_lib.missing())
    started = []

    def start(text, sockets=1):
        started.append(nginx_lib.Nginx(tmp_path / f"nginx-{len(started)}", text, sockets))
        return started[-1]

    yield start
    for n in started:
        n.stop()


@pytest.fixture
def netns(tmp_path):
    """start({name: address}): a Netns that ends with the test."""
    _skip(netns_lib.missing())
    started = []

    def start(hosts):
        started.append(netns_lib.Netns(tmp_path, hosts))
        return started[-1]

    yield start
    for ns in started:
        ns.stop()
