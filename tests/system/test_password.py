"""A wrong password: two tries and no third, so that no account is locked; a corrected one is taken at once."""

from daemon import DOMAIN, PROJECT, USER, Config, jobs, scenario, task
from sim import CANARY_PASSWORD


def test_two_logins_only(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url, password="not-" + CANARY_PASSWORD)
    cfg.write(jobs=jobs(1), cloud={"backoff_max": "100ms"})
    d = precheckd(cfg)
    m = d.wait(r"err: cloud otc: login refused .*")
    for word in (f"user {USER}", f"domain {DOMAIN}", f"project {PROJECT}", "not tried again"):
        assert word in m.group(), m.group()
    # Neither time, nor a request to check now, nor a reload of the same makes it try again.
    d.signal("USR1")
    d.reload()
    d.signal("USR2")
    d.wait(r"job-1 \(cloud otc\): unknown")
    status, _ = s.control("GET", "wait?kind=login&count=3&timeout=1500ms")
    assert status == 408
    assert [e["status"] for e in s.log()] == [401, 401]
    assert len(d.find(r"err: cloud otc: login refused")) == 1

    cfg.set_password(CANARY_PASSWORD)
    d.reload()
    d.wait(r"notice: cloud otc: works again \(was login refused\) after ")
    d.wait_verdicts(["job-1"], "passed")
    assert [e["status"] for e in s.log(kind="login")] == [401, 401, 201]


def test_a_password_that_changes_while_the_token_is_good(sim, precheckd, tmp_path):
    """The new one is tried at the reload, and the old token serves until there is a new one."""
    s = sim(scenario(tasks=[task(1)], defaults={"duration": "100ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1, interval="300ms"))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    s.post("credential", {"user": USER, "password": "next-" + CANARY_PASSWORD})
    cfg.set_password("next-" + CANARY_PASSWORD)
    since = s.seq()
    d.reload()
    s.wait("login", 1, since=since, status=201)
    s.wait("submit", 2, since=s.seq(), timeout=30)
    assert {e["status"] for e in s.log(since)} == {200, 201}
