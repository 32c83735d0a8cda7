"""auth = clouds-yaml: the entry's password is used, a changed file at a reload, and nothing of it is printed."""

import json
import os
import re

from daemon import DOMAIN, PROJECT, USER, Config, jobs, run, scenario, task
from sim import CANARY_PASSWORD

CLOUD = {"auth": "clouds-yaml", "entry": "otc", "iam": None, "project": None, "user": None, "domain": None,
         "secret": None}


def write(path, url, password=CANARY_PASSWORD, mode=0o600, **auth):
    """An entry otc, and one other that is the same under another name."""
    entry = {"auth": {"auth_url": url + "/v3", "username": USER, "password": password, "user_domain_name": DOMAIN,
                      "project_name": PROJECT, **auth}}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as f:
        json.dump({"clouds": {"otc": entry, "other": entry}}, f)  # JSON is YAML
    os.chmod(path, mode)


def config(tmp_path, s):
    cfg = Config(tmp_path, s.url)
    yaml = tmp_path / "clouds.yaml"
    cfg.cloud.update(CLOUD, clouds_file=os.fspath(yaml))
    return cfg, yaml


def test_from_start_to_verdict(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg, yaml = config(tmp_path, s)
    write(yaml, s.url)
    cfg.write(jobs=jobs(1))
    assert f"works: user {USER} in project {PROJECT}" in run("-c", cfg.path, "--check-login").stdout
    d = precheckd(cfg)
    d.wait(rf"info: cloud otc: logged in as user {USER} in project {PROJECT}; ")
    d.wait_verdicts(["job-1"], "passed")
    # the password of the entry changes, and a reload takes it
    s.post("credential", {"user": USER, "password": "next-" + CANARY_PASSWORD})
    write(yaml, s.url, password="next-" + CANARY_PASSWORD)
    since = s.seq()
    assert "reloaded" in d.reload()
    s.wait("login", 1, since=since, status=201)


def test_what_is_wrong_with_it_is_said(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg, yaml = config(tmp_path, s)
    cfg.write(jobs=jobs(1))
    for make, words in ((lambda: None, "clouds.yaml"),
                        (lambda: write(yaml, s.url, mode=0o644), "0644"),
                        (lambda: write(yaml, s.url, username=None), "username"),
                        (lambda: yaml.write_text("clouds: ["), "clouds.yaml")):
        make()
        done = run("-c", cfg.path, "--log-target", "stderr")
        assert done.returncode == 78
        assert re.search(rf"precheckd\.conf:\d+: cloud \"otc\": can't read its credential: .*{words}", done.stderr), \
            done.stderr
    write(yaml, s.url)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    os.unlink(yaml)
    assert "failed" in d.reload()  # and it goes on with what it has


def test_two_entries_that_are_one_cloud(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg, yaml = config(tmp_path, s)
    write(yaml, s.url)
    cfg.write(jobs=jobs(1, cloud="a"), clouds={"a": {}, "b": {"entry": "other"}})
    done = run("-c", cfg.path, "--log-target", "stderr")
    assert done.returncode == 78
    assert 'cloud "b": its entry is the same as cloud "a"' in done.stderr
