"""Every way to log in, every place of a secret, at log level debug, with renewals, refusals and reloads: the secrets
are at IAM, DRS and the metadata service, and nowhere else. tests/system/test_secrets.py has the answers that are
broken, and another user's view."""

import json
import os
import resource
import signal
import subprocess

import pytest

from daemon import DOMAIN, PROJECT, USER, Config, Daemon, jobs, run, scenario, task
from sim import CANARY_PASSWORD, CANARY_TOKEN

ACCESS = "AKDRSWATCH0000000001"
SECRET_KEY = CANARY_PASSWORD + "-secret-key"
OWNER = "OTC-EU-DE-0000000000200"
NOBODY = {"user": None, "domain": None}


class Case:
    """What one method needs: a scenario, a configuration, and the words that nobody may find."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.secret = CANARY_PASSWORD
        self.cloud = {}
        self.scenario = scenario(
            tasks=[task(1), task(2)], defaults={"duration": "50ms"}, tokens={"life": "4s"},
            users=[{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD,
                    "keys": [{"access": ACCESS, "secret": SECRET_KEY}]}],
            agencies=[{"name": "drs-watch", "domain": OWNER, "projects": [PROJECT], "users": [USER]}],
            metadata={"mode": "v2", "user": USER, "life": "4s", "renew": "2s"})
        self.words = {CANARY_PASSWORD, CANARY_TOKEN, SECRET_KEY}

    def before(self, s):
        """What needs the running cloud."""


class Password(Case):
    pass


class AccessKey(Case):
    def before(self, s):
        self.secret = SECRET_KEY
        self.cloud = {"auth": "aksk", "access_key": ACCESS, **NOBODY}


class AccessKeyOlderForm(AccessKey):
    def before(self, s):
        super().before(s)
        self.cloud.update(signature="credential", region="eu-de")


class TemporaryKey(Case):
    def before(self, s):
        keys = metadata_keys(s)
        token = self.tmp_path / "security-token"
        token.write_text(keys["securitytoken"] + "\n")
        token.chmod(0o600)
        self.secret = keys["secret"]
        self.cloud = {"auth": "aksk", "access_key": keys["access"], "security_token": f"file:{token}", **NOBODY}
        self.words |= {keys["secret"], keys["securitytoken"]}


class EcsAgency(Case):
    def before(self, s):
        keys = metadata_keys(s)
        self.words |= {keys["secret"], keys["securitytoken"]}
        self.cloud = {"auth": "ecs-agency", "metadata": s.url, "secret": None, **NOBODY}


class AssumeRole(Case):
    def before(self, s):
        self.cloud = {"auth": "assume-role", "agency": "drs-watch", "agency_domain": OWNER}

    def __init__(self, tmp_path):
        super().__init__(tmp_path)
        self.scenario["projects"][0]["domain"] = OWNER


class TokenFile(Case):
    def before(self, s):
        s.post("tokens", {"life": "1h"})
        self.secret = s.login(USER, DOMAIN, CANARY_PASSWORD, project_name=PROJECT)
        self.cloud = {"auth": "token-file", "project": None, **NOBODY}
        self.words.add(self.secret)


class CloudsYaml(Case):
    def before(self, s):
        clouds = self.tmp_path / "clouds.yaml"
        clouds.write_text(json.dumps({"clouds": {"otc": {"auth": {
            "auth_url": s.url + "/v3", "username": USER, "user_domain_name": DOMAIN, "project_name": PROJECT}}}}))
        secure = self.tmp_path / "secure.yaml"
        secure.write_text(json.dumps({"clouds": {"otc": {"auth": {"password": CANARY_PASSWORD}}}}))
        secure.chmod(0o600)
        self.cloud = {"auth": "clouds-yaml", "entry": "otc", "clouds_file": str(clouds), "iam": None, "project": None,
                      "secret": None, **NOBODY}


def metadata_keys(s):
    _, _, ticket = s.request("PUT", "/meta-data/latest/api/token", headers={"X-Metadata-Token-Ttl-Seconds": "60"})
    status, _, body = s.request("GET", "/openstack/latest/securitykey",
                                headers={"X-Metadata-Token": ticket.decode().strip()})
    assert status == 200, body
    return json.loads(body)["credential"]


def places(place, secret, tmp_path):
    """(options, environment) by which the daemon finds the secret in that place."""
    if place == "credential":
        directory = tmp_path / "credentials"
        directory.mkdir()
        (directory / "otc").write_text(secret + "\n")
        (directory / "otc").chmod(0o600)
        return {"secret": "credential:otc"}, {"CREDENTIALS_DIRECTORY": str(directory)}
    if place == "env":
        return {"secret": "env:OTC_SECRET"}, {"OTC_SECRET": secret}
    return {}, {}


def look(words, d, s, cfg, out, but=()):
    """Nothing of the words is anywhere that others than the daemon's owner could see, or that lasts."""
    found = {"stderr": d.text(), "stdout": out.read_text(), "requests": json.dumps(s.log()) + json.dumps(s.state())}
    for name in ("cmdline", "environ", "comm", "status", "maps", "limits"):
        found[f"/proc/PID/{name}"] = d.proc(name).decode(errors="replace")
    for top, _, files in os.walk(cfg.state_dir):
        for name in files:
            with open(os.path.join(top, name), "rb") as f:
                found[name] = f.read().decode(errors="replace")
    for where, text in found.items():
        if where not in but:
            assert [w for w in words if w in text] == [], where
    assert d.proc(f"task/{d.pid}/children").split() == []


