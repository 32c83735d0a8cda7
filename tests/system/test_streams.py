"""Where it writes to, and that closed or broken standard streams do no harm."""

import os
import pty
import re
import select
import socket
import time

import pytest

from daemon import BINLOG, PATIENCE, Config, check_output, jobs, runs, scenario, task, task_id


@pytest.fixture
def setup(sim, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG)]))
    return s, Config(tmp_path, s.url).write(jobs=jobs(1))


@pytest.mark.parametrize("which", ["0", "1", "2", "0 1", "1 2", "0 1 2"])
def test_closed_at_the_start(setup, precheckd, tmp_path, which):
    s, cfg = setup
    closing = " ".join(f"{n}>&-" for n in which.split())
    d = precheckd(cfg, "--log-level", "debug", prefix=["sh", "-c", f'exec "$0" "$@" {closing}'])
    s.wait("result", 4, timeout=PATIENCE)
    # No descriptor of its own may have taken the place of a closed one: a log line would go into a socket.
    for n in (0, 1, 2):
        assert os.readlink(f"/proc/{d.pid}/fd/{n}").startswith(("/dev/null", "pipe:"))
    assert s.violations() == []
    assert [e for e in s.log() if e["status"] not in (200, 201)] == []
    d.stop()
    assert runs(s)[task_id(1)] == 1


def test_a_reader_that_goes_away(setup, precheckd):
    """`precheckd 2>&1 | head -1`: it goes on, and SIGPIPE is nothing to die of."""
    s, cfg = setup
    ours, theirs = os.pipe()
    d = precheckd(cfg, "--log-level", "debug", pass_fds=[theirs],
                  prefix=["bash", "-c", f'exec "$0" "$@" 2>&{theirs}'])
    os.close(theirs)
    os.read(ours, 10)
    os.close(ours)
    s.wait("result", 4, timeout=PATIENCE)
    d.stop()


def test_auto_on_a_terminal_is_stderr(setup, precheckd):
    s, cfg = setup
    ours, theirs = pty.openpty()
    d = precheckd(cfg, target=None, prefix=["bash", "-c", f'exec "$0" "$@" 2>&{theirs}'], pass_fds=[theirs])
    os.close(theirs)
    text, end = "", time.monotonic() + PATIENCE
    while "job-1 (cloud otc): failed" not in text:
        assert select.select([ours], [], [], max(0, end - time.monotonic()))[0], text
        text += os.read(ours, 65536).decode()
    d.stop()
    os.close(ours)
    check_output(text)
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} err: job-1 \(cloud otc\): failed: ", text, re.M)


@pytest.mark.parametrize("args", [["--log-target", "auto"], []])
def test_auto_on_a_pipe_is_syslog(setup, precheckd, args):
    """A pipe is no terminal and no journal: nothing is said here."""
    s, cfg = setup
    d = precheckd(cfg, *args, target=None)
    s.wait("result", 3, timeout=PATIENCE)
    d.stop()
    assert d.lines == []


def test_a_journal_stream_of_somebody_else_is_not_believed(setup, precheckd):
    """JOURNAL_STREAM is inherited; it counts only if it names the stderr that we have."""
    s, cfg = setup
    d = precheckd(cfg, target=None, env={"JOURNAL_STREAM": "1:2"})
    s.wait("result", 3, timeout=PATIENCE)
    d.stop()
    assert d.lines == []


def test_without_a_journal_news_go_to_stderr(setup, precheckd):
    s, cfg = setup
    if os.path.exists("/run/systemd/journal/socket"):
        pytest.skip("there is a journal here")
    d = precheckd(cfg, target="journal")
    d.wait(r"^<3>the journal did not take news \d+ \(No such file or directory\).* here it is: job-1 .*: failed: ")


def test_log_levels(setup, precheckd):
    """The level is for diagnostics; news are told at any level."""
    s, cfg = setup
    d = precheckd(cfg, "--log-level", "err")
    d.wait(r"job-1 \(cloud otc\): failed: ")
    d.stop()
    assert d.find(r"short_times|libcurl|stopping") == []
    # Without memory of what was told.
    other = os.path.join(cfg.directory, "other")
    cfg.write(jobs=jobs(1), top={"log_level": "debug", "state_dir": other})
    d = precheckd(cfg)
    d.wait(r"debug: call \d+ login to cloud otc: ok")
    d.wait(r"job-1 \(cloud otc\): failed: ")
    # A reload changes it.
    cfg.write(jobs=jobs(1), top={"log_level": "warning", "state_dir": other})
    d.signal("HUP")
    d.signal("USR2")  # after the reload: the signals are handled in the order of their numbers
    d.wait(r"job-1 \(cloud otc\): failed since")
    d.mark()
    d.signal("USR1")
    s.wait("result", 2, since=s.seq())
    d.stop()
    assert d.find("debug: |info: SIGUSR1|info: stopping") == []


def test_syslog(setup, precheckd, tmp_path):
    """/dev/log of a private /dev, so that the machine's own is left alone."""
    s, cfg = setup
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(os.fspath(tmp_path / "log"))
    log.settimeout(PATIENCE)
    make_dev = ('mount -t tmpfs tmpfs /mnt && for n in null zero urandom random; do touch /mnt/$n && '
                'mount --bind /dev/$n /mnt/$n; done && touch /mnt/log && mount --bind "$0" /mnt/log && '
                'mount --rbind /mnt /dev && exec "$@"')
    d = precheckd(cfg, target="syslog", prefix=["unshare", "--mount", "sh", "-c", make_dev,
                                                os.fspath(tmp_path / "log")])
    text = ""
    while "job-1 (cloud otc): failed" not in text:
        text += log.recv(8192).decode() + "\n"
    d.stop()
    check_output(text)
    # facility daemon (3), severity err (3)
    assert re.search(rf"^<27>.* precheckd\[{d.pid}\]: job-1 \(cloud otc\): failed: ", text, re.M), text
    assert d.lines == []
