"""A token that ends: noticed by what the answer says, one new login, and no run lost or repeated."""

import concurrent.futures

from daemon import (BINLOG, BINLOG_FIXED, GOOD, PATIENCE, SANITIZED, Config, jobs, runs, scenario, submits,
                    task, task_id)

N = 200  # twenty calls of ten


LATENCY = 3000 if SANITIZED else 1000


def test_twenty_calls_in_flight(sim, precheckd, tmp_path):
    """Each of the four answers; all at once, as they mostly wait."""
    answers = ("gateway-0307", "gateway-0301", "drs-m00100", "keystone-403")
    with concurrent.futures.ThreadPoolExecutor(len(answers)) as pool:
        for done in [pool.submit(twenty_calls_in_flight, sim, precheckd, tmp_path / a, a) for a in answers]:
            done.result()


def twenty_calls_in_flight(sim, precheckd, directory, answer):
    directory.mkdir()
    script = [{"items": [GOOD, BINLOG_FIXED]}, {"items": [GOOD, BINLOG]}]
    s = sim(scenario(tasks=[task(n, runs=script) for n in range(1, N + 1)], tokens={"answer": answer},
                     defaults={"stale": "0s"}))
    # With a summary the first round takes one line, and leaves the minute's lines to the second.
    cfg = Config(directory, s.url).write(jobs=jobs(N), cloud={"connections": 40, "max_runs": 1000},
                                        defaults={"settle": "20s"}, top={"summary": "1d"})
    d = precheckd(cfg)
    d.wait(rf"cloud otc: {N} jobs: {N} passed")
    assert s.state()["logins"] == 1

    # The next round, and each of its three calls meets a token that has just ended. Answers are late, so that
    # all twenty are under way before the first is refused.
    s.post("defaults", {"latency": f"{LATENCY}ms"})
    since = s.seq()
    for login, kind in enumerate(("status", "submit", "result"), start=2):
        before = s.seq()
        s.post("tokens", {"revoke": True})
        if kind == "status":
            d.signal("USR1")
        # Repeated with the new token, all of them, before the next turn of this loop ends that one.
        s.wait(kind, 40, timeout=PATIENCE, since=before)
        refused = [e for e in s.log(before, kind) if not e["executed"]]
        good = [e for e in s.log(before, kind) if e["executed"]]
        assert len(refused) == 20, [(e["ms"], e["status"], e["executed"]) for e in s.log(before)]
        assert len(good) == 20 and sum(len(e["tasks"]) for e in good) == N
        assert refused[-1]["ms"] < refused[0]["ms"] + LATENCY
        assert refused[-1]["seq"] < s.log(before, "login")[0]["seq"]
        assert s.state()["logins"] == login

    d.wait(r"\): passed -> failed: ", N)
    assert set(runs(s).values()) == {2}
    assert submits(s.log(since)) == {task_id(n): 1 for n in range(1, N + 1)}
    assert s.state()["logins"] == 4
    assert s.violations() == []
    # Nobody needs to get up for a token that ended.
    assert d.find(r"cloud otc: (?!logged in|token renewed|200 jobs)") == []


def test_a_token_that_ends_by_time_is_renewed_before(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], tokens={"life": "4s"}, defaults={"duration": "100ms"}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1), defaults={"interval": "400ms"}))
    s.wait("login", 4, timeout=60)
    log = s.log()
    assert [e["status"] for e in log if e["status"] not in (200, 201)] == []
    logins = [e["ms"] for e in log if e["kind"] == "login"]
    for earlier, later in zip(logins, logins[1:]):
        assert 2000 <= later - earlier < 4000  # at two thirds of its life
    assert len(d.find(r"info: cloud otc: (logged in|token renewed)")) in (3, 4)
    assert submits(log)[task_id(1)] > 8
