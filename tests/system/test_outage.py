"""Trouble on the way belongs to the cloud: one piece of news when it begins, one when it ends, no job failed."""

import pytest

from daemon import Config, jobs, runs, scenario, task
from sim import wait_until

TIMES = {"interval": "700ms"}


def build(sim, tmp_path, times=TIMES, **more):
    s = sim(scenario(tasks=[task(n) for n in range(1, 6)], defaults={"duration": "100ms"}, **more))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(5), defaults=times,
                                        cloud={"backoff_max": "200ms", "timeout": "2s"})
    return s, cfg


def check_blame(d, downs, ups):
    assert len(d.find(r"err: cloud otc: ")) == downs, d.text()
    assert len(d.find(r"notice: cloud otc: works again")) == ups, d.text()
    # Every job was told to have passed, once, and nothing else of it ever.
    assert len(d.find(r"job-\d \(cloud otc\): passed: ")) == 5
    assert d.find(r"(notice|warning|err): job-\d \(cloud otc\): (?!passed: )") == []


@pytest.mark.parametrize("mode", ["reset", "html", "refuse"])
def test_drs_down_for_a_while(sim, precheckd, tmp_path, mode):
    s, cfg = build(sim, tmp_path)
    d = precheckd(cfg)
    d.wait(r"passed: ", 5)
    s.post("down", {"what": "all" if mode == "refuse" else "drs", "mode": mode})
    d.wait(r"err: cloud otc: DRS at http://127\.0\.0\.1:\d+ does not answer as it should: "
           r".*; its 5 jobs keep their verdicts and go stale; next try in ", timeout=30)
    if mode == "html":
        assert d.find(r"cloud otc: .*503")
        s.wait("status", 5, since=s.seq(), timeout=30)
    # Long enough for every verdict to grow stale, which is told when asked for only.
    wait_until(lambda: d.signal("USR2") or len(d.find(r"info: job-\d \(cloud otc\): passed \(stale\)")) >= 5,
               timeout=30, step=0.1)
    assert d.find(r"info: cloud otc: DRS at .* does not answer")
    s.post("up")
    d.wait(r"notice: cloud otc: works again \(was unreachable\) after [\d.a-z ]+, since \d{4}-", timeout=30)
    since = s.seq()
    s.wait("submit", 2, since=since, timeout=30)
    check_blame(d, 1, 1)
    assert s.violations() == []


def test_iam_down_at_the_start(sim, precheckd, tmp_path):
    s, cfg = build(sim, tmp_path)
    s.post("down", {"what": "iam"})
    d = precheckd(cfg)
    d.wait(r"err: cloud otc: no login, http://127\.0\.0\.1:\d+ is in trouble: ")
    s.wait("login", 3, since=s.seq(), timeout=30)
    s.post("up")
    d.wait(r"notice: cloud otc: works again \(was IAM unreachable\) after ")
    d.wait(r"passed: ", 5)
    check_blame(d, 1, 1)


def test_iam_down_when_the_token_is_to_be_renewed(sim, precheckd, tmp_path):
    s, cfg = build(sim, tmp_path, tokens={"life": "3s"})
    d = precheckd(cfg)
    d.wait(r"passed: ", 5)
    s.post("down", {"what": "iam", "mode": "html"})
    # While the old token is good, nobody needs to get up: work goes on.
    s.wait("login", 2, status=503, timeout=30)
    s.wait("submit", 1, since=s.seq(), timeout=30)
    d.wait(r"err: cloud otc: no login, http://127\.0\.0\.1:\d+ is in trouble: .*503")
    s.post("up")
    d.wait(r"notice: cloud otc: works again \(was IAM unreachable\) after ")
    s.wait("submit", 1, since=s.seq(), timeout=30)
    check_blame(d, 1, 1)


@pytest.mark.parametrize("fault, says", [
    ({"do": "throttle", "retry_after": 1}, r"APIGW\.0308"),
    ({"do": "code", "code": "DRS.M01503"}, r"DRS\.M01503"),
    ({"do": "answer", "status": 429, "text": "slow down"}, "429"),
])
def test_too_frequent_is_answered_by_going_slower(sim, precheckd, tmp_path, fault, says):
    s, cfg = build(sim, tmp_path, times={"interval": "100ms", "stale_after": "1h"})
    s.post("fault", dict(fault, kind="result"))
    d = precheckd(cfg)
    d.wait(rf"warning: cloud otc: DRS says too frequent \(.*{says}.*; pace lowered from 600 to 300 calls a minute",
           timeout=30)
    d.wait(r"passed: ", 5, timeout=30)
    [first, second] = s.log(kind="result")[:2]
    if "retry_after" in fault:
        assert second["ms"] - first["ms"] >= 900
    d.wait(r"notice: cloud otc: pace is back at 600 calls a minute after ", timeout=90)
    check_blame(d, 0, 0)
    assert len(d.find(r"too frequent")) == len(d.find(r"pace is back")) == 1
    assert len(d.find(r"login refused|logged in")) == 1
    assert set(runs(s).values()) != {0}


def test_one_bad_answer_is_no_news(sim, precheckd, tmp_path):
    s, cfg = build(sim, tmp_path)
    s.post("fault", {"kind": "status", "do": "html"})
    s.post("fault", {"kind": "result", "do": "cut"})
    s.post("fault", {"kind": "login", "do": "reset"})
    d = precheckd(cfg)
    d.wait(r"passed: ", 5)
    assert s.log(kind="status")[0]["status"] == 503
    check_blame(d, 0, 0)
