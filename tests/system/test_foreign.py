"""What others do to a task: their runs are followed, their starts seen, and nothing is submitted on top."""

from daemon import ALARM, BINLOG, BINLOG_FIXED, GOOD, Config, jobs, runs, scenario, task, task_id


def test_a_foreign_run_at_the_start_is_followed(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)]))
    s.post("foreign-run", {"id": task_id(1), "run": {"items": [GOOD, BINLOG], "duration": "2s"}})
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(2)))
    d.wait(r"info: job-1 \(cloud otc\): somebody else's pre-check is under way; followed as run \d+")
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    assert runs(s) == {task_id(1): 1, task_id(2): 1}
    assert all(task_id(1) not in e["tasks"] for e in s.log(kind="submit"))
    assert s.violations() == []


def test_an_old_report_is_not_taken_for_the_new_one(sim, precheckd, tmp_path):
    """DRS shows the last 100 % for a while after a submit: it must not become the verdict."""
    s = sim(scenario(tasks=[task(1, BINLOG, report={"items": [GOOD, BINLOG_FIXED]})],
                     defaults={"stale": "400ms", "duration": "600ms"}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1), defaults={"settle": "5s"}))
    d.wait(r"job-1 \(cloud otc\): failed: ")
    assert d.find(r"passed") == []


def test_a_task_started_in_mid_run(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], defaults={"duration": "20s"}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)))
    s.wait("submit")
    s.post("task", {"id": task_id(1), "status": "STARTJOBING"})
    d.wait(r"notice: job-1 \(cloud otc\): started: status STARTJOBING \(starting\).*no longer needed")
    d.signal("USR1")
    since = s.seq()
    s.wait("status", since=since - 1)
    s.post("task", {"id": task_id(1), "status": "INCRE_TRANSFER_FAILED"})
    d.signal("USR1")
    d.wait(r"warning: job-1 \(cloud otc\): still started: status INCRE_TRANSFER_FAILED \(incremental copy failed\), "
           r"was STARTJOBING")
    assert runs(s)[task_id(1)] == 1
    assert d.find(r"job-1 .*(failed:|passed:)") == []


def test_what_drs_refuses(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, connection_tested=False), task(2, parent=True), task(4, status="CREATING"),
                            task(5, status="SOMETHING_NEW"), task(6)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(6)))
    d.wait(r"warning: job-1 \(cloud otc\): refused: DRS\.M00300 .*; to do: ")
    m = d.wait(r"warning: job-2 \(cloud otc\): refused: it is a parent task, DRS checks only its children.*")
    assert "DRS.M00307" in m.group() and "to do: watch those" in m.group()
    m = d.wait(r"warning: job-3 \(cloud otc\): refused: no such task in this project.*")
    assert "DRS.M05003" in m.group() and "to do: check id, region and project" in m.group()
    d.wait(r"warning: job-4 \(cloud otc\): refused: .*CREATING")
    d.wait(r"warning: job-5 \(cloud otc\): refused: status SOMETHING_NEW is none that DRS documents")
    d.wait(r"notice: job-6 \(cloud otc\): passed: ")
    assert {t for t, n in runs(s).items() if n} == {task_id(6)}

    # The refusal ends with its cause.
    s.post("task", {"id": task_id(1), "connection_tested": True})
    d.signal("USR1")
    d.wait(r"notice: job-1 \(cloud otc\): refused -> passed: ")


def test_a_task_that_vanishes(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(2)))
    d.wait(r"passed: ", 2)
    s.post("delete-task", {"id": task_id(1), "gone": True})
    since = s.seq()
    d.signal("USR1")
    d.wait(r"notice: job-1 \(cloud otc\): passed -> ended: DRS knows the task no more; not asked again before a "
           r"reload or SIGUSR1; it was passed for ")
    # Asked twice before it was believed, and no more after that.
    asked = [e for e in s.log(since) if task_id(1) in e["tasks"]]
    assert len(asked) >= 2 and asked[-1]["ms"] - asked[0]["ms"] >= 500
    since = s.seq()
    d.signal("USR1")
    s.wait("status", since=since, task=task_id(1))
    # It comes back, and is watched again.
    s.post("add-task", {"task": task(1)})
    d.signal("USR1")
    d.wait(r"job-1 \(cloud otc\): ended -> ")
    d.wait(r"job-1 \(cloud otc\): (\w+ -> )?passed: ")


def test_alarms_only(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, GOOD, ALARM)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)))
    d.wait(r"warning: job-1 \(cloud otc\): alarmed: dstDbDiskSize ALARM .*to do: ")


def test_failed_then_fixed(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, runs=[{"items": [GOOD, BINLOG, ALARM]}, {"items": [GOOD, BINLOG_FIXED]}])]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)))
    m = d.wait(r"err: job-1 \(cloud otc\): failed: srcDbBinlogIsOff FAILED \(SOURCE_DB_BINLOG_IS_OFF_FOR_UP\): (.*); "
               r"to do: (.*); also dstDbDiskSize ALARM$")
    assert "binary log" in m.group(1) and "log-bin" in m.group(2)
    d.signal("USR1")
    d.wait(r"notice: job-1 \(cloud otc\): failed -> passed: fixed: srcDbBinlogIsOff; not checked this time: "
           r"dstDbDiskSize; it was failed for .*, since \d{4}-")
    assert len(d.find(r"(err|notice|warning): job-1")) == 2


def test_one_cause_is_told_once(sim, precheckd, tmp_path):
    reason = {"result": "FAILED", "failed_reason": "MYSQL_SOURCE_DB_PRIVILEGES_IS_NOT_ENOUGH_FOR_INCRE"}
    items = [dict(reason, item=name)
             for name in ("srcDbBinlogIsOff", "srcGtidStatusCheck", "srcDbPrivilegesIsEnoughForIncre")]
    s = sim(scenario(tasks=[task(1, *items)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)))
    m = d.wait(r"err: job-1 \(cloud otc\): failed: .*")
    assert "and 2 more for the same reason" in m.group() and "; also" not in m.group()
