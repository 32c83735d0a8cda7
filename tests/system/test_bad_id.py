"""One bad id among ten: the nine others get their verdict in the same round, the culprit its code."""

import pytest

from daemon import Config, jobs, scenario, runs, task, task_id

NAMES = jobs(10)
OTHERS = [f"job-{n}" for n in range(1, 11) if n != 4]


def check(s, d, code):
    d.wait_verdicts(OTHERS, "passed")
    d.wait(rf"warning: job-4 \(cloud otc\): refused: .*{code}")
    begun = runs(s)
    assert begun.pop(task_id(4), 0) == 0
    assert set(begun.values()) == {1} and len(begun) == 9
    assert len(d.find(r"job-\d+ \(cloud otc\): refused")) == 1
    assert d.find(r"cloud otc: .*(does not answer|too frequent|can't be used)") == []
    assert s.violations() == []


@pytest.mark.parametrize("shape", ["entry", "call", "results400"])
@pytest.mark.parametrize("code", ["DRS.M00200", "DRS.M00300", "DRS.M06011"])
def test_a_task_that_drs_refuses(sim, precheckd, tmp_path, shape, code):
    tasks = [task(n) for n in range(1, 11) if n != 4]
    tasks.append(task(4, submit_code=code, refusal_shape=shape))
    s = sim(scenario(tasks=tasks))
    d = precheckd(Config(tmp_path, s.url).write(jobs=NAMES))
    check(s, d, code.replace(".", r"\."))


@pytest.mark.parametrize("shape", ["entry", "call"])
def test_a_task_that_does_not_exist(sim, precheckd, tmp_path, shape):
    s = sim(scenario(tasks=[task(n) for n in range(1, 11) if n != 4], defaults={"refusal_shape": shape}))
    d = precheckd(Config(tmp_path, s.url).write(jobs=NAMES))
    check(s, d, r"no such task in this project.*DRS\.M05003")


def test_a_group_refused_as_a_bad_request(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 11)]))
    s.post("fault", {"kind": "submit", "do": "code", "code": "DRS.M00202", "count": -1, "task": task_id(4)})
    d = precheckd(Config(tmp_path, s.url).write(jobs=NAMES))
    check(s, d, r"DRS\.M00202")
    # The ten together once, then each alone once.
    assert sorted(len(e["tasks"]) for e in s.log(kind="submit")) == [1] * 10 + [10]
