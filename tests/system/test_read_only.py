"""check = no with a user that may only read (DRS ReadOnlyAccess): nothing is begun, and the age of what is read is
said to be unknown."""

from daemon import BINLOG, DOMAIN, USER, Config, jobs, run, scenario, task, task_id
from sim import CANARY_PASSWORD

READER = {"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD, "role": "readonly"}


def test_results_of_others_are_read(sim, precheckd, tmp_path):
    report = {"items": [BINLOG]}
    s = sim(scenario(tasks=[task(1, report=report), task(2, report={"items": [dict(BINLOG, result="PASSED")]})],
                     users=[READER]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(2, check=False))
    d = precheckd(cfg)
    for job, verdict in (("job-1", "failed"), ("job-2", "passed")):
        line = d.wait(rf": {job} \(cloud otc\): {verdict}: .*").group()
        assert "only read, with check = no: how old this result is, DRS does not say" in line
    assert s.log(kind="submit") == []
    assert {e["status"] for e in s.log()} <= {200, 201, 202}
    assert "works: " in run("-c", cfg.path, "--check-login").stdout


def test_check_yes_is_refused_once_and_read_all_the_same(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, report={"items": [BINLOG]})], users=[READER]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1, interval="500ms")))
    line = d.wait(r"err: cloud otc: user .* may not call batch-precheck .*").group()
    assert "no pre-check is begun meanwhile, only status and last results are read" in line
    s.wait("result", 4, timeout=30)
    assert len(d.find(r"may not call batch-precheck")) == 1
    assert all(t["runs"] == 0 for p in s.state()["projects"] for t in p["tasks"] if t["id"] == task_id(1))
