"""Each way to log in, from the configuration to verdicts, and what each does when its credential fails: access keys in
both forms of signature, an ECS's agency, another account's agency, a token in a file."""

import os

import pytest

from daemon import DOMAIN, PROJECT, USER, Config, jobs, project_id, run, scenario, task
from sim import CANARY_PASSWORD

ACCESS = "AKDRSWATCH0000000001"
SECRET_KEY = CANARY_PASSWORD + "-secret-key"
USERS = [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD,
          "keys": [{"access": ACCESS, "secret": SECRET_KEY}]}]
FORMS = ["access", "credential"]
# What the table of methods does not take with these.
NO_PASSWORD = {"user": None, "domain": None}


def auths(s):
    """How the DRS calls were authenticated."""
    return {e["auth"] for e in s.log() if e["kind"] in ("status", "submit", "result")}


def clean(s):
    assert s.violations() == []


# -- access keys ------------------------------------------------------------------------------------

def aksk(tmp_path, s, secret=SECRET_KEY, **more):
    cfg = Config(tmp_path, s.url, password=secret)
    cfg.cloud.update({"auth": "aksk", "access_key": ACCESS, **NO_PASSWORD, **more})
    return cfg


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("project", [{}, {"project": None, "project_id": project_id(PROJECT)}])
@pytest.mark.parametrize("region", [None, "eu-de"])
def test_signed_calls(sim, precheckd, tmp_path, form, project, region):
    s = sim(scenario(tasks=[task(n) for n in range(1, 13)], users=USERS, signing={"accepts": form}))
    cfg = aksk(tmp_path, s, signature=form, region=region, **project).write(jobs=jobs(12))
    assert f"works: access key {ACCESS} in project " in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(rf"info: cloud otc: access key {ACCESS} is taken in project ")
    d.wait_verdicts([f"job-{n}" for n in range(1, 13)], "passed")
    assert auths(s) == {form}
    assert s.log(kind="login") == []
    clean(s)


def test_wrong_secret_key_is_tried_twice(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], users=USERS))
    cfg = aksk(tmp_path, s, secret="not-" + SECRET_KEY).write(jobs=jobs(1), cloud={"backoff_max": "100ms"})
    d = precheckd(cfg)
    line = d.wait(r"err: cloud otc: login refused by .*").group()
    assert f"access key {ACCESS}" in line and "belong together" in line and "not tried again" in line
    d.signal("USR1")
    d.reload()
    status, _ = s.control("GET", "wait?kind=projects&count=3&timeout=1s")
    assert status == 408
    cfg.set_password(SECRET_KEY)
    d.reload()
    d.wait(r"notice: cloud otc: works again \(was login refused\)")
    d.wait_verdicts(["job-1"], "passed")


def test_other_form_than_the_cloud_wants(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], users=USERS, signing={"accepts": "credential"}))
    d = precheckd(aksk(tmp_path, s).write(jobs=jobs(1)))
    d.wait(r"err: cloud otc: login refused by .* for access key ")


@pytest.mark.parametrize("offset, verdict", [("10min", "passed"), ("-10min", "passed"), ("16min", None), ("-16min", None)])
def test_a_wrong_clock(sim, precheckd, tmp_path, offset, verdict):
    s = sim(scenario(tasks=[task(1)], users=USERS, clock={"offset": offset}))
    d = precheckd(aksk(tmp_path, s).write(jobs=jobs(1)))
    which = "behind" if not offset.startswith("-") else "ahead of"
    line = d.wait(rf"warning: cloud otc: the clock of this machine is (9min 5\ds|1\dmin).* {which} that of .*").group()
    assert "signatures more than 15 minutes off are refused" in line
    if verdict:
        d.wait_verdicts(["job-1"], verdict)
    else:
        assert "signature expired" in d.wait(r"err: cloud otc: .*can't be used as configured: .*").group()
        s.post("clock", {"offset": "0s"})
        d.wait(r"notice: cloud otc: the clock of this machine agrees with that of .* again")
        d.wait_verdicts(["job-1"], "passed")


def test_a_locked_key(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], users=USERS, signing={"tries": 1, "lock": "1min"}))
    cfg = aksk(tmp_path, s, secret="not-" + SECRET_KEY).write(jobs=jobs(1))
    for _ in range(2):
        assert "wrong credential: " in run("-c", cfg.path, "--check-login").stdout
    cfg.set_password(SECRET_KEY)
    assert f"locked: access key {ACCESS} is locked: " in run("-c", cfg.path, "--check-login").stdout


# -- the ECS's agency -------------------------------------------------------------------------------

def agency(tmp_path, s, **more):
    cfg = Config(tmp_path, s.url)
    cfg.cloud.update({"auth": "ecs-agency", "metadata": s.url, "secret": None, **NO_PASSWORD, **more})
    return cfg


