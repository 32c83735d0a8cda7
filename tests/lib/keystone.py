"""A real OpenStack Keystone on loopback: the token API that the clouds' IAM is made after, written by others.

    with Keystone(directory) as k:
        k.account("Domain", "user", "password", "project")       # ids of all three, as an Account
        k.login("user", "Domain", "password", "project")         # (status, token)
        k.revoke(token)
        k.logins("user")                                         # who asked for a token, and which was given

Debian's packages, sqlite, fernet tokens; three wrong passwords lock a user for LOCK seconds. It is reached
through an nginx, whose log says what has been asked and which tokens were given.
"""

import base64
import collections
import configparser
import contextlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.parse

from nginx import Nginx
from nginx import missing as nginx_missing
from process import wait_end

ADMIN_PASSWORD = "adminpw"
TRIES = 3
LOCK = 6  # seconds
WSGI = "/usr/bin/keystone-wsgi-public"

Account = collections.namedtuple("Account", "domain user password project domain_id user_id project_id")


def missing():
    """Why it can't be used here, or None."""
    for program in ("keystone-manage", "uwsgi"):
        if not shutil.which(program):
            return f"{program} is not installed (tests/lib/deps.sh peers)"
    if not os.path.exists(WSGI):
        return "python3-keystone is not installed (tests/lib/deps.sh peers)"
    return nginx_missing()


