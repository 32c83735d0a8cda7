"""What outlives the process: nothing known is told twice, what changed meanwhile is told once, plans are kept."""

import datetime
import glob
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from daemon import (ALARM, BINLOG, BINLOG_FIXED, GOOD, SANITIZED, Config, check_output, jobs, overlap, runs,
                    scenario, submits, task, task_id)
from sim import CANARY_DB_PASSWORD, CANARY_PASSWORD, ROOT

ALARM_FIXED = {"item": "dstDbDiskSize", "result": "PASSED", "group": "db_disk_size"}
QUICK = {"interval": "400ms", "first_poll": "30ms", "settle": "300ms", "poll": "20ms", "stale_after": "1h"}


def config(directory, url, **more):
    """The timeout is also how long an old result may be shown for a submit whose process has died."""
    cfg = Config(directory, url, **more)
    cfg.cloud["timeout"] = "1s"
    return cfg


def news(d, job=r"job-\d+", since=0):
    """The news of jobs: what follows the name, without the answers to USR2."""
    found = d.find(rf" (?:info|notice|warning|err): {job} \(cloud otc\): (.*)", since=since)
    return [m.group(1) for m in found if not re.match(r"\w+( \(stale\))? since ", m.group(1))]


def judged_again(sim, since, numbers):
    """Blocks until each of the tasks has had a whole run after `since`."""
    for n in numbers:
        sim.wait("submit", 2, since=since, task=task_id(n), timeout=30)


def history(cfg, columns="number, job, verdict"):
    db = sqlite3.connect(f"file:{cfg.state_dir}/precheckd.db?mode=ro", uri=True)
    try:
        return db.execute(f"SELECT {columns} FROM runs ORDER BY number").fetchall()
    finally:
        db.close()


def ends(seconds):
    """A moment so many seconds from now, as an accept has it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_accept(cfg, text, until, item=ALARM["item"]):
    """The configuration's text with an exception in its first job."""
    block = f'\taccept "{item}" {{\n\t\tuntil = "{until}"\n\t\treason = "known"\n\t\tby = "dba@example.org"\n\t}}\n'
    assert text.count('job "job-1" {\n') == 1
    return text.replace('job "job-1" {\n', 'job "job-1" {\n' + block)


# -- restarts ---------------------------------------------------------------------------------------

FIVE = [task(1), task(2, ALARM), task(3, BINLOG), task(4, connection_tested=False), task(5, status="STARTJOBING")]


