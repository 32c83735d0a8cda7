"""The vendor's client for Node, the version that package-lock.json names, installed below the build directory."""

import filecmp
import os
import shutil
import subprocess

import pytest

from sim import build_dir

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 300  # hundreds of packages, if it has to be
PACKAGE = "@huaweicloud/huaweicloud-sdk-core"
# What npm says where there is no way to a registry: that is not ours to mend.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")

_skipped = []


def _run(why, *argv, **kwargs):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
                       check=False, **kwargs)
    if p.returncode != 0 and any(word in p.stdout for word in UNREACHABLE):
        _skipped.append(f"{why}: no registry can be reached")  # asked once is enough
        pytest.skip(_skipped[0])
    if p.returncode != 0:
        pytest.fail(f"{why}: {' '.join(argv)}:\n{p.stdout[-3000:]}")
    return p.stdout


def _node():
    """Debian's node and npm are hundreds of packages, and other builds of node refuse to lie beside them: so they
    are no word in deps.sh, and are only asked for where there is no node at all."""
    if shutil.which("node") and shutil.which("npm"):
        return
    if os.getuid() != 0:
        pytest.skip("node or npm is not there, and only root can install it")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    _run("node could not be installed", "apt-get", "update", "-qq", env=env)
    _run("node could not be installed", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm",
         env=env)


def vendor_dir():
    """The directory with node_modules; installs what is not there yet."""
    if _skipped:
        pytest.skip(_skipped[0])
    _node()
    where = os.path.join(build_dir(), "login-vendor")
    lock, done = os.path.join(HERE, "package-lock.json"), os.path.join(where, "installed.json")
    if os.path.exists(done) and filecmp.cmp(lock, done, shallow=False):
        return where
    os.makedirs(where, exist_ok=True)
    for name in "package.json", "package-lock.json":
        shutil.copy(os.path.join(HERE, name), where)
    _run(f"{PACKAGE} could not be installed", "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
         "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=2000", cwd=where)
    shutil.copy(lock, done)
    return where


def run_node(script, *args, **kwargs):
    """The standard output of a script of this directory."""
    return _run(f"{script} failed", "node", os.path.join(HERE, script), *map(str, args), cwd=vendor_dir(), **kwargs)
