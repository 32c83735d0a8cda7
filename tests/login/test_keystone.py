"""The real daemon against a real Keystone: every form of a password login, renewals by time and by revocation, wrong
credentials that lock nobody, a password that changes, an IAM that is away. DRS is the simulator, which asks that
Keystone about each token (--iam)."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import re
import sqlite3

import pytest

import keystone as lib
from daemon import BINLOG, BINLOG_FIXED, DOMAIN, GOOD, USER, Config, jobs, run, runs, submits, task
from sim import wait_until

PROJECT = "eu-de_shop"
SECRET = "canary-Passw0rd-keystone"
_serial = itertools.count(1)


@pytest.fixture
def account(keystone):
    """A user of this test alone."""
    return keystone.account(f"{DOMAIN}-{next(_serial)}", USER, SECRET, PROJECT)


def scenario(account, tasks, **more):
    return {"region": "eu-de", "defaults": dict({"duration": "100ms", "stale": "0s", "linger": "0s"}, **more),
            "users": [{"name": account.user, "domain": account.domain, "password": "of nobody"}],
            "projects": [{"id": account.project_id, "name": account.project, "domain": account.domain,
                          "tasks": tasks}]}


def config(tmp_path, keystone, s, account, **options):
    """By names, unless the options say otherwise."""
    os.makedirs(tmp_path, exist_ok=True)
    cfg = Config(tmp_path, keystone.url, password=account.password)
    cfg.cloud.update({"drs": s.url, "user": account.user, "domain": account.domain, "project": account.project})
    cfg.cloud.update(options)
    return cfg


def verdicts(cfg):
    """All runs that the daemon has ended or lost, in their order: (job, verdict)."""
    if not os.path.exists(f"{cfg.state_dir}/precheckd.db"):
        return []
    with contextlib.closing(sqlite3.connect(f"file:{cfg.state_dir}/precheckd.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT job, verdict FROM runs ORDER BY number").fetchall()


def refused(s):
    return [e for e in s.log() if e["kind"] in ("status", "submit", "result") and e["status"] == 401]


def answers(keystone, *names):
    """The statuses of all logins that name one of them."""
    return [int(r["status"]) for r in keystone.logins(*names)]


# -- every form

FORMS = {
    "names": lambda a: {},
    "ids": lambda a: {"user": None, "domain": None, "project": None, "user_id": a.user_id,
                      "project_id": a.project_id},
    "user by id": lambda a: {"user": None, "user_id": a.user_id},
    "project by id": lambda a: {"project": None, "project_id": a.project_id},
}


@pytest.mark.parametrize("form", FORMS)
def test_login(keystone, sim, precheckd, account, tmp_path, form):
    s = sim(scenario(account, [task(1)]), iam=keystone.url)
    d = precheckd(config(tmp_path, keystone, s, account, **FORMS[form](account)).write(jobs=jobs(1)))
    d.wait_verdicts(["job-1"], "passed")
    assert answers(keystone, account.domain, account.user_id) == [201]
    assert refused(s) == [] and s.violations() == []
    assert d.find(r"(warning|err): cloud") == []


def test_names_that_need_care(keystone, sim, precheckd, tmp_path):
    """What a hand-made JSON might break at."""
    odd = 'p\u00e4"ss\\w\u00f6rd \u20ac{}</x>\u007f\U0001f511'.replace("\u007f", "")
    a = keystone.account("\u00d6kostrom & S\u00f6hne \"GmbH\"", "j\u00f6rg o'neill\\", odd, "eu-de_caf\u00e9")
    s = sim(scenario(a, [task(1)]), iam=keystone.url)
    d = precheckd(config(tmp_path, keystone, s, a).write(jobs=jobs(1)))
    d.wait_verdicts(["job-1"], "passed")
    assert odd not in d.text()


@pytest.mark.parametrize("form", ["names", "ids"])
def test_login_by_clouds_yaml(keystone, sim, precheckd, account, tmp_path, form):
    a = account
    s = sim(scenario(a, [task(1)]), iam=keystone.url)
    auth = {"names": {"username": a.user, "user_domain_name": a.domain, "project_name": a.project,
                      "project_domain_name": a.domain},
            "ids": {"user_id": a.user_id, "project_id": a.project_id}}[form]
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(json.dumps({"clouds": {"otc": {"auth": {
        "auth_url": keystone.url + "/v3", "password": a.password, **auth}}}}))
    clouds.chmod(0o600)
    nothing = dict.fromkeys(("iam", "user", "domain", "project", "secret"))
    d = precheckd(config(tmp_path, keystone, s, a, auth="clouds-yaml", entry="otc", clouds_file=str(clouds),
                         **nothing).write(jobs=jobs(1)))
    d.wait_verdicts(["job-1"], "passed")
    assert answers(keystone, a.domain, a.user_id) == [201]


def test_token_file(keystone, sim, precheckd, account, tmp_path):
    """Somebody else's tokens: the first ends by revocation, the second is found without being told."""
    a = account
    s = sim(scenario(a, [task(1)]), iam=keystone.url)
    _, token = keystone.login(a.user, a.domain, a.password, a.project)
    cfg = config(tmp_path, keystone, s, a, auth="token-file", user=None, domain=None, project=None)
    cfg.set_password(token)
    d = precheckd(cfg.write(jobs=jobs(1, interval="300ms")))
    d.wait_verdicts(["job-1"], "passed")
    keystone.revoke(token)
    d.wait(r"(warning|err): cloud otc: ")
    _, token = keystone.login(a.user, a.domain, a.password, a.project)
    cfg.set_password(token)
    d.wait(r"notice: cloud otc: works again")
    s.wait("submit", 2, since=s.seq(), status=200, timeout=30)
    assert token not in d.text()


