"""25 jobs of one cloud: three calls for a round, shared by their polls too."""

from daemon import Config, jobs, scenario, task


def test_25_jobs_take_three_calls_a_turn(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 26)], defaults={"duration": "1500ms"}))
    # Far enough apart that the three groups, 25 ms from each other by the pace, are one turn.
    times = {"first_poll": "500ms", "poll": "600ms", "settle": "3s"}
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(25), defaults=times, cloud={"max_runs": 30}))
    d.wait_verdicts(jobs(25), "passed")
    log = s.log()
    sizes = [len(e["tasks"]) for e in log if e["kind"] == "submit"]
    assert sorted(sizes) == [5, 10, 10]
    assert sorted(len(e["tasks"]) for e in log if e["kind"] == "status") == [5, 10, 10]

    submitted = [e["seq"] for e in log if e["kind"] == "submit"]
    polls = [e for e in log if e["kind"] == "result" and e["seq"] > submitted[-1]]
    turns = max(sum(t in e["tasks"] for e in polls) for t in polls[0]["tasks"])
    assert turns >= 2  # 500 ms is before the end of a run: nobody had its verdict at first sight
    assert len(polls) == 3 * turns, [(e["ms"], len(e["tasks"])) for e in polls]
    assert [e for e in log if e["violations"]] == []
    assert s.state()["logins"] == 1