@pytest.mark.parametrize("kind, place", [
    (Password, "file"), (Password, "credential"), (Password, "env"), (AccessKey, "file"), (AccessKey, "env"),
    (AccessKeyOlderForm, "credential"), (TemporaryKey, "file"), (EcsAgency, None), (AssumeRole, "file"),
    (AssumeRole, "credential"), (TokenFile, "file"), (TokenFile, "credential"), (CloudsYaml, None)])
def test_nowhere(sim, precheckd, tmp_path, kind, place):
    case = kind(tmp_path)
    s = sim(case.scenario)
    case.before(s)
    options, env = places(place, case.secret, tmp_path)
    cfg = Config(tmp_path, s.url, password=case.secret)
    cfg.cloud.update(case.cloud)
    cfg.cloud.update(options)
    cfg.write(jobs=jobs(2, interval="200ms"), cloud={"backoff_max": "100ms"}, top={"log_level": "debug"})
    out = tmp_path / "stdout"
    but = {"/proc/PID/environ"} if place == "env" else ()  # that is the place
    with open(out, "w") as f:
        d = precheckd(cfg, "--log-level", "debug", env=env, stdout=f)
    d.wait_verdicts(["job-1", "job-2"], "passed")
    look(case.words, d, s, cfg, out, but)
    # Trouble is what makes programs talkative.
    s.post("fault", {"kind": "drs", "do": "code", "code": "APIGW.0307", "count": 2})
    s.post("fault", {"kind": "iam", "do": "html", "count": 2})
    s.post("fault", {"kind": "iam", "do": "keystone", "status": 401})
    s.post("fault", {"kind": "status", "do": "reset", "count": 2})
    s.wait("status", 6, since=s.seq(), timeout=20)
    d.reload()
    d.signal("USR1")
    d.signal("USR2")
    s.wait("status", 2, since=s.seq(), timeout=20)
    look(case.words, d, s, cfg, out, but)
    for option in ("--print-config", "--check-config", "--check-login"):
        done = run("-c", cfg.path, option, env=env)
        assert [w for w in case.words if w in done.stdout + done.stderr] == [], option
    d.stop()
    for top, _, files in os.walk(cfg.state_dir):
        for name in files:
            with open(os.path.join(top, name), "rb") as f:
                text = f.read().decode(errors="replace")
            assert [w for w in case.words if w in text] == [], name


def dumps_core(process):
    """Whether its end by SIGABRT has left a core, as the kernel tells it."""
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def unlimited():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)


def test_an_abort_leaves_no_core(sim, tmp_path):
    """Where any other program would leave one."""
    directory = tmp_path / "here"
    directory.mkdir()
    control = subprocess.Popen(["/bin/sleep", "60"], cwd=directory, preexec_fn=unlimited)
    with open(f"/proc/{control.pid}/limits") as f:
        assert "Max core file size        unlimited" in f.read()
    left = dumps_core(control)
    for name in os.listdir(directory):
        os.unlink(directory / name)
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = Daemon(cfg, cwd=directory, preexec_fn=unlimited)
    try:
        d.wait_verdicts(["job-1"], "passed")
        limits = [line.split()[4:6] for line in d.proc("limits").decode().splitlines() if line.startswith("Max core")]
        assert limits == [["0", "0"]]
        with open(f"/proc/{d.pid}/maps") as f:
            assert f.read()  # alive
        assert not dumps_core(d.process)
    finally:
        d.kill()
    assert os.listdir(directory) == []
    if not left:
        pytest.skip("this machine writes no cores at all: the limits were looked at, the proof by SIGABRT is none")
