"""SIGHUP: what changed takes effect, what did not keeps its run, and a bad file changes nothing."""

import os
import re

from daemon import BINLOG, SANITIZED, Config, jobs, runs, scenario, task, task_id


def test_jobs_added_removed_and_unchanged(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 5)], defaults={"duration": "2s"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(3))
    d = precheckd(cfg)
    s.wait("submit")
    # In the middle of their runs: one job stays, one goes, one is new.
    cfg.write(jobs=jobs([1, 2, 4]))
    assert re.search(r"reloaded .*: 3 jobs in 1 cloud", d.reload())
    d.wait_verdicts(["job-1", "job-2", "job-4"], "passed")
    assert runs(s) == {task_id(n): 1 for n in range(1, 5)}
    assert d.find("job-3 .*: passed") == []
    assert s.violations() == []
    assert s.state()["logins"] == 1


def test_a_new_interval_counts_from_the_last_submit(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)], defaults={"duration": "100ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(2))
    d = precheckd(cfg)
    d.wait_verdicts(jobs(2), "passed")
    cfg.write(jobs={**jobs([1], interval="2s"), **jobs([2])})
    d.reload()
    s.wait("submit", 2, timeout=30, task=task_id(1))
    first, second = [e["ms"] for e in s.log(kind="submit") if task_id(1) in e["tasks"]]
    assert 1900 <= second - first < 20000
    assert runs(s)[task_id(2)] == 1


def test_a_job_of_jobs_d(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    cfg.write_extra("shop.conf", jobs([2]))
    d.reload()
    d.wait_verdicts(["job-2"], "passed")
    assert runs(s) == {task_id(1): 1, task_id(2): 1}


def test_a_bad_file_keeps_the_old_configuration(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2)], defaults={"duration": "100ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1, interval="500ms"))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")

    for text, line, why in [
        (cfg.text(jobs=jobs(2)) + "job \"x\" {\n\tid = \"nonsense\"\n}\n", -2, "id"),
        (cfg.text(jobs=jobs(2)).replace("interval = ", "intervall = ", 1), "intervall", "intervall"),
        (cfg.text(jobs=jobs(2, cloud="nowhere")), "nowhere", "nowhere"),
        (cfg.text(jobs=jobs(2)) + "/* without an end", None, "comment"),
    ]:
        cfg.write_text(text)
        lines = text.splitlines()
        if isinstance(line, str):
            line = next(i for i, at in enumerate(lines, start=1) if line in at)
        elif line is not None:
            line += len(lines) + 1
        at = len(d.lines)
        assert "the configuration in force stays" in d.reload()
        d.wait(rf"err: {re.escape(cfg.path)}:{line or '[0-9]+'}: .*{why}", since=at, timeout=1)
        # Still at work, with the old one.
        s.wait("submit", 1, timeout=30, since=s.seq(), task=task_id(1))
    assert runs(s)[task_id(2)] == 0

    # A file of jobs.d counts as much.
    cfg.write(jobs=jobs(1, interval="500ms"))
    cfg.write_extra("more.conf", {"job-2": {"id": task_id(2), "interval": "never"}})
    at = len(d.lines)
    assert "the configuration in force stays" in d.reload()
    d.wait(r"err: .*/jobs\.d/more\.conf:3: ", since=at, timeout=1)

    # So does a secret that cannot be read.
    os.unlink(os.path.join(cfg.directory, "jobs.d", "more.conf"))
    os.rename(cfg.secret_path, cfg.secret_path + ".away")
    at = len(d.lines)
    assert "the configuration in force stays" in d.reload()
    d.wait(r"err: .*precheckd\.conf:\d+: cloud \"otc\": can't read its credential: .*secret", since=at, timeout=1)
    os.rename(cfg.secret_path + ".away", cfg.secret_path)

    cfg.write(jobs=jobs(2, interval="500ms"))
    assert "reloaded" in d.reload()
    d.wait_verdicts(["job-2"], "passed")


def test_a_hundred_reloads_leak_nothing(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n, BINLOG) for n in range(1, 31)], defaults={"duration": "100ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(30, interval="2s"))
    cfg.write_extra("more.conf", {})
    good, bad = cfg.text(jobs=jobs(30, interval="2s")), cfg.text(jobs=jobs(30, interval="x"))
    d = precheckd(cfg)
    d.wait_verdicts(jobs(30), "failed")

    def reload_all(times):
        for i in range(times):
            cfg.write_text(bad if i % 4 == 3 else good)
            assert ("reloaded" in d.reload()) == (i % 4 != 3)
            assert d.descriptors() < 60

    reload_all(20)  # what is kept for good is there now
    s.wait("result", 1, since=s.seq())
    before_kb, before_fds = d.resident_kb(), d.descriptors()
    reload_all(100)
    s.wait("result", 1, since=s.seq())
    assert d.descriptors() <= before_fds + 4  # connections come and go
    if not SANITIZED:  # freed memory is held back there
        assert d.resident_kb() - before_kb < 1000

    # Nor are there a hundred timers: one round makes three groups of calls, not hundreds.
    since = s.wait("submit", 3, timeout=30, since=s.seq())
    s.wait("submit", 3, timeout=30, since=since)
    log = [e for e in s.log(since) if e["kind"] == "submit"]
    assert [len(e["tasks"]) for e in log] == [10, 10, 10][:len(log)]
    assert s.violations() == []


def test_a_storm_of_reloads_ends_with_the_newest(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 31)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    for n in range(2, 31):
        cfg.write(jobs=jobs(n))
        for _ in range(20):
            d.signal("HUP")
    # Whatever was merged: the last one is not lost.
    d.wait(r"reloaded .*: 30 jobs in 1 cloud")
    d.wait_verdicts(jobs(30), "passed")
    assert set(runs(s).values()) == {1}
    assert s.state()["logins"] == 1


def test_another_state_dir_waits_for_the_next_start(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    cfg.write(jobs=jobs(1), top={"state_dir": os.path.join(cfg.directory, "elsewhere")})
    d.reload()
    d.wait(r"warning: state_dir .*elsewhere takes effect at the next start")
    assert not os.path.exists(os.path.join(cfg.directory, "elsewhere"))
