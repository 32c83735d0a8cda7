"""The command line, and what is found wrong before anything is watched."""

import os
import re
import stat

import pytest

from daemon import Config, jobs, run, scenario, task, task_id
from sim import CANARY_PASSWORD


@pytest.fixture
def cfg(tmp_path):
    return Config(tmp_path, "http://127.0.0.1:9").write(jobs=jobs(2))


def test_version_and_help():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"precheckd \d+\.\d+\.\d+ \(libcurl[ /]\d[^\n]*\)\n", done.stdout)
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("-c, --config FILE", "--check-config", "--print-config", "--once", "--log-level LEVEL",
                   "--log-target TARGET", "--version"):
        assert option in done.stdout


@pytest.mark.parametrize("args", [["--no-such"], ["-x"], ["-c"], ["word"], ["--log-level", "loud"],
                                  ["--log-target", "printer"], ["--check-config=yes"]])
def test_usage_errors(args):
    done = run(*args)
    assert done.returncode == 64
    assert done.stderr.startswith("precheckd: ") and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_check_config_good(cfg):
    done = run("-c", cfg.path, "--check-config")
    assert done.returncode == 0
    assert done.stdout == f"{cfg.path}: good: 2 jobs in 1 cloud\n"
    assert not os.path.exists(cfg.state_dir)


@pytest.mark.parametrize("old, new, where", [
    ("poll = \"50ms\"", "poll = \"never\"", "poll"),
    ("pace = 600", "pace = 601", "pace"),
    ("pace = 600", "speed = 600", "speed"),
    ("iam = \"http://127.0.0.1:9\"", "iam = \"http://iam.example.com\"", "iam"),
])
def test_check_config_bad(cfg, old, new, where):
    text = cfg.text(jobs=jobs(2)).replace(old, new)
    assert new in text
    cfg.write_text(text)
    line = 1 + next(i for i, at in enumerate(text.splitlines()) if new in at)
    done = run("-c", cfg.path, "--check-config")
    assert done.returncode == 1
    assert re.search(rf"^{re.escape(cfg.path)}:{line}: .*{where}", done.stderr, re.M), done.stderr
    # The daemon itself does not start with it.
    done = run("-c", cfg.path, "--log-target", "stderr")
    assert done.returncode == 78
    assert f"{cfg.path}:{line}: " in done.stderr


def test_every_mistake_is_said_at_once(cfg):
    cfg.write(jobs={"a": {"id": "x"}, "b": {"id": task_id(1), "interval": "1y"}, "c": {"id": task_id(1)}})
    done = run("-c", cfg.path, "--check-config")
    assert done.returncode == 1
    assert len(re.findall(rf"^{re.escape(cfg.path)}:\d+: ", done.stderr, re.M)) >= 3, done.stderr
    assert re.search(r"not good: \d errors$", done.stderr.strip())


def test_no_such_file(tmp_path):
    for more, status in ((["--check-config"], 1), (["--print-config"], 1), (["--log-target", "stderr"], 78)):
        done = run("-c", tmp_path / "none.conf", *more)
        assert done.returncode == status
        assert "none.conf" in done.stderr and "No such file" in done.stderr


def test_print_config_can_be_read_again(cfg, tmp_path):
    cfg.write_extra("more.conf", {'we"ird \\ name': {"id": task_id(3), "interval": "90min"}})
    first = run("-c", cfg.path, "--print-config")
    assert first.returncode == 0, first.stderr
    again = tmp_path / "again" / "precheckd.conf"
    again.parent.mkdir()
    again.write_text(first.stdout)
    second = run("-c", again, "--print-config")
    assert second.returncode == 0
    assert second.stdout == first.stdout
    # Everything that is in force, the defaults too; of the secret its place only.
    for line in ("settle      = 600ms", "run_limit   = 30min", "max_runs    = 20", 'interval    = "1h 30min"',
                 f'secret      = "file:{cfg.secret_path}"'):
        assert line in first.stdout, first.stdout


@pytest.mark.parametrize("how, why", [
    ("missing", "does not exist"), ("empty", "is empty"), ("open", "permission|mode|others|readable"),
    ("two-lines", "second line"),
])
def test_a_secret_that_cannot_be_had(cfg, how, why):
    if how == "missing":
        os.unlink(cfg.secret_path)
    elif how == "empty":
        cfg.set_password("")
    elif how == "two-lines":
        cfg.set_password("one\ntwo")
    else:
        os.chmod(cfg.secret_path, 0o644)
    done = run("-c", cfg.path, "--log-target", "stderr")
    assert done.returncode == 78
    assert re.search(rf"precheckd\.conf:\d+: cloud \"otc\": can't read its credential: .*({why})", done.stderr), done.stderr


def test_a_secret_that_stands_in_the_file(cfg):
    cfg.write(jobs=jobs(1), cloud={"secret": "hunter2-not-a-place"})
    done = run("-c", cfg.path, "--check-config")
    assert done.returncode == 1
    assert "must not stand here" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.parametrize("place", ["env:THE_PASSWORD", "credential:secret"])
def test_other_places_of_a_secret(sim, tmp_path, place):
    s = sim(scenario(tasks=[task(1)]))
    cfg = Config(tmp_path, s.url)
    cfg.write(jobs=jobs(1), cloud={"secret": place})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr",
               env={"THE_PASSWORD": CANARY_PASSWORD, "CREDENTIALS_DIRECTORY": cfg.directory})
    assert done.returncode == 0, done.stderr


def test_state_dir(cfg, tmp_path):
    # Made if it is not there, for its owner only.
    cfg.write(jobs=jobs(1), cloud={"backoff_max": "50ms"})
    assert run("-c", cfg.path, "--once", "--log-target", "stderr").returncode == 3
    assert stat.S_IMODE(os.stat(cfg.state_dir).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.join(cfg.state_dir, "precheckd.lock")).st_mode) == 0o600
    # Not to be had: said, with what to do about it.
    cfg.write(jobs=jobs(1), top={"state_dir": cfg.secret_path})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    assert done.returncode == 78
    assert "state_dir" in done.stderr
    # $STATE_DIRECTORY goes before the default.
    cfg.write(jobs=jobs(1), top={"state_dir": None}, cloud={"backoff_max": "50ms"})
    done = run("-c", cfg.path, "--once", "--log-target", "stderr", env={"STATE_DIRECTORY": str(tmp_path / "given")})
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "given" / "precheckd.lock").exists()
