"""SIGUSR1 checks everything now, never onto a run in progress; SIGUSR2 tells the state of every job."""

import pytest

from daemon import BINLOG, GOOD, Config, jobs, runs, scenario, task, task_id


def test_usr1_checks_everything_now(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 4)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(3)))
    d.wait_verdicts(jobs(3), "passed")
    for n in range(1, 4):
        s.post("task", {"id": task_id(n), "items": [BINLOG]})
    d.signal("USR1")
    d.wait(r"info: SIGUSR1: every job is checked now")
    d.wait(r"job-\d \(cloud otc\): passed -> failed: srcDbBinlogIsOff FAILED", 3)
    assert set(runs(s).values()) == {2}


def test_usr1_leaves_a_run_in_progress_alone(sim, precheckd, tmp_path):
    # One that ends soon, with another verdict each time, and one that takes long.
    turns = [{"items": [GOOD]}, {"items": [BINLOG]}] * 2
    s = sim(scenario(tasks=[task(1, runs=turns), task(2, runs=[{"items": [BINLOG], "duration": "5s"}])]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(2)))
    for verdict in ("passed", "failed", "passed", "failed"):
        d.wait_verdicts(["job-1"], verdict)
        d.mark()
        d.signal("USR1")
    d.wait_verdicts(["job-2"], "failed")
    assert runs(s)[task_id(2)] == 1
    assert runs(s)[task_id(1)] == 5
    assert s.violations() == []


def test_usr2_tells_the_state_of_every_job(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2, BINLOG), task(3, status="STARTJOBING"),
                            task(4, runs=[{"stuck_at": 40}])]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(5)))
    d.wait(r"job-1 .*: passed:")
    d.wait(r"job-2 .*: failed:")
    d.wait(r"job-3 .*: started:")
    d.wait(r"job-5 .*: refused:")
    s.wait("submit", task=task_id(4))
    d.mark()
    d.signal("USR2")
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:?\d\d"
    d.wait(rf"info: job-1 \(cloud otc\): passed since {time}: all items")
    d.wait(rf"info: job-2 \(cloud otc\): failed since {time}: srcDbBinlogIsOff still FAILED.*to do: ")
    d.wait(rf"info: job-3 \(cloud otc\): started since {time}: status STARTJOBING")
    d.wait(r"info: job-4 \(cloud otc\): unknown.*; run \d+ is under way")
    d.wait(rf"info: job-5 \(cloud otc\): refused since {time}: no such task in this project")
    assert len(d.find(r"info: job-\d \(cloud otc\)")) == 5


@pytest.mark.parametrize("how", ["--block-signal", "--ignore-signal"])
def test_whatever_the_parent_has_left_blocked(sim, precheckd, tmp_path, how):
    """A reload that never comes because of a shell's or a supervisor's signal mask is hard to find."""
    s = sim(scenario(tasks=[task(1)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)), prefix=["env", f"{how}=HUP,USR1,USR2,TERM,INT"])
    d.wait_verdicts(["job-1"], "passed")
    assert "reloaded" in d.reload()
    d.signal("USR1")
    s.wait("submit", 2)
    d.signal("USR2")
    d.wait(r"info: job-1 \(cloud otc\): passed since")
    d.stop()