@pytest.mark.parametrize("mode, project", [
    ("v1", {}), ("v2", {"project": None, "project_id": project_id(PROJECT), "iam": None})])
def test_ecs_agency(sim, precheckd, tmp_path, mode, project):
    """Keys of two seconds, replaced one second before their end: no call is refused over several renewals."""
    s = sim(scenario(tasks=[task(1), task(2)], users=USERS, defaults={"duration": "50ms"},
                     metadata={"user": USER, "mode": mode, "life": "2s", "renew": "1s"}))
    cfg = agency(tmp_path, s, **project).write(jobs=jobs(2, interval="300ms"), cloud={"backoff_max": "100ms"})
    assert "works: this ECS's agency in project" in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(r"info: cloud otc: temporary keys of this ECS's agency fetched for project .*; the keys last ")
    d.wait_verdicts(["job-1", "job-2"], "passed")
    d.wait(r"info: cloud otc: temporary keys of this ECS's agency renewed ", count=4)
    assert {e["status"] for e in s.log() if e["kind"] in ("status", "submit", "result")} <= {200, 202}
    clean(s)


def test_no_agency(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)], users=USERS))
    cfg = agency(tmp_path, s).write(jobs=jobs(1))
    assert "no agency: the ECS metadata service can't be used" in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(r"err: cloud otc: the ECS metadata service can't be used as configured: \"no agency is bound to this ECS")


# -- another account's agency -----------------------------------------------------------------------

OWNER = "OTC-EU-DE-0000000000200"


def assumed(s_users=True):
    base = scenario(tasks=[task(1)], users=USERS,
                    agencies=[{"name": "drs-watch", "domain": OWNER, "projects": [PROJECT],
                               "users": [USER] if s_users else ["somebody"]}])
    base["projects"][0]["domain"] = OWNER
    return base


def test_assume_role(sim, precheckd, tmp_path):
    s = sim(assumed())
    cfg = Config(tmp_path, s.url)
    cfg.cloud.update(auth="assume-role", agency="drs-watch", agency_domain=OWNER)
    cfg.write(jobs=jobs(1))
    assert f"works: agency drs-watch of {OWNER} in project" in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(rf"info: cloud otc: logged in as agency drs-watch of {OWNER} in project {PROJECT}; ")
    d.wait_verdicts(["job-1"], "passed")
    clean(s)


def test_agency_that_may_not_be_assumed(sim, precheckd, tmp_path):
    s = sim(assumed(s_users=False))
    cfg = Config(tmp_path, s.url)
    cfg.cloud.update(auth="assume-role", agency="drs-watch", agency_domain=OWNER)
    d = precheckd(cfg.write(jobs=jobs(1)))
    line = d.wait(rf"err: cloud otc: agency drs-watch of {OWNER} may not log in to project {PROJECT}: .*").group()
    assert f"let user {USER} assume it" in line


# -- a token in a file ------------------------------------------------------------------------------

def token_file(tmp_path, s):
    cfg = Config(tmp_path, s.url, password=s.login(USER, DOMAIN, CANARY_PASSWORD, project_name=PROJECT))
    cfg.cloud.update({"auth": "token-file", "project": None, **NO_PASSWORD})
    return cfg


def test_token_file(sim, precheckd, tmp_path):
    """The file's token is used and never asked for anew; when somebody writes a new one, that one is used."""
    s = sim(scenario(tasks=[task(1)], users=USERS, defaults={"duration": "50ms"}))
    cfg = token_file(tmp_path, s).write(jobs=jobs(1, interval="300ms"), cloud={"backoff_max": "100ms"})
    assert "works: the token in file:" in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(r"info: cloud otc: the token in file:\S+ is good for project \w+; the token lasts ")
    d.wait_verdicts(["job-1"], "passed")
    s.post("tokens", {"revoke": True})
    line = d.wait(r"err: cloud otc: login refused by .* for the token in file:.*").group()
    assert "whoever keeps the file fresh has to write a new token" in line
    assert len(s.log(kind="login")) == 1  # ours, above
    since = s.seq()
    cfg.set_password(s.login(USER, DOMAIN, CANARY_PASSWORD, project_name=PROJECT))
    d.wait(r"info: cloud otc: there is a new token in file:")
    d.wait(r"notice: cloud otc: works again ")
    s.wait("submit", 1, since=since, timeout=30)
    # a file that is gone for a moment is no reason to stop
    os.unlink(cfg.secret_path)
    d.wait(r"warning: cloud otc: its token can't be read now: .*; the last one stays in use")
    s.wait("submit", 2, since=s.seq(), timeout=30)
    clean(s)
