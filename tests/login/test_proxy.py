"""A real proxy (tinyproxy) between the daemon and a cloud whose name leads elsewhere than to the loopback, for which
no proxy is used: TLS goes end to end through CONNECT, and the proxy sees no password and no token.

The daemon and the proxy run in a network of their own; nginx and the simulator out here, nginx on sockets of in
there. What the proxy reads is what strace(1) sees it read.
"""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from daemon import USER, Config, jobs, scenario, task
from process import wait_end
from sim import CANARY_PASSWORD, CANARY_TOKEN

HOSTS = {"iam.cloud.test": "192.0.2.1", "drs.cloud.test": "192.0.2.2", "mitm.cloud.test": "192.0.2.3",
         "proxy.test": "192.0.2.4"}


class Proxy:
    """One tinyproxy in the namespace, and all that it reads."""

    def __init__(self, directory, ns, more="", port=443):
        self.read_path = os.path.join(directory, "proxy.strace")
        self.log_path = os.path.join(directory, "proxy.log")
        conf = os.path.join(directory, "tinyproxy.conf")
        # A port that nobody else can have: the network is the test's own.
        self.url = "http://proxy.test:3128"
        with open(conf, "w") as f:
            f.write(f"Port 3128\nListen {HOSTS['proxy.test']}\nTimeout 60\nMaxClients 50\nLogFile \"{self.log_path}\"\n"
                    f"LogLevel Info\nAllow 192.0.2.0/24\nAllow 127.0.0.0/8\nConnectPort {port}\n{more}\n")
        self.process = subprocess.Popen(
            [*ns.prefix, "strace", "-f", "-qq", "-s", "1000000", "-e", "trace=read,recvfrom,recvmsg", "-o",
             self.read_path, "tinyproxy", "-d", "-c", conf],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 30
        while "Starting main loop" not in self.log():
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.02)

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def read(self):
        with open(self.read_path, errors="replace") as f:
            return f.read()

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            wait_end(self.process, 10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def world(sim, netns, nginx, ca, tmp_path):
    """The simulator behind an nginx with TLS at two names on port 443."""
    if not shutil.which("tinyproxy"):
        pytest.skip("tinyproxy is not installed (tests/lib/deps.sh peers)")
    s = sim(scenario(tasks=[task(1)]))
    ns = netns(HOSTS)
    key, crt = ca.server("iam.cloud.test", "drs.cloud.test")
    n = nginx("".join(f"""server {{ listen {{{i}}} ssl; ssl_certificate {crt}; ssl_certificate_key {key};
                           location / {{ proxy_pass {s.url}; }} }}
                           """ for i in (0, 1)),
              [ns.listening(HOSTS["iam.cloud.test"], 443), ns.listening(HOSTS["drs.cloud.test"], 443)])
    return s, ns, n


@pytest.fixture
def proxy(world, tmp_path):
    """start(...): a Proxy that ends with the test."""
    started = []

    def start(**kwargs):
        started.append(Proxy(str(tmp_path), world[1], **kwargs))
        return started[-1]

    yield start
    for p in started:
        p.stop()


def config(tmp_path, ca, **cloud):
    return Config(tmp_path, "https://iam.cloud.test").write(
        jobs=jobs(1), cloud={"drs": "https://drs.cloud.test", "ca_file": ca.path, "backoff_max": "100ms",
                             "proxy": "http://proxy.test:3128", **cloud})


def test_through_connect(world, proxy, precheckd, ca, tmp_path):
    s, ns, n = world
    p = proxy()
    d = precheckd(config(tmp_path, ca), prefix=ns.prefix)
    d.wait_verdicts(["job-1"], "passed")
    assert d.find(r"(warning|err): cloud") == []
    for name in ("iam", "drs"):
        assert f"CONNECT {name}.cloud.test:443 HTTP/1.1" in p.log()
    # All connections that nginx has had came from the proxy.
    assert len({r["connection"] for r in n.requests()}) <= p.log().count("CONNECT ")
    read = p.read()
    heads = re.findall(r"CONNECT [^\"]*", read)
    assert heads and "\\26\\3\\1" in read  # and TLS after it
    for word in ("X-Auth-Token", "X-Subject-Token", "Content-Type", "tokens", CANARY_PASSWORD, CANARY_TOKEN, USER):
        assert word not in read, word
    assert s.violations() == []


def test_directly_without_one(world, proxy, precheckd, ca, tmp_path):
    """The control: the same cloud is reached without, and the proxy would have noticed."""
    _, ns, _ = world
    p = proxy()
    d = precheckd(config(tmp_path, ca, proxy=None), prefix=ns.prefix)
    d.wait_verdicts(["job-1"], "passed")
    assert "CONNECT drs" not in p.log() and "CONNECT " not in p.read()


def test_the_environment_is_not_looked_at(world, precheckd, ca, tmp_path):
    _, ns, _ = world
    nowhere = {v: "http://proxy.test:9" for v in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
    d = precheckd(config(tmp_path, ca, proxy=None), prefix=ns.prefix, env=nowhere)
    d.wait_verdicts(["job-1"], "passed")


def test_not_for_the_loopback(world, precheckd, tmp_path):
    """There is no proxy at all, and it is not missed."""
    s, _, _ = world
    cfg = Config(tmp_path, s.url).write(jobs=jobs(1), cloud={"proxy": "http://proxy.test:3128"})
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")


def test_down(world, proxy, precheckd, ca, tmp_path):
    s, ns, n = world
    d = precheckd(config(tmp_path, ca), prefix=ns.prefix)
    d.wait(r"err: cloud otc: no login, https://iam\.cloud\.test is in trouble: .*connection refused by proxy\.test:3128")
    assert n.requests() == []
    proxy()
    d.wait(r"notice: cloud otc: works again \(was IAM unreachable\) after ")
    d.wait_verdicts(["job-1"], "passed")


def test_unknown_name(world, precheckd, ca, tmp_path):
    _, ns, _ = world
    d = precheckd(config(tmp_path, ca, proxy="http://nowhere.invalid:3128"), prefix=ns.prefix)
    d.wait(r"err: cloud otc: no login, .*name of proxy nowhere\.invalid:3128 not found")


@pytest.mark.parametrize("more, status", [
    ({"more": "BasicAuth somebody secret"}, 407),
    ({"port": 8443}, 403),
])
def test_refuses(world, proxy, precheckd, ca, tmp_path, more, status):
    s, ns, n = world
    p = proxy(**more)
    d = precheckd(config(tmp_path, ca), prefix=ns.prefix)
    d.wait(rf"err: cloud otc: .*proxy proxy\.test:3128 answered {status} to CONNECT iam\.cloud\.test:443")
    assert n.requests() == [] and s.log() == []
    assert CANARY_PASSWORD not in p.read()
    assert not d.find("login refused")


def test_cannot_reach_the_cloud(world, proxy, precheckd, ca, tmp_path):
    """The name leads nowhere: the proxy says so, and is named along with the cloud."""
    _, ns, _ = world
    proxy()
    d = precheckd(config(tmp_path, ca, iam="https://gone.cloud.test"), prefix=ns.prefix)
    d.wait(r"err: cloud otc: .*proxy proxy\.test:3128 answered 5\d\d to CONNECT gone\.cloud\.test:443")


def test_certificate_of_somebody_else_behind_it(world, proxy, precheckd, nginx, ca, tmp_path):
    """A proxy that leads to somebody else gets nothing: the name is checked end to end."""
    s, ns, _ = world
    key, crt = ca.server("evil.test")
    evil = nginx(f"server {{ listen {{0}} ssl; ssl_certificate {crt}; ssl_certificate_key {key}; return 200; }}",
                 [ns.listening(HOSTS["mitm.cloud.test"], 443)])
    proxy()
    d = precheckd(config(tmp_path, ca, iam="https://mitm.cloud.test"), prefix=ns.prefix)
    d.wait(r"err: cloud otc: no login, .*TLS: certificate of mitm\.cloud\.test\S* is for another name")
    assert evil.requests() == [] and s.log() == []
