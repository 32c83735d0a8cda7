"""With a real journald that is stopped, killed, started late. Run by test_journal_stopped.py, which starts it; not
collected by itself."""

import os
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from daemon import (ALARM, BINLOG, GOOD, PATIENCE, SANITIZED, Config, NotifySocket, jobs, scenario, task, task_id)
from journal_inside import journal, values

PID = "/run/journald.pid"
SOCKETS = ["/run/systemd/journal/" + name for name in ("socket", "stdout", "dev-log")]
QUICK = {"interval": "1h", "first_poll": "50ms", "settle": "400ms", "poll": "50ms"}
MANY = range(1, 41)  # more than the socket's queue holds
CONFIG_BAD = "nonsense"


class Journald:
    def __init__(self):
        with open(PID) as f:
            self.pid = int(f.read())

    def kill(self, name):
        os.kill(self.pid, getattr(signal, "SIG" + name))

    def end(self, leave_sockets=True):
        self.kill("KILL")
        end = time.monotonic() + PATIENCE
        while os.path.exists(f"/proc/{self.pid}") and "\nState:\tZ" not in open(f"/proc/{self.pid}/status").read():
            assert time.monotonic() < end
            time.sleep(0.01)
        if not leave_sockets:
            for path in SOCKETS:
                os.unlink(path)

    def start(self):
        log = open("/run/journald.out", "a")
        self.pid = subprocess.Popen([os.environ["JOURNALD"]], stdin=subprocess.DEVNULL, stdout=log, stderr=log).pid
        with open(PID, "w") as f:
            f.write(str(self.pid))
        end = time.monotonic() + PATIENCE
        while subprocess.run(["journalctl", "--sync"], stderr=subprocess.DEVNULL).returncode != 0:
            assert time.monotonic() < end, "journald does not come up"
            time.sleep(0.02)


@pytest.fixture
def journald():
    j = Journald()
    yield j
    with open(PID) as f:
        j.pid = int(f.read())
    if not os.path.exists(f"/proc/{j.pid}") or not all(map(os.path.exists, SOCKETS)):
        j.start()
    j.kill("CONT")


@pytest.fixture
def cloud(request):
    """The name of the cloud tells the tests' entries apart."""
    return request.node.name.replace("_", "-")


def told(cloud, *matches):
    return journal(f"DRS_CLOUD={cloud}", *matches)


def wait_told(cloud, count, *matches):
    end = time.monotonic() + PATIENCE
    while len(told(cloud, *matches)) < count:
        assert time.monotonic() < end, (len(told(cloud, *matches)), count)
        time.sleep(0.1)
    return told(cloud, *matches)


def said(d):
    return [e["MESSAGE"] for e in journal(f"_PID={d.pid}") if "DRS_EVENT" not in e]


def wait_said(d, pattern):
    end = time.monotonic() + PATIENCE
    while True:
        found = [m for m in (re.search(pattern, line) for line in said(d)) if m]
        if found:
            return found
        assert time.monotonic() < end, said(d)
        time.sleep(0.1)


