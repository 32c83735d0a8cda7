"""100 jobs in 3 clouds: never mixed, never beyond pace, max_runs or 10 a call."""

import pytest

from daemon import (PATIENCE, SLOW, Config, busiest_minute, jobs, overlap, project_id, scenario, submits, task,
                    task_id)

CLOUDS = {"north": range(1, 35), "south": range(35, 68), "west": range(68, 101)}
DURATION = 400


def build(sim, tmp_path, **cloud):
    s = sim(scenario(projects={name: [task(n) for n in numbers] for name, numbers in CLOUDS.items()},
                     defaults={"duration": f"{DURATION}ms"}))
    all_jobs = {}
    for name, numbers in CLOUDS.items():
        all_jobs.update(jobs(numbers, cloud=name))
    cfg = Config(tmp_path, s.url).write(jobs=all_jobs, cloud=cloud,
                                        clouds={name: {"project": name} for name in CLOUDS})
    return s, cfg, all_jobs


def by_cloud(log):
    """The log's DRS calls of each cloud; every call must name tasks of its own project only, at most 10."""
    calls = {name: [] for name in CLOUDS}
    names = {project_id(name): name for name in CLOUDS}
    for e in log:
        if e["kind"] not in ("status", "submit", "result"):
            continue
        name = names[e["project"]]
        assert set(e["tasks"]) <= {task_id(n) for n in CLOUDS[name]}, f"mixed: {e}"
        assert 1 <= len(e["tasks"]) <= 10, e
        assert e["violations"] == [], e
        calls[name].append(e)
    return calls


def test_100_jobs_keep_max_runs_and_get_their_verdicts(sim, precheckd, tmp_path):
    s, cfg, all_jobs = build(sim, tmp_path, max_runs=12)
    d = precheckd(cfg)
    d.wait_verdicts(all_jobs, "passed", timeout=2 * PATIENCE)
    log = s.log()
    for name, calls in by_cloud(log).items():
        assert overlap(calls, DURATION) <= 12
        assert submits(calls) == {task_id(n): 1 for n in CLOUDS[name]}
        assert sum(e["kind"] == "submit" for e in calls) >= 4
    assert s.state()["logins"] == 3


@pytest.mark.parametrize("past", [False] + [True] * SLOW)
def test_100_jobs_keep_the_pace(sim, precheckd, tmp_path, past):
    pace = 40
    s, cfg, _ = build(sim, tmp_path, pace=pace, max_runs=2)
    precheckd(cfg)
    # With two runs at once there is always something to ask: the pace alone holds it back. A quarter of a minute
    # is what the calls of a minute are stretched to.
    everything = 3 * (pace + 1)  # and a login each
    s.wait("", everything, timeout=2 * PATIENCE)
    if past:
        s.wait("", everything + pace, timeout=120)
    else:
        # Nothing more comes before the first minute is over.
        status, _ = s.control("GET", f"wait?count=1&timeout=2s&since={s.seq()}")
        assert status == 408 or s.state()["ms"] > 60000
    for name, calls in by_cloud(s.log()).items():
        assert busiest_minute(calls) == pace, name
        assert max(e["calls_60s"] for e in calls) <= pace
        assert overlap(calls, DURATION) <= 2