def test_check_login(keystone, sim, account, tmp_path):
    s = sim(scenario(account, [task(1)]), iam=keystone.url)
    cfg = config(tmp_path, keystone, s, account).write(jobs=jobs(1))
    done = run("-c", cfg.path, "--check-login")
    assert done.returncode == 0 and done.stdout.startswith(
        f"cloud otc: works: user {USER} in project {PROJECT} ({account.project_id}) until "), done.stdout
    assert answers(keystone, account.domain, account.user_id) == [201]


# -- renewals

def test_renewed_by_time(keystone, sim, precheckd, account, tmp_path):
    """Tokens that live for 6 s: ten renewals, each when a third is left, and none of them noticed by a job."""
    with lib.Keystone(tmp_path / "short", life=6, beside=keystone) as short:
        s = sim(scenario(account, [task(1), task(2)]), iam=short.url)
        cfg = config(tmp_path, short, s, account).write(jobs=jobs(2, interval="300ms"))
        d = precheckd(cfg)
        wait_until(lambda: len(short.logins(account.domain)) >= 11, timeout=90)
        s.wait("submit", 2, since=s.seq())
        d.stop()
        assert set(answers(short, account.domain, account.user_id)) == {201} and len(answers(short, account.domain, account.user_id)) == 11
        assert refused(s) == []
        logins = [t for t, line in zip(d.times, d.lines)
                  if re.search(r"cloud otc: (logged in|token renewed)", line)]
        # At two thirds of 5 or 6 s: Keystone cuts fractions off.
        assert len(logins) >= 10 and all(2.5 < b - a < 5.5 for a, b in zip(logins, logins[1:])), logins
        assert {verdict for _, verdict in verdicts(cfg)} == {"passed"}
        assert len(verdicts(cfg)) in range(sum(runs(s).values()) - 2, sum(runs(s).values()) + 1)
        assert min(runs(s).values()) > 20
        assert d.find(r"(warning|err): cloud|job-\d .*(refused|unknown)") == []
        assert s.violations() == []


CALLS = 20
JOBS = 10 * CALLS
WATCHERS = 6
ROUNDS = 5
LATENCY = 1000  # ms
KINDS = ("status", "submit", "result")  # of a round


