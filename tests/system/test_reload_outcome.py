"""precheckd --reload: what came of a reload, by the file in RUNTIME_DIRECTORY. Under a real systemd: tests/systemd."""

import os
import re
import time

import pytest

from daemon import Config, NotifySocket, jobs, run, scenario, task


@pytest.fixture
def started(sim, precheckd, tmp_path):
    """(daemon, configuration, its notify socket, the environment of both)"""
    s = sim(scenario(tasks=[task(1), task(2)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    notify = NotifySocket(tmp_path)
    env = {"RUNTIME_DIRECTORY": str(tmp_path / "run") + ":/elsewhere"}
    (tmp_path / "run").mkdir()
    d = precheckd(cfg, env=dict(env, NOTIFY_SOCKET=notify.path))
    d.wait_verdicts(["job-1"], "passed")
    return d, cfg, notify, env


def ask(d, env):
    return run("--reload", str(d.pid), env=env)


def number(tmp_path):
    return int(re.search(r"^NUMBER=(\d+)$", (tmp_path / "run" / "reload").read_text(), re.M).group(1))


def test_good(started, tmp_path):
    d, cfg, _, env = started
    assert number(tmp_path) == 0  # there from the start, so that a stranger gets no signal
    cfg.write(jobs=jobs(2))
    done = ask(d, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"reloaded {cfg.path}: 2 jobs in 1 cloud\n"
    assert number(tmp_path) == 1
    d.wait_verdicts(["job-2"], "passed")


def test_bad(started, tmp_path):
    d, cfg, notify, env = started
    good = cfg.text(jobs=jobs(1))
    for text, why in [
        (good.replace("pace = 600", "pace = 601") + 'job "x" {\n\tid = "x"\n}\n', "pace"),  # the first of several
        (good.replace("file:", "env:NO_SUCH_"), "secret"),
        ("nonsense", "nonsense"),
    ]:
        cfg.write_text(text)
        done = ask(d, env)
        assert (done.returncode, done.stdout) == (1, "")
        wanted = rf"reload failed: {re.escape(cfg.path)}:\d+: .*{why}.*; configuration of \d\d:\d\d stays in force"
        assert re.fullmatch(rf"precheckd: {wanted}\n", done.stderr), done.stderr
        # it is said before the reload is over, and stays said
        notify.wait(lambda m: "RELOADING" in m)
        assert re.fullmatch(wanted, notify.wait(lambda m: True)["STATUS"])
        assert notify.wait(lambda m: True) == {"READY": "1"}
        assert re.match(wanted + "; 1 job: 1 passed", notify.wait(lambda m: "STATUS" in m)["STATUS"])
    cfg.write_text(good)
    assert ask(d, env).returncode == 0
    assert number(tmp_path) == 4
    notify.wait(lambda m: m.get("STATUS", "").startswith("1 job: 1 passed"))


def test_a_configuration_that_is_not_there(started):
    d, cfg, _, env = started
    os.unlink(cfg.path)
    done = ask(d, env)
    assert done.returncode == 1
    assert "precheckd.conf: " in done.stderr and "No such file" in done.stderr


def test_it_is_written_when_it_is_over(started, tmp_path):
    """Each asker's own: also while the daemon reloads all the time."""
    d, cfg, _, env = started
    for n in (2, 1, 2, 1, 2):
        for _ in range(5):
            d.signal("HUP")
        cfg.write(jobs=jobs(n))
        done = ask(d, env)
        assert done.returncode == 0
        assert f": {n} job" in done.stdout  # of an earlier one it would be the other number


def test_credentials_that_are_as_before_are_said_to_be(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1), cloud={"secret": "credential:secret"})
    d = precheckd(cfg, env={"CREDENTIALS_DIRECTORY": cfg.directory})
    d.wait_verdicts(["job-1"], "passed")
    said = "credential handed over by systemd is as before"
    d.reload()
    assert len(d.find(said)) == 1
    cfg.set_password("another-one-7311")
    d.reload()
    assert len(d.find(said)) == 1  # this systemd has handed over a new one
    cfg.write(jobs=jobs(1))
    d.reload()
    assert len(d.find(said)) == 1  # nor is a file a credential


def test_no_file_is_left(started, tmp_path):
    d, _, _, env = started
    assert os.stat(tmp_path / "run" / "reload").st_mode & 0o777 == 0o600
    d.stop()
    assert os.listdir(tmp_path / "run") == []
    done = ask(d, env)
    assert done.returncode == 2 and "there is no process" in done.stderr


def test_once_does_not_claim_it(sim, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    (tmp_path / "reload").write_text("of the daemon beside it")
    done = run("-c", cfg.path, "--once", "--log-target", "stderr", env={"RUNTIME_DIRECTORY": str(tmp_path)})
    assert done.returncode == 0
    assert (tmp_path / "reload").read_text() == "of the daemon beside it"


def test_a_directory_that_can_not_be_written(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1))
    d = precheckd(cfg, env={"RUNTIME_DIRECTORY": str(tmp_path / "gone")})
    d.wait(r"warning: can't write .*/gone/reload: No such file or directory; systemctl reload will not see")
    d.wait_verdicts(["job-1"], "passed")
    done = ask(d, {"RUNTIME_DIRECTORY": str(tmp_path / "gone")})
    assert done.returncode == 2 and "was not asked" in done.stderr
    began = time.monotonic()
    assert run("--reload", str(os.getpid()), env={"RUNTIME_DIRECTORY": str(tmp_path)}).returncode == 2
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("word", ["", "x", "0", "-1", "1x", "99999999999", "1 "])
def test_words_that_are_no_process_id(word):
    done = run("--reload", word)
    assert done.returncode == 64
    assert done.stderr == f"precheckd: no such process id: '{word}'; see precheckd --help\n"
