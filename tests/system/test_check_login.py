"""--check-login: one login and one harmless call for each cloud, and a verdict in words."""

import re
import socket

import pytest

from daemon import DOMAIN, PROJECT, USER, Config, jobs, project_id, run, scenario, task, task_id
from sim import CANARY_PASSWORD


def check(cfg, status):
    done = run("-c", cfg.path, "--check-login")
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def kinds(s):
    return sorted(e["kind"] for e in s.log())


def test_works(sim, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2), task(3)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(3))
    out = check(cfg, 0)
    assert re.fullmatch(rf"cloud otc: works: user {USER} in project {PROJECT} \({project_id(PROJECT)}\) until "
                        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}; DRS answers for 3 tasks\n", out), out
    assert kinds(s) == ["login", "status"]  # nothing is begun, and nothing twice


def test_without_jobs(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs={})
    out = check(cfg, 0)
    assert "works: " in out and "DRS answers (no job of this cloud is configured)" in out


def test_task_of_another_project(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(2))
    assert "DRS knows 1 of 2 tasks asked for not: check their ids, region and project" in check(cfg, 0)


def test_wrong_password_is_tried_once(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url, password="not-" + CANARY_PASSWORD).write(jobs=jobs(1))
    out = check(cfg, 1)
    assert out.startswith(f"cloud otc: wrong credential: login refused by {s.url} for user {USER} of domain {DOMAIN}, "
                          f"project {PROJECT}: "), out
    assert "IAM does not tell which of user, password, domain or project is wrong" in out
    assert kinds(s) == ["login"]


def test_wrong_project_is_named(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1), cloud={"project": "eu-dee"})
    out = check(cfg, 1)
    assert out.startswith("cloud otc: wrong region or project: ") and "project eu-dee" in out, out
    assert "does not tell" not in out


def test_locked(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)], lockout={"tries": 1, "window": "15min", "lock": "15min"}))
    cfg = Config(tmp_path, s.url, password="not-" + CANARY_PASSWORD).write(jobs=jobs(1))
    check(cfg, 1)
    cfg.set_password(CANARY_PASSWORD)
    assert check(cfg, 1).startswith(f"cloud otc: locked: user {USER} is locked: ")


def test_secret_that_cannot_be_read(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1), cloud={"secret": f"file:{tmp_path}/none"})
    out = check(cfg, 1)
    assert out.startswith("cloud otc: no credential: ") and f"{tmp_path}/none" in out
    assert kinds(s) == []


@pytest.mark.parametrize("more, words", [
    ({"users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD, "role": "none"}]},
     ["no permission: user", "may not call batch-status", "drs:migrationJob:get", "drs:migrationJob:action"]),
    ({"tokens": {"wrong_region": True}},
     ["wrong region or project: ", "does not take the tokens", "see that both are of one region"]),
])
def test_good_login_that_is_of_no_use(sim, tmp_path, more, words):
    s = sim(scenario(tasks=[task(1)], **more))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    out = check(cfg, 1)
    for word in words:
        assert word in out, out
    assert kinds(s) == ["login", "status"]


def test_clouds_each_by_itself(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        cfg = Config(tmp_path, s.url)
        cfg.write(jobs=jobs(1, cloud="good"), clouds={"good": {}, "away": {"iam": f"http://127.0.0.1:{port}"},
                                                      "half": {"drs": f"http://127.0.0.1:{port}"}})
        lines = sorted(check(cfg, 1).splitlines())
    assert len(lines) == 3
    assert lines[0].startswith(f"cloud away: unreachable: no login, http://127.0.0.1:{port} is in trouble: "), lines
    assert lines[1].startswith("cloud good: works: "), lines
    assert lines[2].startswith(f"cloud half: unreachable: DRS at http://127.0.0.1:{port} "), lines


def test_beside_a_running_daemon(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")
    assert "works: " in check(cfg, 0)


def test_bad_configuration(tmp_path):
    cfg = Config(tmp_path, "http://127.0.0.1:9")
    cfg.write_text("nonsense")
    done = run("-c", cfg.path, "--check-login")
    assert done.returncode == 78 and f"{cfg.path}:1: " in done.stderr and done.stdout == ""


def test_no_task_id_is_made_up_where_there_are_jobs(sim, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 13)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(12))
    assert "DRS answers for 10 tasks" in check(cfg, 0)  # as many as one call takes
    assert set(s.log(kind="status")[0]["tasks"]) <= {task_id(n) for n in range(1, 13)}
