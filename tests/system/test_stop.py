"""TERM and INT end it within 2 s and with exit status 0, whatever it waits for."""

import os
import socket

import pytest

from daemon import PATIENCE, SANITIZED, Config, jobs, scenario, task

LIMIT = 2 if not SANITIZED else 10  # a leak check comes on top there


def build(sim, tmp_path, **more):
    s = sim(scenario(tasks=[task(n) for n in range(1, 31)], **more))
    return s, Config(tmp_path, s.url).write(jobs=jobs(30), cloud={"timeout": "60s"})


@pytest.mark.parametrize("name", ["TERM", "INT"])
class TestStop:
    def test_with_nothing_to_do(self, sim, precheckd, tmp_path, name):
        _, cfg = build(sim, tmp_path)
        d = precheckd(cfg)
        d.wait(r"passed: ", 30)
        assert d.stop(name) < LIMIT
        assert d.find(rf"info: stopping on SIG{name}")

    def test_with_iam_hanging(self, sim, precheckd, tmp_path, name):
        s, cfg = build(sim, tmp_path, faults=[{"kind": "login", "do": "hang", "count": -1}])
        d = precheckd(cfg)
        s.wait("login")
        assert d.stop(name) < LIMIT

    @pytest.mark.parametrize("kind", ["status", "submit", "result"])
    def test_with_drs_hanging(self, sim, precheckd, tmp_path, name, kind):
        s, cfg = build(sim, tmp_path, faults=[{"kind": kind, "do": "hang", "count": -1}])
        d = precheckd(cfg)
        s.wait(kind)
        assert d.stop(name) < LIMIT

    def test_with_a_name_being_resolved(self, sim, precheckd, tmp_path, name):
        # A name server that hears every question and never answers, for this one process; at an address that
        # no other run of these tests has.
        address = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 1}"
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((address, 53))
        server.settimeout(PATIENCE)
        conf = tmp_path / "resolv.conf"
        conf.write_text(f"nameserver {address}\noptions timeout:30 attempts:5\n")
        _, cfg = build(sim, tmp_path)
        url = "https://iam.nonexistent.invalid"
        cfg.write(jobs=jobs(30), cloud={"iam": url, "drs": url})
        d = precheckd(cfg, prefix=["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && '
                                   'exec "$@"', os.fspath(conf)])
        with server:
            assert b"nonexistent" in server.recv(512)
            assert d.stop(name) < LIMIT

    def test_with_a_name_that_does_not_exist(self, sim, precheckd, tmp_path, name):
        _, cfg = build(sim, tmp_path)
        url = "https://iam.nonexistent.invalid"
        d = precheckd(cfg.write(jobs=jobs(30), cloud={"iam": url, "drs": url, "backoff_max": "100ms",
                                                      "timeout": "1s"}))
        d.wait(r"err: cloud otc: no login, https://iam\.nonexistent\.invalid is in trouble: .*"
               r"name iam\.nonexistent\.invalid not (found|resolved)")
        assert d.stop(name) < LIMIT

    def test_in_mid_round(self, sim, precheckd, tmp_path, name):
        s, cfg = build(sim, tmp_path, defaults={"duration": "60s", "latency": "200ms"})
        d = precheckd(cfg)
        s.wait("submit", 2)
        assert d.stop(name) < LIMIT
        assert d.find(r"passed|failed|does not answer") == []