class Watcher:
    """One daemon with a user and a DRS of its own."""

    def __init__(self, keystone, sim, start, directory, account):
        script = [{"items": [GOOD, BINLOG if n % 2 else BINLOG_FIXED]} for n in range(1 + ROUNDS)]
        self.keystone, self.account, self.rounds, self.revoked = keystone, account, 0, 0
        self.sim = sim(scenario(account, [task(n, runs=script) for n in range(1, JOBS + 1)]), iam=keystone.url)
        self.cfg = config(directory, keystone, self.sim, account, connections=40, max_runs=1000, timeout="30s")
        self.cfg.write(jobs=jobs(JOBS), defaults={"settle": "20s", "first_poll": "300ms", "poll": "100ms"})
        self.daemon = start(self.cfg)

    def tokens(self):
        return [r["subject"] for r in self.keystone.logins(self.account.user) if r["status"] == "201"]

    def revoke(self):
        """The token in use; the one before must have been found out by now."""
        self.keystone.revoke(wait_until(lambda: self.tokens()[self.revoked:])[0])
        self.revoked += 1

    def finish_round(self):
        self.rounds += 1
        wait_until(lambda: len(verdicts(self.cfg)) == JOBS * self.rounds, timeout=90, step=0.1)

    def work(self):
        """A round without trouble, and all others with a revocation before each kind of call; the refusals."""
        self.finish_round()
        # Calls leave 25 ms apart; answers are later than that, so that all are under way before the first.
        self.sim.post("defaults", {"latency": f"{LATENCY}ms"})
        refusals = []
        for _ in range(ROUNDS):
            before = self.sim.seq()
            for kind in KINDS:
                self.revoke()
                if kind == "status":
                    self.daemon.signal("USR1")
                self.sim.wait(kind, CALLS, timeout=60, since=before, status=200)
            self.finish_round()
            refusals += [[e["status"] for e in self.sim.log(before, kind)].count(401) for kind in KINDS]
        return refusals

    def judge(self):
        assert answers(self.keystone, self.account.user) == [201] * (1 + self.revoked)
        assert set(runs(self.sim).values()) == {1 + ROUNDS}
        assert submits(self.sim.log()) == runs(self.sim)
        told = collections.defaultdict(list)
        for job, verdict in verdicts(self.cfg):
            told[job].append(verdict)
        # Alternating, as the runs were: one that was lost or repeated would show.
        assert len(told) == JOBS
        assert all(v == (["passed", "failed"] * ROUNDS)[:1 + ROUNDS] for v in told.values())
        assert self.daemon.find(r"(warning|err): cloud", since=0) == []
        assert self.sim.violations() == []


def test_renewed_by_revocation(keystone, sim, precheckd, account, tmp_path):
    """Twenty calls on their way, and their token is revoked: twenty refusals, one login, twenty calls again; ninety
    times, in all phases of a pre-check, and no run is lost or made twice. Six daemons at a time, because each
    makes 600 calls a minute at most."""
    users = [keystone.account(account.domain, f"{USER}-{n}", SECRET, PROJECT) for n in range(WATCHERS)]
    watchers = [Watcher(keystone, sim, precheckd, tmp_path / str(n), user) for n, user in enumerate(users)]
    with concurrent.futures.ThreadPoolExecutor(WATCHERS) as pool:
        refusals = sum(pool.map(Watcher.work, watchers), [])
    for w in watchers:
        w.judge()
    assert len(refusals) == sum(w.revoked for w in watchers) == 90
    # Nearly all were in flight: a machine that is busy may have let some through before the revocation.
    assert sum(refusals) > 0.8 * CALLS * len(refusals), refusals


# -- what is wrong

def wrong(kind, account):
    return {"password": ({}, "not-" + SECRET), "user": ({"user": "nobody"}, SECRET),
            "domain": ({"domain": "nowhere of " + account.domain}, SECRET)}[kind]


@pytest.mark.parametrize("kind", ["password", "user", "domain"])
def test_wrong_locks_nobody(keystone, sim, precheckd, account, tmp_path, kind):
    """Two tries and no third, whatever happens; so that the user is not locked, as it would be after three."""
    a = account
    s = sim(scenario(a, [task(1)]), iam=keystone.url)
    options, password = wrong(kind, a)
    cfg = config(tmp_path, keystone, s, a, backoff_max="100ms", **options).write(jobs=jobs(1))
    cfg.set_password(password)

    def tries():
        return [int(r["status"]) for r in keystone.nginx.requests() if json.dumps(password) in r["body"]
                and (kind == "password" or json.dumps(next(iter(options.values()))) in r["body"])]

    done = run("-c", cfg.path, "--once", "--log-target", "stderr")
    said = re.search(r"err: cloud otc: login refused .*", done.stderr).group()
    for word in (a.project, cfg.cloud["user"], cfg.cloud["domain"], "not tried again"):
        assert word in said, said
    assert done.returncode == 3 and tries() == [401, 401]
    for _ in range(2):
        d = precheckd(cfg)
        d.wait(r"info: precheckd ")  # what was told before is not told again
        d.signal("USR1")
        d.reload()
        d.signal("USR2")
        d.wait(r"job-1 \(cloud otc\): unknown")
        d.stop()
    assert tries() == [401, 401]
    # Nobody is locked: the right login works, at once, for everybody and for the daemon.
    assert keystone.login(a.user, a.domain, a.password, a.project)[0] == 201
    cfg.cloud.update({"user": a.user, "domain": a.domain})
    cfg.write(jobs=jobs(1)).set_password(a.password)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "passed")


