"""--once: every job brought to the end of one run, all told, and the exit status says the rest."""

import os
import re

import pytest

from daemon import ALARM, BINLOG, GOOD, Config, jobs, run, runs, scenario, task, task_id
from sim import CANARY_PASSWORD

# What happens to the tasks 1..3, and what comes of it: 0 all passed, 1 alarms only, 2 any failed, 3 the rest.
CASES = [
    ("passed", [{}, {}, {}], 0),
    ("passed-and-started", [{}, {"status": "STARTJOBING"}, {"status": "RELEASE_RESOURCE_COMPLETE"}], 0),
    ("nothing-to-check", [{"status": "STARTJOBING"}] * 3, 3),
    ("alarms", [{}, {"items": [ALARM]}, {}], 1),
    ("failed", [{"items": [BINLOG]}, {"items": [ALARM]}, {}], 2),
    ("failed-and-refused", [{"items": [BINLOG]}, {"parent": True}, {}], 2),
    ("refused", [{}, {"connection_tested": False}, {"items": [ALARM]}], 3),
    ("creating", [{}, {"status": "CREATING"}, {}], 3),
]


@pytest.mark.parametrize("tasks, status", [pytest.param(t, s, id=name) for name, t, s in CASES])
def test_exit_status(sim, tmp_path, tasks, status):
    s = sim(scenario(tasks=[{"id": task_id(n), "items": [GOOD], **t} for n, t in enumerate(tasks, start=1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(3))
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == status, done.stderr
    assert f"exit status {status}" in done.stderr
    assert done.stderr.count(" (cloud otc): ") == 3  # all told, each once
    assert max(runs(s).values()) <= 1
    assert s.violations() == []


@pytest.mark.parametrize("what", ["iam", "drs", "refuse"])
def test_a_cloud_that_cannot_be_reached(sim, tmp_path, what):
    s = sim(scenario(tasks=[task(n) for n in range(1, 4)]))
    s.post("down", {"what": "all", "mode": "refuse"} if what == "refuse" else {"what": what})
    cfg = Config(tmp_path, s.url).write(jobs=jobs(3), cloud={"backoff_max": "200ms"})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("err: cloud otc: ") == 1


def test_a_wrong_password(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url, password="wrong").write(jobs=jobs(1), cloud={"backoff_max": "200ms"})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == 3, done.stderr
    assert "login refused" in done.stderr
    assert len(s.log(kind="login")) == 2


def test_one_cloud_down_does_not_stop_the_other(sim, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG)]))
    gone = sim(scenario(tasks=[task(2)]))
    gone.post("down", {"mode": "refuse"})
    cfg = Config(tmp_path, s.url).write(
        jobs={**jobs([1], cloud="here"), **jobs([2], cloud="there")}, cloud={"backoff_max": "200ms"},
        clouds={"here": {}, "there": {"iam": gone.url, "drs": gone.url}})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == 2, done.stderr
    assert "job-1 (cloud here): failed" in done.stderr


def test_beside_a_daemon(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    calls = len(s.log())
    for more in (["--once"], []):
        done = run("-c", cfg.path, "--log-target", "stderr", *more)
        assert done.returncode == 75
        assert re.search(rf"err: another precheckd \(PID {d.pid}\) watches with state_dir {cfg.state_dir}; stop it",
                         done.stderr), done.stderr
    assert len(s.log()) == calls

    # The lock goes with its holder, however that ends.
    d.expect = -9
    d.stop("KILL")
    assert os.path.exists(os.path.join(cfg.state_dir, "precheckd.lock"))
    assert run("-c", cfg.path, "--log-target", "stderr", "--once").returncode == 0


def test_once_more_checks_once_more(sim, tmp_path):
    """A gate must not wait for the interval, nor answer from memory."""
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    assert run("-c", cfg.path, "--once", "--log-target", "stderr").returncode == 0
    s.post("task", {"id": task_id(1), "items": [BINLOG]})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == 2, done.stderr
    assert "job-1 (cloud otc): passed -> failed: " in done.stderr
    assert runs(s)[task_id(1)] == 2


def test_interrupted(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], defaults={"duration": "60s"}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)), "--once", expect=3)
    s.wait("submit")
    assert d.stop() < 10


def test_a_credential_that_was_refused_before(sim, tmp_path):
    """It is not tried a third time, and nothing is waited for."""
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url, password="not-" + CANARY_PASSWORD).write(jobs=jobs(1), cloud={"backoff_max": "100ms"})
    for _ in range(3):
        done = run("-c", cfg.path, "--once", "--log-target", "stderr", timeout=20)
        assert done.returncode == 3, done.stderr
        assert "login refused" in done.stderr
    assert [e["status"] for e in s.log(kind="login")] == [401, 401]
