"""A submit whose answer is lost: no second run if it had arrived, one more submit if it had not."""

import pytest

from daemon import BINLOG, GOOD, Config, jobs, runs, scenario, task, task_id

TIMES = {"settle": "1s"}


@pytest.mark.parametrize("fault", [{"do": "lost"}, {"do": "cut"}, {"do": "html", "status": 504, "execute": True},
                                   {"do": "delay", "for": "1500ms"}])
def test_it_had_arrived(sim, precheckd, tmp_path, fault):
    s = sim(scenario(tasks=[task(1, BINLOG, report={"items": [GOOD]})], defaults={"duration": "2s"},
                     faults=[dict(fault, kind="submit")]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1), defaults=TIMES, cloud={"timeout": "1s"}))
    d.wait_verdicts(["job-1"], "failed")
    # Until well after the verdict: that is when it could have been submitted again.
    assert runs(s)[task_id(1)] == 1
    assert len(s.log(kind="submit")) == 1
    assert s.violations() == []


@pytest.mark.parametrize("fault", [{"do": "reset"}, {"do": "close"}, {"do": "hang", "for": "20s"},
                                   {"do": "html", "status": 504}])
def test_it_had_not(sim, precheckd, tmp_path, fault):
    s = sim(scenario(tasks=[task(1, BINLOG, report={"items": [GOOD]})], faults=[dict(fault, kind="submit")]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1), defaults=TIMES, cloud={"timeout": "1s"}))
    d.wait_verdicts(["job-1"], "failed")
    first, second = s.log(kind="submit")
    assert not first["executed"] and second["executed"]
    # Not before it was sure that nothing had come of the first.
    assert second["ms"] - first["ms"] >= 950
    assert runs(s)[task_id(1)] == 1
    assert s.violations() == []


def test_a_kept_connection_that_the_server_closed(sim, precheckd, tmp_path):
    """libcurl would send a POST once more by itself; a submit it must not."""
    s = sim(scenario(tasks=[task(n) for n in range(1, 4)], defaults={"duration": "100ms"}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(3, interval="500ms"), defaults={"settle": "200ms"}))
    for turn in range(4):
        s.post("fault", {"kind": "submit", "do": "lost"})
        since = s.seq()
        s.wait("submit", 2, since=since, timeout=30)
        assert [e["fault"] for e in s.log(since, "submit") if "fault" in e] == ["lost"]
    d.wait(r"passed: ", 3)
    assert s.violations() == []  # an overlap would be one
