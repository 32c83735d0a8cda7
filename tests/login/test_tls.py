"""TLS as nginx speaks it: what is good works end to end; what is not is told with host and cause, and nothing of
the login has been sent by then."""

import re

import pytest

from daemon import DOMAIN, Config, jobs, scenario, task
from sim import CANARY_PASSWORD, CANARY_TOKEN
from tls import CA

FORWARD = "proxy_pass {url}; proxy_read_timeout 20s;"


def server(key, crt, inside, n=0, more=""):
    return f"""server {{
        listen {{{n}}} ssl;
        ssl_certificate {crt};
        ssl_certificate_key {key};
        {more}
        location / {{ {inside} }}
    }}
    """


def front(nginx, sim_url, key, crt, more=""):
    return nginx(server(key, crt, FORWARD.format(url=sim_url), more=more))


def config(tmp_path, n, ca, host="localhost", **cloud):
    return Config(tmp_path, n.url(0, "https", host)).write(
        jobs=jobs(1), cloud={"ca_file": ca.path if ca else None, "backoff_max": "100ms", **cloud})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_good(sim, precheckd, nginx, ca, tmp_path, host, version):
    s = sim(scenario(tasks=[task(1)]))
    key, crt = ca.server("localhost", "127.0.0.1")
    n = front(nginx, s.url, key, crt, f"ssl_protocols {version};")
    d = precheckd(config(tmp_path, n, ca, host))
    d.wait_verdicts(["job-1"], "passed")
    assert {r["protocol"] for r in n.requests()} == {version}
    assert d.find(r"(warning|err): cloud") == []
    assert s.violations() == []


def bad(kind, ca, tmp_path):
    """(key, certificate, nginx's settings, what is said of the host)"""
    if kind == "expired":
        return *ca.server("localhost", days=(-9, -2)), "", "certificate of {peer} has expired"
    if kind == "not yet valid":
        return *ca.server("localhost", days=(2, 9)), "", "certificate of {peer} is not yet valid"
    if kind == "wrong name":
        return *ca.server("iam.other.test"), "", "certificate of {peer} is for another name"
    if kind == "unknown CA":
        return *CA(tmp_path / "unknown").server("localhost"), "", "certificate of {peer} is signed by an unknown CA"
    assert kind == "TLS 1.1"
    # OpenSSL of Debian has to be talked into it.
    return *ca.server("localhost"), "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;", \
        "TLS: .*{peer}.*(protocol version|TLS 1\\.2)"


@pytest.mark.parametrize("kind", ["expired", "not yet valid", "wrong name", "unknown CA", "TLS 1.1"])
def test_bad_is_told_and_nothing_is_sent(sim, precheckd, nginx, ca, tmp_path, kind):
    s = sim(scenario(tasks=[task(1)]))
    key, crt, more, words = bad(kind, ca, tmp_path)
    n = front(nginx, s.url, key, crt, more)
    d = precheckd(config(tmp_path, n, ca), "--log-level", "debug")
    peer = re.escape(n.url(0, "https", "localhost").removeprefix("https://"))
    d.wait(r"err: cloud otc: no login, https://localhost:\d+ is in trouble: .*" + words.format(peer=peer))
    d.wait(r"debug: call \d+ login to cloud otc: \S+, TLS: ", 3)  # nor by any later try
    assert s.log() == [] and n.requests() == []
    assert CANARY_PASSWORD not in n.errors() and DOMAIN not in n.errors()
    assert not d.find(r"login refused|wrong credential")


@pytest.mark.parametrize("kind", ["expired", "wrong name", "unknown CA", "TLS 1.1"])
def test_bad_drs_gets_no_token(sim, precheckd, nginx, ca, tmp_path, kind):
    """IAM is good, DRS is not."""
    s = sim(scenario(tasks=[task(1)]))
    key, crt, more, words = bad(kind, ca, tmp_path)
    good = ca.server("localhost")
    n = nginx(server(*good, FORWARD.format(url=s.url)) + server(key, crt, FORWARD.format(url=s.url), 1, more), 2)
    drs = n.url(1, "https", "localhost")
    d = precheckd(config(tmp_path, n, ca, drs=drs))
    d.wait(r"err: cloud otc: DRS at https://localhost:\d+ does not answer as it should: .*"
           + words.format(peer=re.escape(drs.removeprefix("https://"))))
    assert [e["kind"] for e in s.log()] == ["login"]
    assert [r["method"] for r in n.requests()] == ["POST"]
    assert CANARY_TOKEN not in n.errors()


def test_without_ca_file_nobody_knows_it(sim, precheckd, nginx, ca, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    n = front(nginx, s.url, *ca.server("localhost"))
    d = precheckd(config(tmp_path, n, None))
    d.wait(r"err: cloud otc: no login, .*certificate of localhost:\d+ is signed by an unknown CA")
    assert s.log() == []


def test_renewed_certificate(sim, precheckd, nginx, ca, tmp_path):
    """The way out of "expired": the server gets a new one, and nobody has to touch the daemon."""
    s = sim(scenario(tasks=[task(1)]))
    key, crt = ca.server("localhost", days=(-9, -2))
    n = front(nginx, s.url, key, crt)
    d = precheckd(config(tmp_path, n, ca))
    d.wait(r"err: cloud otc: no login, .* has expired")
    for old, new in zip((key, crt), ca.server("localhost")):
        with open(new, "rb") as f, open(old, "wb") as g:
            g.write(f.read())
    n.reload()
    d.wait(r"notice: cloud otc: works again \(was IAM unreachable\) after ")
    d.wait_verdicts(["job-1"], "passed")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("which", ["iam", "drs"])
def test_redirect_is_not_followed(sim, precheckd, nginx, ca, tmp_path, status, which):
    """Neither password nor token go to where the server points, good as its certificate may be."""
    s = sim(scenario(tasks=[task(1)]))
    good = ca.server("localhost")
    to = FORWARD.format(url=s.url)
    n = nginx(server(*good, to, 0) + server(*good, f"return {status} https://{{2}}$request_uri;", 1)
              + server(*good, "access_log trap.log all; return 200;", 2), 3)
    d = precheckd(config(tmp_path, n, ca, **{which: n.url(1, "https", "localhost")}))
    d.wait(r"err: cloud otc: https://localhost:\d+ can't be used as configured: .*" + re.escape(n.addresses[2]))
    assert not (tmp_path / "nginx-0" / "trap.log").read_text()
    assert [e["kind"] for e in s.log()] == ([] if which == "iam" else ["login"])


def test_server_that_closes_after_each_answer(sim, precheckd, nginx, ca, tmp_path):
    n_jobs = 40
    s = sim(scenario(tasks=[task(i) for i in range(1, n_jobs + 1)]))
    n = front(nginx, s.url, *ca.server("localhost"), "keepalive_timeout 0;")
    cfg = config(tmp_path, n, ca).write(jobs=jobs(n_jobs), cloud={"ca_file": ca.path})
    d = precheckd(cfg)
    d.wait(r"\): passed: ", n_jobs)
    d.signal("USR1")
    s.wait("submit", 4, since=s.seq())
    d.wait(r"cloud otc: ", 1)
    seen = n.requests()
    assert len(seen) > 10 and len({r["connection"] for r in seen}) == len(seen)
    assert d.find(r"(warning|err): cloud") == []
    assert s.violations() == []