class Keystone:
    """One running Keystone. `life` is that of its tokens; `beside` another one, whose accounts it shares."""

    def __init__(self, directory, life=3600, beside=None, workers=2):
        self.directory = os.fspath(directory)
        self.workers = workers
        self._home = beside.directory if beside else self.directory
        self.conf = os.path.join(self.directory, "keystone.conf")
        self.socket = os.path.join(self.directory, "s")
        self.process = None
        self.nginx = None
        self._admin = None
        os.makedirs(self.directory, exist_ok=True)
        self._write_conf(life)
        if not beside:
            self._make_home()
        try:
            self.start()
            self.nginx = Nginx(os.path.join(self.directory, "front"), f"""
                server {{
                    listen {{0}};
                    location / {{ proxy_pass http://unix:{self.socket}:; proxy_read_timeout 10s; }}
                }}""")
            self.url = self.nginx.url()
            self._wait_up()
        except BaseException:
            self.stop()
            raise

    # -- the process

    def _write_conf(self, life):
        conf = configparser.ConfigParser()
        conf.read_dict({
            "DEFAULT": {"log_file": f"{self.directory}/keystone.log", "use_stderr": "false"},
            "database": {"connection": f"sqlite:///{self._home}/keystone.db"},
            "token": {"provider": "fernet", "expiration": life, "allow_expired_window": 0},
            "fernet_tokens": {"key_repository": f"{self._home}/fernet-keys"},
            "credential": {"key_repository": f"{self._home}/credential-keys"},
            "security_compliance": {"lockout_failure_attempts": TRIES, "lockout_duration": LOCK},
            "cache": {"enabled": "true", "backend": "dogpile.cache.memory", "expiration_time": 600},
            # Each process has a cache of its own, and a revocation is to be known to all of them at once.
            "revoke": {"caching": "false"},
            "identity": {"password_hash_rounds": 4},
        })
        with open(self.conf, "w") as f:
            conf.write(f)

    def _manage(self, *args):
        done = subprocess.run(["keystone-manage", "--config-file", self.conf, *args], stdin=subprocess.DEVNULL,
                              cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"keystone-manage {args[0]}: {done.stdout.decode(errors='replace')}")

    def _make_home(self):
        self._manage("db_sync")
        # Else "database is locked", status 500, as soon as two requests overlap.
        with contextlib.closing(sqlite3.connect(os.path.join(self._home, "keystone.db"))) as db:
            db.execute("PRAGMA journal_mode=WAL")
        # What fernet_setup and credential_setup do, without the seconds of two more starts.
        for repository in ("fernet-keys", "credential-keys"):
            os.makedirs(os.path.join(self._home, repository), mode=0o700)
            for n in ("0", "1"):
                with open(os.path.join(self._home, repository, n), "wb") as f:
                    f.write(base64.urlsafe_b64encode(os.urandom(32)))
        self._manage("bootstrap", "--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-username", "admin",
                     "--bootstrap-project-name", "admin", "--bootstrap-role-name", "admin",
                     "--bootstrap-service-name", "keystone", "--bootstrap-region-id", "RegionOne",
                     "--bootstrap-public-url", "http://127.0.0.1:1/v3")

    def start(self):
        """Not --lazy-apps, which hangs at the end. One process group, so that all of it can be paused. Not in
        this directory, where a module has the name of its package."""
        env = {"PATH": "/usr/bin:/bin", "OS_KEYSTONE_CONFIG_FILES": self.conf, "HOME": self.directory,
               "OS_KEYSTONE_CONFIG_DIR": self.directory, "LANG": "C.UTF-8"}
        with open("/proc/sys/net/core/somaxconn") as f:
            backlog = int(f.read())
        self.process = subprocess.Popen(
            ["uwsgi", "--plugin", "python3", "--http-socket", self.socket, "--wsgi-file", WSGI,
             "--processes", str(self.workers), "--threads", "4", "--master", "--die-on-term", "--enable-threads",
             "--need-app", "--listen", str(min(1000, backlog)), "--no-orphans", "--post-buffering", "65536", "--buffer-size", "65535",
             "--worker-reload-mercy", "1", "--add-header", "Connection: close", "--disable-logging",
             "--logto", os.path.join(self.directory, "uwsgi.log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env,
            cwd=self.directory, start_new_session=True)

    def _wait_up(self):
        end = time.monotonic() + 60
        while True:
            try:
                if self.ask("GET", "/v3")[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(self.directory, "uwsgi.log"), errors="replace") as f:
                    raise RuntimeError("keystone does not start: " + f.read()[-3000:])
            time.sleep(0.05)

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def pause(self):
        """Connections are taken by nginx and never answered, until resume() or nginx's own limit."""
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def stop_service(self):
        """Keystone alone: nginx answers 502 for it."""
        if not self.process:
            return
        self.resume()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                wait_end(self.process, 10)
            except subprocess.TimeoutExpired:
                pass
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def restart_service(self):
        self.start()
        self._wait_up()

    def stop(self):
        self.stop_service()
        if self.nginx:
            self.nginx.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # -- its API

    def ask(self, method, path, obj=None, token=None, subject=None, timeout=60):
        """(status, headers, decoded body)"""
        con = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=timeout)
        headers = {"Content-Type": "application/json"}
        headers.update({"X-Auth-Token": token} if token else {})
        headers.update({"X-Subject-Token": subject} if subject else {})
        try:
            con.request(method, path, body=None if obj is None else json.dumps(obj), headers=headers)
            answer = con.getresponse()
            data = answer.read()
            with contextlib.suppress(ValueError):
                data = json.loads(data)
            return answer.status, answer.headers, data
        finally:
            con.close()

    def login(self, user, domain, password, project=None, project_domain=None):
        """(status, token or None)"""
        auth = {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "password": password, "domain": {"name": domain}}}}}
        if project:
            auth["scope"] = {"project": {"name": project, "domain": {"name": project_domain or domain}}}
        status, headers, _ = self.ask("POST", "/v3/auth/tokens", {"auth": auth})
        return status, headers.get("X-Subject-Token")

    def admin(self, method, path, obj=None, good=(200, 201, 204), **kwargs):
        """The decoded body of an administrator's request."""
        for _ in range(2):
            if not self._admin:
                status, self._admin = self.login("admin", "Default", ADMIN_PASSWORD, "admin")
                assert status == 201, status
            status, _, body = self.ask(method, path, obj, token=self._admin, **kwargs)
            if status in good:
                return body
            self._admin = None  # it may have ended
        raise AssertionError(f"{method} {path}: {status} {body}")

    def _one(self, kind, name, create, **query):
        """The one of that name, made if there is none."""
        found = self.admin("GET", f"/v3/{kind}?" + urllib.parse.urlencode({"name": name, **query}))[kind]
        if found:
            return found[0]["id"]
        return self.admin("POST", f"/v3/{kind}", {kind[:-1]: {"name": name, **query, **create}})[kind[:-1]]["id"]

    def account(self, domain, user, password, project):
        """A user who may use the project, in the way that a cloud's account has them."""
        d = self._one("domains", domain, {})
        p = self._one("projects", project, {}, domain_id=d)
        u = self._one("users", user, {"password": password}, domain_id=d)
        role = self._one("roles", "member", {})
        self.admin("PUT", f"/v3/projects/{p}/users/{u}/roles/{role}")
        return Account(domain, user, password, project, d, u, p)

    def set_password(self, account, password):
        """Voids the tokens of this second too, as Keystone counts in whole ones: returns in the next one."""
        self.admin("PATCH", f"/v3/users/{account.user_id}", {"user": {"password": password}})
        now = time.time()
        time.sleep(1.02 - now % 1)

    def revoke(self, token):
        self.admin("DELETE", "/v3/auth/tokens", subject=token)

    def valid(self, token):
        """What it says of a token, or None."""
        status, _, body = self.ask("GET", "/v3/auth/tokens", token=token, subject=token)
        return body["token"] if status == 200 else None

    def logins(self, *names):
        """What was asked for and answered, by whomever: the access log's entries of POST tokens that name one of
        these, a user or domain or an id. `subject` is the token that was given."""
        return [r for r in self.nginx.requests()
                if r["method"] == "POST" and r["uri"].startswith("/v3/auth/tokens")
                and any(json.dumps(name, ensure_ascii=False) in r["body"] for name in names)]
