"""How long it takes until the first and the last of 100 jobs has a verdict."""

import pytest

from daemon import PATIENCE, SLOW, Config, busiest_minute, jobs, overlap, project_id, runs, scenario, task

CLOUDS = {"north": range(1, 35), "south": range(35, 68), "west": range(68, 101)}


def measure(sim, precheckd, tmp_path, clouds, speed, timeout, **cfg_options):
    """Starts the daemon with 100 jobs and returns when the first and the last verdict came, in seconds."""
    s = sim(scenario(projects={name: [task(n) for n in numbers] for name, numbers in clouds.items()},
                     defaults={"duration": f"{30000 // speed}ms", "stale": f"{10000 // speed}ms",
                               "linger": f"{2000 // speed}ms"}))
    all_jobs = {}
    for name, numbers in clouds.items():
        all_jobs.update(jobs(numbers, cloud=name))
    cfg = Config(tmp_path, s.url).write(jobs=all_jobs, clouds={name: {"project": name} for name in clouds},
                                        **cfg_options)
    d = precheckd(cfg)
    d.wait(r"\): passed: ", 100, timeout=timeout)
    times = [t - d.started for line, t in zip(d.lines, d.times) if "): passed: " in line]
    print(f"\n100 jobs in {len(clouds)} cloud(s), runs of {30 / speed:g} s: first verdict after {times[0]:.1f} s, "
          f"last after {times[-1]:.1f} s")
    assert set(runs(s).values()) == {1}
    for name in clouds:
        log = [e for e in s.log() if e.get("project") == project_id(name)]
        assert overlap(log, 30000 // speed) <= 20
        assert busiest_minute(log) <= 30 * speed
    d.stop()
    return times[0], times[-1]


@pytest.mark.parametrize("clouds", [CLOUDS] + [{"north": range(1, 101)}] * SLOW, ids=lambda c: f"{len(c)}-cloud")
def test_ten_times_as_fast(sim, precheckd, tmp_path, clouds):
    """The default times, runs and pace, all but the minute of the pace ten times as fast."""
    first, last = measure(
        sim, precheckd, tmp_path, clouds, 10, 4 * PATIENCE,
        cloud={"pace": 300, "max_runs": 20, "backoff_max": "1min"},
        defaults={"interval": "3min", "first_poll": "2s", "settle": "6s", "poll": "1s"})
    assert first <= 9.0
    assert last <= 180  # within the interval


@pytest.mark.skipif(not SLOW, reason="minutes of real time: CI=true or PRECHECKD_SLOW=1")
def test_in_real_time(sim, precheckd, tmp_path):
    first, last = measure(
        sim, precheckd, tmp_path, CLOUDS, 1, 1500, top={"short_times": None},
        cloud={"pace": None, "max_runs": None, "backoff_max": None, "timeout": None},
        defaults={"interval": None, "first_poll": None, "settle": None, "poll": None})
    assert first <= 90
    assert last <= 1800