def test_once_after_a_refusal(keystone, sim, account, tmp_path):
    s = sim(scenario(account, [task(1)]), iam=keystone.url)
    cfg = config(tmp_path, keystone, s, account, backoff_max="100ms").write(jobs=jobs(1))
    cfg.set_password("not-" + SECRET)
    for _ in range(2):
        assert run("-c", cfg.path, "--once", "--log-target", "stderr", timeout=10).returncode == 3
    assert answers(keystone, account.domain) == [401, 401]


def test_three_tries_would_have(keystone, account):
    """The control: this Keystone does lock, and lets go after a while."""
    a = account
    for _ in range(lib.TRIES):
        assert keystone.login(a.user, a.domain, "not-" + SECRET, a.project)[0] == 401
    assert keystone.login(a.user, a.domain, a.password, a.project)[0] == 401
    wait_until(lambda: keystone.login(a.user, a.domain, a.password, a.project)[0] == 201, timeout=lib.LOCK + 20,
               step=1)


@pytest.mark.parametrize("noticed", [False, True])
def test_password_changed_then_reload(keystone, sim, precheckd, account, tmp_path, noticed):
    """Keystone voids the old tokens with the old password. Reloaded in time, no call is ever refused; noticed too
    late, two logins are, and all goes on with the reload."""
    a = account
    s = sim(scenario(a, [task(n) for n in (1, 2, 3)]), iam=keystone.url)
    cfg = config(tmp_path, keystone, s, a, backoff_max="100ms").write(jobs=jobs(3))
    d = precheckd(cfg)
    d.wait_verdicts(["job-1", "job-2", "job-3"], "passed")
    new = a._replace(password="next-" + SECRET)
    keystone.set_password(a, new.password)
    if noticed:
        d.signal("USR1")
        d.wait(r"err: cloud otc: login refused ")
        assert answers(keystone, a.domain, a.user_id) == [201, 401, 401]
    cfg.set_password(new.password)
    since = s.seq()
    d.reload()
    wait_until(lambda: answers(keystone, a.domain, a.user_id)[-1:] == [201] and len(answers(keystone, a.domain, a.user_id)) == (4 if noticed else 2))
    if noticed:
        d.wait(r"notice: cloud otc: works again \(was login refused\) after ")
    d.signal("USR1")
    s.wait("submit", 1, since=since, status=200)
    wait_until(lambda: set(runs(s).values()) == {2})
    d.mark()
    d.signal("USR2")
    d.wait(r"job-\d \(cloud otc\): passed", 3)
    assert answers(keystone, a.domain, a.user_id).count(201) == 2
    assert noticed or refused(s) == []
    assert s.violations() == []
    assert not noticed or len(d.find(r"err: cloud", since=0)) == 1


@pytest.mark.parametrize("how, words", [
    ("paused", r"no answer within (1s|99\dms) from"),
    ("stopped", r"502"),
])
def test_keystone_away(keystone, sim, precheckd, account, tmp_path, how, words):
    """Told as trouble of IAM and never as a wrong password; and it is over when Keystone is back."""
    a = account
    s = sim(scenario(a, [task(1)]), iam=keystone.url)
    cfg = config(tmp_path, keystone, s, a, backoff_max="200ms", timeout="1s").write(jobs=jobs(1))
    if how == "paused":
        keystone.pause()
    else:
        keystone.stop_service()
    try:
        d = precheckd(cfg)
        d.wait(rf"err: cloud otc: no login, {re.escape(keystone.url)} is in trouble: .*{words}")
        checked = run("-c", cfg.path, "--check-login")
        assert checked.returncode == 1 and "unreachable" in checked.stdout, checked.stdout
    finally:
        if how == "paused":
            keystone.resume()
        else:
            keystone.restart_service()
    d.wait(r"notice: cloud otc: works again \(was IAM unreachable\) after ", timeout=60)
    d.wait_verdicts(["job-1"], "passed")
    assert not d.find(r"refused|wrong", since=0)
