"""The same in a root of the next Debian, whose systemd (257) knows Type=notify-reload. Makes that root with mmdebstrap,
which takes a minute; skipped, with the reason, where its packages can't be had."""

import os
import re
import shutil
import subprocess

import pytest

import bed as lib
from bed import CONF, ROOT, UNIT
from daemon import jobs

# Each of these is run again, by the fixture `bed` below.
from test_credentials import (test_a_new_one_is_seen_after_a_restart_only,  # noqa: F401
                              test_systemctl_reload_shows_what_this_systemd_hands_over)
from test_sandbox import probed, test_it_works_in_there, test_what_it_forbids_can_not_be_done  # noqa: F401
from test_service import (running, test_a_bad_reload_is_seen, test_a_storm_of_reloads,  # noqa: F401
                          test_it_is_restarted_after_a_failure, test_it_stops_at_once_whatever_is_in_flight, test_reload,
                          test_state_stays_its_own)

PACKAGES = ("systemd systemd-sysv dbus procps iproute2 python3 libcurl4t64 libjson-c5 libevent-core-2.1-7t64 "
            "libconfuse2 libsqlite3-0 libssl3t64 libyaml-0-2 libsystemd0")


def mirror():
    """Where this Debian gets its packages."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME)",
                          "Identifier: Packages"], capture_output=True, text=True).stdout
    found = [line.split()[0] for line in out.splitlines() if re.fullmatch(r"\S+ Debian [a-z]+", line)]
    return found[0] if found else None


@pytest.fixture(scope="module")
def trixie(tree, tmp_path_factory):
    if not shutil.which("mmdebstrap"):
        pytest.skip("no mmdebstrap here")
    source = mirror()
    if not source:
        pytest.skip("apt knows no source of Debian's packages")
    directory = tmp_path_factory.mktemp("debian13") / "root"
    made = subprocess.run(["mmdebstrap", "-q", "--variant=minbase", "--include=" + PACKAGES.replace(" ", ","), "trixie",
                           directory, source], capture_output=True, text=True, timeout=400)
    if made.returncode != 0:
        said = made.stdout + made.stderr
        assert re.search(r"Could not resolve|Failed to fetch|does not have a Release file|Unable to connect|404 +Not Found",
                         said), said
        pytest.skip("the packages of Debian 13 can't be had: " + said.strip().splitlines()[-1])
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def bed(trixie, tree):
    with lib.Bed("-r", str(trixie)) as b:
        b.copy(tree)
        b.systemctl("daemon-reload")
        yield b


def test_the_manual_shows_the_drop_in():
    def lines(text):
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    with open(os.path.join(ROOT, "man", "precheckd.8"), encoding="utf-8") as f:
        shown = re.search(r"^# notify-reload\.conf\n(.*?)^\.Ed$", f.read(), re.M | re.S).group(1)
    with open(os.path.join(ROOT, "systemd", "notify-reload.conf"), encoding="utf-8") as f:
        assert lines(f.read()) == lines(shown)


def test_it_is_another_systemd(bed):
    assert int(bed.sh("systemctl --version").split()[1]) >= 257


def test_notify_reload(running):  # noqa: F811
    bed = running
    with open(os.path.join(ROOT, "systemd", "notify-reload.conf"), encoding="utf-8") as f:
        bed.write(f"/etc/systemd/system/{UNIT}.d/notify-reload.conf", f.read())
    bed.systemctl("daemon-reload")
    bed.systemctl("restart", UNIT)
    assert bed.show("Type") == "notify-reload"
    pid = bed.main_pid()
    bed.configure(bed.sim1, jobs=jobs(3))
    bed.systemctl("reload", UNIT)
    said = [e["MESSAGE"] for e in bed.journal("-u", UNIT, f"_PID={pid}")]
    assert said.count(f"reloaded {CONF}: 3 jobs in 1 cloud") == 1  # when systemctl is back, it has happened
    bed.wait_message(r"^job-3 .*: passed")

    bed.write(CONF, bed.text + "nonsense")
    assert bed.systemctl("reload", UNIT, check=False).returncode == 1
    bed.wait(lambda: bed.show("StatusText").startswith(f"reload failed: {CONF}:"))
    assert bed.show("ActiveState") == "active" and bed.main_pid() == pid
    for _ in range(10):
        bed.systemctl("reload", UNIT, check=False)
    bed.write(CONF, bed.text)
    bed.systemctl("reload", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: "))
    assert bed.show("NRestarts") == "0" and bed.main_pid() == pid