@pytest.mark.parametrize("end", ["TERM", "KILL"])
def test_nothing_known_is_told_twice(sim, precheckd, tmp_path, end):
    s = sim(scenario(tasks=FIVE, defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(5), defaults=QUICK)
    d = precheckd(cfg)
    for n, verdict in enumerate(["passed", "alarmed", "failed", "refused", "started"], start=1):
        d.wait_verdicts([f"job-{n}"], verdict)
    if end == "KILL":
        s.wait("submit", 1, since=s.seq(), timeout=30)
        d.expect = -9
    d.stop(end)
    since = s.seq()
    d = precheckd(cfg)
    judged_again(s, since, [1, 2, 3, 4])
    s.wait("status", 2, since=since, task=task_id(5), timeout=30)
    assert news(d) == []
    # It does know them, all the same.
    d.signal("USR2")
    for n, verdict in enumerate(["passed", "alarmed", "failed", "refused", "started"], start=1):
        d.wait(rf"info: job-{n} \(cloud otc\): {verdict} since \d{{4}}-", since=0)
    assert s.violations() == []


def test_what_changed_while_away_is_told_once_as_a_difference(sim, precheckd, tmp_path):
    other = {"item": "srcUserPrivilege", "result": "FAILED", "group": "privilege"}
    s = sim(scenario(tasks=FIVE + [task(6, BINLOG, other)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(6), defaults=QUICK)
    d = precheckd(cfg)
    for n, verdict in enumerate(["passed", "alarmed", "failed", "refused", "started", "failed"], start=1):
        d.wait_verdicts([f"job-{n}"], verdict)
    d.stop()
    s.post("task", [{"id": task_id(1), "items": [BINLOG]}, {"id": task_id(2), "items": [ALARM_FIXED]},
                    {"id": task_id(3), "status": "STARTJOBING"},
                    {"id": task_id(4), "connection_tested": True, "items": [GOOD]},
                    {"id": task_id(6), "items": [BINLOG_FIXED, other]}])
    since = s.seq()
    d = precheckd(cfg)
    judged_again(s, since, [1, 2, 4, 6])
    s.wait("status", 2, since=since, task=task_id(3), timeout=30)
    assert [len(news(d, f"job-{n}")) for n in range(1, 7)] == [1, 1, 1, 1, 0, 1], d.text()
    assert re.match(r"passed -> failed: srcDbBinlogIsOff FAILED .*; it was passed for ", news(d, "job-1")[0])
    assert re.match(r"alarmed -> passed: ", news(d, "job-2")[0])
    assert re.match(r"failed -> started: status STARTJOBING ", news(d, "job-3")[0])
    assert re.match(r"refused -> passed: ", news(d, "job-4")[0])
    assert re.match(r"still failed: .*srcDbBinlogIsOff", news(d, "job-6")[0])


def test_due_times_are_kept(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs={**jobs([1], interval="2500ms"), **jobs([2], interval="1h")},
                                        defaults={k: v for k, v in QUICK.items() if k != "interval"})
    d = precheckd(cfg)
    d.wait_verdicts(jobs(2), "passed")
    d.stop()
    d = precheckd(cfg)
    s.wait("submit", 2, task=task_id(1), timeout=30)
    first, second = [e["ms"] for e in s.log(kind="submit") if task_id(1) in e["tasks"]]
    assert 2450 <= second - first < 20000  # from submit to submit, whatever was between
    assert runs(s)[task_id(2)] == 1


@pytest.mark.skipif(SANITIZED, reason="a matter of time")
def test_a_thousand_due_jobs_are_no_burst(sim, precheckd, tmp_path):
    pace, duration = 60, 300
    s = sim(scenario(tasks=[task(n) for n in range(1, 1001)], defaults={"duration": f"{duration}ms"}))
    quick = dict(QUICK, interval="1s", poll="200ms", first_poll="400ms")
    cfg = config(tmp_path, s.url).write(jobs=jobs(1000), defaults=dict(quick, interval="1h"), cloud={"max_runs": 1000},
                                        top={"summary": "1d"})
    d = precheckd(cfg)
    d.wait(r"cloud otc: 1000 jobs: 1000 passed", timeout=120)
    assert news(d) == []  # the good news of a first start are one line
    d.stop()
    # All of them are due now, and the pace is another.
    cfg.write(jobs=jobs(1000), defaults=quick, cloud={"max_runs": 40, "pace": pace}, top={"summary": "1d"})
    since = s.seq()
    d = precheckd(cfg)
    s.wait("status", 6, since=since, timeout=60)
    d.stop()
    log = s.log(since)
    calls = [e["ms"] for e in log if e["kind"] in ("status", "submit", "result")]
    # Bursts are allowed, stretched to four times the even rhythm.
    assert calls[-1] - calls[0] >= (len(calls) - 1) * 60000 / pace / 4 * 0.9
    assert overlap(log, duration) <= 40
    assert all(len(e["tasks"]) <= 10 for e in log)
    assert s.violations() == [] and s.state()["logins"] == 2


@pytest.mark.parametrize("end", ["TERM", "KILL"])
def test_a_run_in_progress_is_followed(sim, precheckd, tmp_path, end):
    s = sim(scenario(tasks=[task(1, BINLOG, report={"items": [GOOD]})], defaults={"duration": "1500ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(1), defaults=dict(QUICK, interval="1h"))
    d = precheckd(cfg, expect=-9 if end == "KILL" else 0)
    s.wait("submit")
    s.wait("result", 1, since=s.seq(), timeout=30)  # an answer to the submit was read
    d.stop(end)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    assert runs(s) == {task_id(1): 1}
    assert submits(s.log()) == {task_id(1): 1}
    assert s.violations() == []


def test_run_numbers_rise_and_history_stays(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(2), defaults=QUICK)
    seen = []
    for _ in range(3):
        since = s.seq()
        d = precheckd(cfg)
        judged_again(s, since, [1, 2])
        d.stop()
        now = history(cfg)
        assert now[:len(seen)] == seen
        assert len(now) >= len(seen) + 2
        seen = now
    numbers = [n for n, _, _ in seen]
    assert sorted(set(numbers)) == numbers
    assert {(job, verdict) for _, job, verdict in seen} == {("job-1", "failed"), ("job-2", "passed")}


def test_a_job_that_comes_back_has_its_history(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(2), defaults=QUICK)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    # Gone in a reload, and gone over a restart; back in a restart.
    cfg.write(jobs=jobs([2]), defaults=QUICK)
    d.reload()
    d.stop()
    of_old = [r for r in history(cfg) if r[1] == "job-1"]
    since = s.seq()
    d = precheckd(cfg)
    judged_again(s, since, [2])
    assert not [e for e in s.log(since) if task_id(1) in e["tasks"]]
    d.stop()
    assert [r for r in history(cfg) if r[1] == "job-1"] == of_old
    cfg.write(jobs=jobs(2), defaults=QUICK)
    since = s.seq()
    d = precheckd(cfg)
    judged_again(s, since, [1, 2])
    assert news(d) == []
    d.stop()
    assert [r for r in history(cfg) if r[1] == "job-1"][:len(of_old)] == of_old


def test_a_new_id_under_an_old_name_is_a_new_job(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2, ALARM)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs={"job-1": {"id": task_id(1)}})
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.stop()
    cfg.write(jobs={"job-1": {"id": task_id(2)}})
    d = precheckd(cfg)
    d.wait(rf"job-1.*{task_id(1)}|job-1.*{task_id(2)}")
    d.wait(r"warning: job-1 \(cloud otc\): alarmed: ")  # and not "failed -> alarmed"


# -- credentials ------------------------------------------------------------------------------------

def test_a_refused_password_is_not_tried_by_the_next_process(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = config(tmp_path, s.url, password="not-" + CANARY_PASSWORD)
    cfg.write(jobs=jobs(1), cloud={"backoff_max": "100ms"}, defaults=QUICK)
    d = precheckd(cfg)
    d.wait(r"err: cloud otc: login refused ")
    d.stop()
    since = s.seq()
    d = precheckd(cfg)
    d.wait(r"info: precheckd ")
    d.signal("USR1")
    d.reload()
    status, _ = s.control("GET", f"wait?kind=login&count=1&since={since}&timeout=1s")
    assert status == 408 and s.log(since) == []
    assert d.find(r"err: cloud otc: ", since=0) == []  # told already
    d.signal("USR2")
    d.wait(r"info: cloud otc: login refused ")
    d.stop()
    # The right one is noticed at the start.
    cfg.set_password(CANARY_PASSWORD)
    d = precheckd(cfg)
    d.wait(r"notice: cloud otc: works again \(was login refused\) after ")
    d.wait_verdicts(["job-1"], "passed")
    assert [e["status"] for e in s.log(kind="login")] == [401, 401, 201]


def test_a_clouds_trouble_is_told_once_over_a_restart(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(1), defaults=QUICK, cloud={"backoff_max": "100ms"})
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    s.post("down", {"what": "drs", "mode": "html"})
    d.wait(r"err: cloud otc: DRS at ")
    d.stop()
    since = s.seq()
    d = precheckd(cfg)
    s.wait("status", 6, since=since, timeout=30)
    s.post("up")
    d.wait(r"notice: cloud otc: works again \(was unreachable\) after ")
    judged_again(s, s.seq(), [1])
    assert d.find(r"err: cloud otc: ", since=0) == [] and news(d) == []


# -- accepts ----------------------------------------------------------------------------------------

def test_an_accept_comes_and_ends(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, ALARM), task(2, ALARM)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url)
    text = cfg.text(jobs=jobs(2), defaults=dict(QUICK, interval="1h"))
    cfg.write_text(text)
    d = precheckd(cfg)
    d.wait_verdicts(jobs(2), "alarmed")
    at = len(d.lines)
    cfg.write_text(with_accept(cfg, text, ends(4)))
    d.reload()
    line = d.wait(r"notice: job-1 \(cloud otc\): alarmed -> passed: .*", since=at).group()
    assert "dstDbDiskSize" in line and "accepted" in line, line
    # Its end is told without any check in between.
    line = d.wait(r"warning: job-1 \(cloud otc\): passed -> alarmed: .*", since=at).group()
    assert "dstDbDiskSize" in line
    assert len(news(d, "job-1", since=at)) == 2 and news(d, "job-2", since=at) == []
    assert runs(s) == {task_id(1): 1, task_id(2): 1}


def test_an_accept_that_ends_while_away(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, ALARM)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url)
    text = cfg.text(jobs=jobs(1), defaults=QUICK)
    until = ends(3600)
    cfg.write_text(with_accept(cfg, text, until))
    d = precheckd(cfg)
    d.wait(r"notice: job-1 \(cloud otc\): passed: .*accepted")
    d.stop()
    cfg.write_text(with_accept(cfg, text, "2020-01-31"))
    d = precheckd(cfg)
    d.wait(r"warning: job-1 \(cloud otc\): passed -> alarmed: ")
    judged_again(s, s.seq(), [1])
    assert len(news(d)) == 1


def test_failed_cannot_be_accepted(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, ALARM)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url)
    cfg.write_text(with_accept(cfg, cfg.text(jobs=jobs(1), defaults=QUICK), ends(3600)))
    d = precheckd(cfg)
    d.wait(r"notice: job-1 \(cloud otc\): passed: ")
    s.post("task", {"id": task_id(1), "items": [dict(ALARM, result="FAILED")]})
    d.wait(r"err: job-1 \(cloud otc\): passed -> failed: dstDbDiskSize FAILED ")
    s.post("task", {"id": task_id(1), "items": [ALARM]})
    d.wait(r"notice: job-1 \(cloud otc\): failed -> passed: ")
    judged_again(s, s.seq(), [1])
    assert len(news(d)) == 3


# -- said again, or not -----------------------------------------------------------------------------

def test_reminders_slow_down_over_a_restart(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(2), defaults=dict(QUICK, interval="1h", remind="300ms"))
    d = precheckd(cfg)
    d.wait_verdicts(jobs([1]), "failed")
    pattern = r"err: job-1 \(cloud otc\): still failed after .*: srcDbBinlogIsOff still FAILED .*; failed since \d{4}-"
    d.wait(pattern, 3)
    times = [t for t, line in zip(d.times, d.lines) if re.search(pattern, line)]
    told = next(t for t, line in zip(d.times, d.lines) if "job-1 (cloud otc): failed: " in line)
    # 300, 900 and 2100 ms after it was told; late if the machine is busy, never early.
    for wait, t in zip((0.3, 0.9, 2.1), times):
        assert t - told >= wait - 0.02
    assert len(d.find(r"job-2 .*still")) == 0
    d.stop()
    # The fourth is due 4500 ms after, and the restart is no reason for one more.
    d = precheckd(cfg)
    d.wait(r"info: precheckd ")
    d.signal("USR2")
    d.wait(r"info: job-1 \(cloud otc\): failed since ")
    assert d.find(r"still failed", since=0) == []


def test_a_summary_every_day(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2, BINLOG), task(3, status="STARTJOBING")], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(3), defaults=dict(QUICK, interval="1h"), top={"summary": "700ms"})
    d = precheckd(cfg)
    pattern = (r"info: cloud otc: 3 jobs: 1 started, 1 failed, 1 passed; the oldest verdict was confirmed .* ago; "
               r"token until \d{4}-")
    d.wait(pattern, 3)
    times = [t for t, line in zip(d.times, d.lines) if re.search(pattern, line)]
    assert times[2] - times[0] >= 1.35
    assert d.find(r"job-1 .*passed", since=0) == []  # counted there at the first start
    assert len(d.find(r"job-2 .*failed", since=0)) == 1


def test_flapping_is_told_once_and_its_end_too(sim, precheckd, tmp_path):
    turns = [{"items": [BINLOG if i % 2 else BINLOG_FIXED]} for i in range(14)]
    s = sim(scenario(tasks=[task(1, runs=turns)], defaults={"duration": "30ms"}))  # ends as it last was: failed
    cfg = config(tmp_path, s.url).write(jobs=jobs(1), defaults=dict(QUICK, interval="150ms"))
    d = precheckd(cfg)
    pattern = r"job-1 \(cloud otc\): changes all the time, 5 times in the last ten runs"
    d.wait(pattern)
    before = news(d)
    d.stop()
    assert before == news(d)  # single changes are not told any more
    assert len(before) == 6   # passed, failed, passed, failed, passed, and that it flaps
    d = precheckd(cfg)
    line = d.wait(r"job-1 \(cloud otc\): steady again: failed: srcDbBinlogIsOff FAILED .*").group()
    assert "last told as passed" in line
    assert len(news(d)) == 1 and runs(s)[task_id(1)] >= 18
    s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
    d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
    assert len(news(d)) == 2


# -- what is kept -----------------------------------------------------------------------------------

def test_of_a_detail_only_the_age_is_kept(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, created="49h"), task(2)], defaults={"duration": "50ms"}))
    cfg = config(tmp_path, s.url).write(jobs=jobs(2), defaults=QUICK, top={"log_level": "debug"})
    d = precheckd(cfg)
    d.wait(r"warning: job-1 \(cloud otc\): in CONFIGURATION for 2d 1h; ", timeout=60)
    s.wait("detail", 1, task=task_id(2), timeout=30)
    judged_again(s, s.seq(), [1, 2])
    files = glob.glob(os.path.join(cfg.state_dir, "precheckd.db*"))
    assert len(files) >= 2  # the log is still there
    d.stop()
    files = set(files) | set(glob.glob(os.path.join(cfg.state_dir, "*")))
    for path in filter(os.path.exists, files):
        with open(path, "rb") as f:
            data = f.read()
        for secret in (CANARY_DB_PASSWORD, CANARY_PASSWORD, "CANARYTOKEN"):
            assert secret.encode() not in data, path
    assert CANARY_DB_PASSWORD not in d.text()
    check_output(d.text())
    # Asked once for each, and never again.
    asked = [t for e in s.log(kind="detail") for t in e["tasks"]]
    assert sorted(asked) == [task_id(1), task_id(2)]
    since = s.seq()
    d = precheckd(cfg)
    judged_again(s, since, [1, 2])
    assert s.log(since, "detail") == [] and news(d) == []


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="needs sqlite3(1)")
def test_the_queries_of_the_manual(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2)], defaults={"duration": "50ms"}))
    names = {"shop-db": {"id": task_id(1)}, "other": {"id": task_id(2)}}
    cfg = config(tmp_path, s.url).write(jobs=names, defaults=QUICK)
    d = precheckd(cfg)
    d.wait_verdicts(["shop-db"], "failed")
    judged_again(s, s.seq(), [1, 2])
    with open(os.path.join(ROOT, "man", "precheckd.8")) as f:
        source = f.read()
    shown = re.findall(r"^sqlite3 [^\n]*\\e\n(?:[^.\n][^\n]*\n)+?(?=sqlite3|\.)", source, re.M)
    assert len(shown) >= 4
    answers = []
    for command in shown:
        assert "/var/lib/precheckd/" in command
        command = command.replace("\\e\n", "\\\n").replace("/var/lib/precheckd", cfg.state_dir)
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and not done.stderr, (command, done.stderr)
        answers.append(done.stdout)
    assert all("\n" in a for a in answers), answers
    assert any("shop-db (cloud otc): failed: srcDbBinlogIsOff" in a for a in answers)
    assert any("srcDbBinlogIsOff|FAILED|SOURCE_DB_BINLOG_IS_OFF_FOR_UP" in a for a in answers), answers
    assert any(re.search(r"^\d{4}-.*\|failed\|1\|0$", a, re.M) for a in answers), answers


def test_the_store_is_for_its_owner_alone(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg, umask=0)
    d.wait_verdicts(["job-1"], "passed")
    for path in glob.glob(os.path.join(cfg.state_dir, "precheckd.db*")):
        assert os.stat(path).st_mode & 0o777 == 0o600, path


