"""Tokens of each size through an nginx that takes headers as large; what it is too large for is told in words."""

import re

import pytest

from daemon import Config, jobs, scenario, task

KB = 1024
# Each answer has the page of nginx, as there is no other for it.
TOO_LARGE = {
    # what an nginx does by itself: 494 inside, 400 outside
    400: "",
    # gateways that say which
    431: "error_page 494 =431 /too-large; location = /too-large { internal; return 431 'too large'; }",
    494: "error_page 494 =494 /too-large; location = /too-large { internal; return 494 'too large'; }",
}


def front(nginx, sim, buffers, more=""):
    return nginx(f"""server {{
        listen {{0}};
        large_client_header_buffers {buffers};
        {more}
        location / {{ proxy_pass {sim.url}; }}
    }}""")


def config(tmp_path, n, **more):
    return Config(tmp_path, n.url()).write(jobs=jobs(1, interval="200ms"), cloud={"backoff_max": "100ms"}, **more)


@pytest.mark.parametrize("size", [1, 8, 24, 31, 32])
def test_works(sim, precheckd, nginx, tmp_path, size):
    s = sim(scenario(tasks=[task(1)], tokens={"size": size * KB}))
    n = front(nginx, s, "8 64k")
    d = precheckd(config(tmp_path, n))
    s.wait("submit", 3, timeout=30)
    d.wait_verdicts(["job-1"], "passed")
    assert {len(r["auth"]) for r in n.requests() if "/jobs/" in r["uri"]} == {size * KB}
    assert d.find(r"(warning|err): cloud") == []
    assert s.violations() == []


@pytest.mark.parametrize("size", [32 * KB + 1, 48 * KB])
def test_larger_than_any_gateway_takes(sim, precheckd, nginx, tmp_path, size):
    """Never sent, and told by what to do about it."""
    s = sim(scenario(tasks=[task(1)], tokens={"size": size}))
    n = front(nginx, s, "8 128k")
    d = precheckd(config(tmp_path, n))
    said = d.wait(r"err: cloud otc: .*").group()
    assert re.search(r"token (is \d+ bytes|.*longer than)", said) and "32 KB" in said and "fewer roles" in said, said
    assert "login refused" not in said
    assert {r["uri"].split("?")[0] for r in n.requests()} == {"/v3/auth/tokens"}


def test_larger_than_is_read(sim, precheckd, nginx, tmp_path):
    s = sim(scenario(tasks=[task(1)], tokens={"size": 70 * KB}))
    n = front(nginx, s, "8 128k")
    d = precheckd(config(tmp_path, n))
    d.wait(r"err: cloud otc: .*(X-Subject-Token is longer than 64 KB|token .*fewer roles)")
    assert not d.find("login refused") and {r["uri"].split("?")[0] for r in n.requests()} == {"/v3/auth/tokens"}


@pytest.mark.parametrize("status", sorted(TOO_LARGE))
def test_larger_than_this_gateway_takes(sim, precheckd, nginx, tmp_path, status):
    s = sim(scenario(tasks=[task(1)], tokens={"size": 16 * KB}))
    n = front(nginx, s, "4 8k", TOO_LARGE[status])
    d = precheckd(config(tmp_path, n))
    said = d.wait(r"err: .*").group()
    assert "cloud otc: " in said and "too large" in said.lower() and str(status) in said, said
    assert "fewer roles" in said, said
    # One login is enough to know.
    s.wait("login", 1)
    assert len(s.log(kind="login")) == 1 and s.log(kind="status") == []
