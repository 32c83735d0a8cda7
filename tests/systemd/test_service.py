"""The unit: starts, is reloaded, stops, and is restarted as it promises."""

import re
import time

import pytest

from bed import CONF, UNIT
from daemon import BINLOG, jobs, scenario, task, task_id


def line_of(text, what):
    return 1 + next(i for i, line in enumerate(text.splitlines()) if what in line)


@pytest.fixture
def running(bed, sim):
    """A started service with two verdicts told."""
    bed.sim1 = sim(scenario(tasks=[task(1), task(2, BINLOG)]))
    bed.text = bed.configure(bed.sim1, jobs=jobs(2))
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-1 .*: passed")
    bed.wait_message(r"^job-2 .*: failed")
    return bed


def test_it_starts_and_says_how_it_is(running):
    bed = running
    assert bed.show("ActiveState") == "active"
    status = bed.wait(lambda: re.match(r"2 jobs: 1 passed, 1 failed; next check \d\d:\d\d; token until ",
                                       bed.show("StatusText")))
    assert status
    # not started before it is ready, and by nobody else
    first = bed.journal("-u", UNIT)[0]
    assert first["_UID"] != "0" and "precheckd " in str(bed.journal("-u", UNIT, "_COMM=precheckd")[0]["MESSAGE"])
    assert bed.sim1.violations() == []


def test_reload(running):
    bed = running
    bed.sim1.post("task", {"id": task_id(1)})
    pid = bed.main_pid()
    bed.configure(bed.sim1, jobs={**jobs(2), "third": {"id": task_id(1)[:-1] + "2"}})
    bed.systemctl("reload", UNIT)
    # when systemctl is back, it has happened
    said = [str(e["MESSAGE"]) for e in bed.journal("-u", UNIT)]
    assert sum(1 for m in said if m == f"reloaded {CONF}: 3 jobs in 1 cloud") == 2  # the daemon's, and --reload's
    assert bed.main_pid() == pid and bed.show("ActiveState") == "active"
    bed.wait(lambda: bed.show("StatusText").startswith("3 jobs: "))


def test_a_bad_reload_is_seen(running):
    bed = running
    bad = bed.text.replace("pace = 600", "pace = 601")
    line = line_of(bad, "pace = 601")
    bed.write(CONF, bad)
    done = bed.systemctl("reload", UNIT, check=False)
    assert done.returncode == 1 and "failed" in done.stderr
    assert bed.show("ActiveState") == "active"
    status = bed.show("StatusText")
    assert re.match(rf"reload failed: {re.escape(CONF)}:{line}: .*pace.*; "
                    r"configuration of \d\d:\d\d stays in force(; 2 jobs: |$)", status), status
    time.sleep(0.5)  # it stays there when the counts are told anew
    assert bed.show("StatusText").startswith("reload failed: ") and "2 jobs: 1 passed" in bed.show("StatusText")
    # the old one is at work
    since = bed.sim1.seq()
    bed.systemctl("kill", "--signal=USR1", UNIT)
    bed.sim1.wait("submit", 1, since=since, timeout=30)
    # and a good one ends it
    bed.write(CONF, bed.text)
    bed.systemctl("reload", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: "))