def store(cfg, sql):
    db = sqlite3.connect(f"file:{cfg.state_dir}/precheckd.db?mode=ro", uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def in_order_and_once(entries, repeated=False):
    ids = [int(e["DRS_TRANSITION_ID"]) for e in entries]
    assert ids == sorted(set(ids)), ids
    assert ids == list(range(1, len(ids) + 1)), ids
    if not repeated:
        assert not any("DRS_REPEATED" in e for e in entries)


def start(sim, precheckd, tmp_path, cloud, items=BINLOG, **kwargs):
    s = sim(scenario(tasks=[task(n, items) for n in MANY], defaults={"duration": "200ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(MANY), clouds={cloud: {}}, defaults=QUICK)
    return s, cfg, precheckd(cfg, target="journal", **kwargs)


def test_stopped_in_mid_round(sim, precheckd, tmp_path, journald, cloud):
    notify = NotifySocket(tmp_path)
    s, cfg, d = start(sim, precheckd, tmp_path, cloud, env={"NOTIFY_SOCKET": notify.path})
    s.wait("submit", 1)
    began = time.monotonic()
    journald.kill("STOP")
    # The round ends, and the store has all of it.
    notify.wait(lambda m: f"{len(MANY)} failed" in m.get("STATUS", ""), timeout=9)
    took = time.monotonic() - began
    assert took < 9 or SANITIZED, took
    # It reloads, well and badly, answers, and says what is wrong.
    text = open(cfg.path).read()
    cfg.write_text(CONFIG_BAD)
    d.signal("HUP")
    notify.wait(lambda m: "reload failed" in m.get("STATUS", ""), timeout=5)
    cfg.write_text(text)
    d.signal("HUP")
    notify.wait(lambda m: m == {"READY": "1"}, timeout=5)
    d.signal("USR2")
    notify.wait(lambda m: "news wait for the journal since" in m.get("STATUS", ""), timeout=5)
    assert store(cfg, "SELECT count(*) FROM news WHERE told = 0")[0][0] > len(MANY) - 20
    time.sleep(max(0, began + 10 - time.monotonic()))
    journald.kill("CONT")
    entries = wait_told(cloud, len(MANY), "DRS_EVENT=failed")
    assert len(entries) == len(MANY)
    in_order_and_once([e for e in told(cloud) if e["DRS_EVENT"] != "state"])
    # The answers come after them, all of them, and the diagnostics, too.
    assert len(wait_told(cloud, len(MANY), "DRS_EVENT=state")) == len(MANY)
    late = wait_said(d, r"^the journal took nothing for [\w ]+; (\d+) pieces of news were told late$")
    assert len(late) == 1 and int(late[0][1]) > len(MANY) - 20
    assert any("reload of " in line for line in said(d)) and any("reloaded " in line for line in said(d))
    assert not any("did not take news" in line for line in said(d))
    assert store(cfg, "SELECT count(*) FROM news WHERE told = 0") == [(0,)]
    d.stop()


def test_stops_in_time_while_it_stands_still(sim, precheckd, tmp_path, journald, cloud):
    notify = NotifySocket(tmp_path)
    s, cfg, d = start(sim, precheckd, tmp_path, cloud, env={"NOTIFY_SOCKET": notify.path})
    s.wait("submit", 1)
    journald.kill("STOP")
    notify.wait(lambda m: f"{len(MANY)} failed" in m.get("STATUS", ""))
    assert d.stop() < 2.5 or SANITIZED
    journald.kill("CONT")
    d = precheckd(cfg, target="journal")
    wait_told(cloud, len(MANY), "DRS_EVENT=failed")
    in_order_and_once(told(cloud), repeated=True)
    d.stop()


def test_killed_while_it_stands_still(sim, precheckd, tmp_path, journald, cloud):
    notify = NotifySocket(tmp_path)
    s, cfg, d = start(sim, precheckd, tmp_path, cloud, env={"NOTIFY_SOCKET": notify.path}, expect=-9)
    s.wait("submit", 1)
    journald.kill("STOP")
    notify.wait(lambda m: f"{len(MANY)} failed" in m.get("STATUS", ""))
    d.stop("KILL")
    waiting = {n for n, in store(cfg, "SELECT id FROM news WHERE told = 0")}
    assert len(waiting) > len(MANY) - 20
    journald.kill("CONT")
    d = precheckd(cfg, target="journal")
    entries = wait_told(cloud, len(MANY), "DRS_EVENT=failed")
    assert len(entries) == len(MANY)
    in_order_and_once(told(cloud), repeated=True)
    # Marked are those of which the dead one cannot say whether it told them, and no others.
    assert {int(e["DRS_TRANSITION_ID"]) for e in told(cloud) if e.get("DRS_REPEATED") == "1"} == waiting
    d.stop()


def test_restarted(sim, precheckd, tmp_path, journald, cloud):
    s, cfg, d = start(sim, precheckd, tmp_path, cloud)
    wait_told(cloud, len(MANY), "DRS_EVENT=failed")
    journald.end()
    s.post("task", [{"id": task_id(n), "items": [GOOD, dict(BINLOG, result="PASSED")]} for n in MANY])
    d.signal("USR1")
    # Where there is none, at least the text is to be had, with its priority.
    d.wait(r"^<3>the journal did not take news \d+ \(Connection refused\), it is told later; here it is: job-\d+ .*: "
           r"failed -> passed: ", count=len(MANY))
    journald.start()
    entries = wait_told(cloud, len(MANY), "DRS_EVENT=passed")
    assert len(entries) == len(MANY)
    late = wait_said(d, r"^the journal took nothing for [\w ]+; (\d+) pieces of news were told late$")
    assert [m[1] for m in late] == [str(len(MANY))]
    ids = [int(e["DRS_TRANSITION_ID"]) for e in told(cloud)]
    assert ids == sorted(set(ids)) and not any("DRS_REPEATED" in e for e in told(cloud))
    # And once more without a break: the connection is made anew, nothing is said of it.
    journald.end()
    journald.start()
    s.post("task", [{"id": task_id(1), "items": [BINLOG]}])
    d.signal("USR1")
    wait_told(cloud, 1, "DRS_PREVIOUS_VERDICT=passed", "DRS_EVENT=failed")
    d.stop()


def test_not_there_at_the_start(sim, precheckd, tmp_path, journald, cloud):
    journald.end(leave_sockets=False)
    s, cfg, d = start(sim, precheckd, tmp_path, cloud)
    d.wait(r"^<3>the journal did not take news \d+ \(No such file or directory\)", count=len(MANY))
    assert d.find(r"^<6>precheckd ")
    journald.start()
    wait_told(cloud, len(MANY), "DRS_EVENT=failed")
    in_order_and_once(told(cloud))
    assert len(wait_said(d, r"^the journal took nothing for [\w ]+; \d+ pieces of news were told late$")) == 1
    d.stop()


def test_a_thousand_changes_at_once(sim, precheckd, tmp_path, journald, cloud):
    quick = dict(QUICK, poll="200ms", first_poll="400ms")
    s = sim(scenario(tasks=[task(n) for n in range(1, 1001)], defaults={"duration": "300ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1000), clouds={cloud: {"max_runs": 1000}}, defaults=quick,
                                        top={"summary": "1d"})
    d = precheckd(cfg, target="journal")
    end = time.monotonic() + 180
    while not told(cloud, "DRS_EVENT=summary"):
        assert time.monotonic() < end
        time.sleep(0.2)
    before = store(cfg, "SELECT max(id) FROM news")[0][0]
    s.post("task", [{"id": task_id(n), "items": [GOOD, ALARM if n > 10 else BINLOG]} for n in range(1, 1001)])
    d.signal("USR1")
    while store(cfg, f"SELECT count(*) FROM news WHERE id > {before}")[0][0] < 1000:
        assert time.monotonic() < end
        time.sleep(0.1)
    d.stop()  # what was counted is told at the end, if not before
    single = told(cloud, "DRS_EVENT=alarmed") + told(cloud, "DRS_EVENT=failed")
    bursts = journal(f"_PID={d.pid}", "DRS_EVENT=burst")
    assert len(told(cloud, "DRS_EVENT=failed")) == 10  # errors are told by themselves
    assert 200 <= len(single) <= 410 and 1 <= len(bursts) <= 2
    in_bursts = 0
    for e in bursts:
        first, last = int(e["DRS_FIRST_TRANSITION_ID"]), int(e["DRS_LAST_TRANSITION_ID"])
        assert e["PRIORITY"] == "4" and "DRS_TRANSITION_ID" not in e
        n = int(re.match(r"(\d+) more pieces of news within a minute ", e["MESSAGE"])[1])
        assert f": {n} alarmed; " in e["MESSAGE"] or f" of clouds" in e["MESSAGE"], e["MESSAGE"]
        assert 0 < n <= last - first + 1
        in_bursts += n
    assert in_bursts + len(single) == 1000
    # All of them are told, and each can be read.
    assert store(cfg, "SELECT count(*) FROM news WHERE told = 0") == [(0,)]
    assert store(cfg, f"SELECT count(*), count(DISTINCT job) FROM news WHERE id > {before} AND event IN "
                      "('alarmed', 'failed') AND message LIKE job || ' (cloud %' AND "
                      "fields LIKE '%DRS_ITEM_NEW=%'") == [(1000, 1000)]
    assert values(single[0], "DRS_ITEM_NEW")
