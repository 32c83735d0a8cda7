"""The simulated cloud as a Python object: starts drs-simulator, talks to its control port, stops it.

    with Sim(scenario) as sim:           # a dict, or the path of a scenario file
        ... let something talk to sim.url ...
        sim.wait("submit", 1)            # until the log holds that many; no sleeping
        sim.post("task", {"id": ID, "status": "STARTJOBING"})
        print(sim.log())

Nothing here interprets what the simulator says: tests compare it with what they wrote themselves.
"""

import http.client
import json
import os
import select
import signal
import subprocess
import tempfile
import time
import urllib.parse

from process import wait_end

CANARY_PASSWORD = "canary-Passw0rd-7f3a"
# In both endpoints of every batch-detail entry.
CANARY_DB_PASSWORD = "canary-Passw0rd-db-77"
CANARY_TOKEN = "CANARYTOKEN"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build_dir():
    """The build directory under test, from PRECHECKD_BUILD (relative to the root); default "build"."""
    return os.path.join(ROOT, os.environ.get("PRECHECKD_BUILD", "build"))


class Sim:
    """One running simulator."""

    def __init__(self, scenario, build=None, profile=None, port=0, log_file=None, iam=None, project=None):
        """iam: URL of another Keystone, which knows the tokens; project: id of the scenario's first project."""
        self.build = build or build_dir()
        self._temp = None
        if isinstance(scenario, dict):
            self._temp = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
            json.dump(scenario, self._temp)
            self._temp.close()
            scenario = self._temp.name
        self.scenario = os.fspath(scenario)
        argv = [os.path.join(self.build, "drs-simulator"), "--scenario", self.scenario,
                "--listen", f"127.0.0.1:{port}"]
        if profile:
            argv += ["--profile", profile]
        if log_file:
            argv += ["--log", os.fspath(log_file)]
        if iam:
            argv += ["--iam", iam]
        if project:
            argv += ["--project", project]
        # Unbuffered, so that select() knows of every line.
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        bufsize=0)
        try:
            self.url = self._line("listening on ")
            self.control_url = self._line("control on ")
        except Exception:
            self.stop()
            raise
        self.port = urllib.parse.urlsplit(self.url).port
        self.control_port = urllib.parse.urlsplit(self.control_url).port

    def _line(self, prefix):
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not line.startswith(prefix):
            self.process.kill()
            raise RuntimeError(f"drs-simulator said {line!r}: {self.process.stderr.read().decode()}")
        return line[len(prefix):]

    # -- control ------------------------------------------------------------------------------

    def control(self, method, path, obj=None, timeout=60):
        """(status, decoded body) of a control request; path with or without the leading /_sim/."""
        if not path.startswith("/_sim/"):
            path = "/_sim/" + path.lstrip("/")
        con = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=timeout)
        try:
            body = None if obj is None else json.dumps(obj)
            con.request(method, path, body=body, headers={"Content-Type": "application/json"})
            answer = con.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            con.close()

    def get(self, path):
        status, body = self.control("GET", path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body}")
        return body

    def post(self, path, obj=None):
        status, body = self.control("POST", path, {} if obj is None else obj)
        if status != 200:
            raise AssertionError(f"POST {path}: {status} {body}")
        return body

    def log(self, since=0, kind=None):
        """The log's entries after seq `since`, of one kind if named."""
        return [e for e in self.get(f"log?since={since}") if kind in (None, e["kind"])]

    def seq(self):
        """The number of the last entry; a `since` for what comes."""
        entries = self.get("log")
        return entries[-1]["seq"] if entries else 0

    def state(self):
        return self.get("state")

    def task(self, task_id):
        for project in self.state()["projects"]:
            for task in project["tasks"]:
                if task["id"] == task_id:
                    return task
        raise KeyError(task_id)

    def wait(self, kind, count=1, timeout=10, since=0, task=None, status=None, code=None):
        """Blocks until `count` entries of the log match; returns the seq of the last of them."""
        query = {"kind": kind, "count": count, "timeout": f"{int(timeout * 1000)}ms", "since": since}
        if task:
            query["task"] = task
        if status is not None:
            query["status"] = status
        if code:
            query["code"] = code
        found, body = self.control("GET", "wait?" + urllib.parse.urlencode(query),
                                   timeout=timeout + 30)
        if found != 200:
            raise AssertionError(f"waited {timeout} s for {query}: {body}; log: {self.log(since)}")
        return body["seq"]

    def advance(self, by):
        """Moves the simulator's clock forward by a span such as "90s"; nothing else notices."""
        self.post("advance", {"by": by})

    def skew(self, offset):
        """Sets the cloud's clock ahead of the machine's, or behind: "-20min"."""
        self.post("clock", {"offset": offset})

    def violations(self):
        """Everything that the simulator disapproved of."""
        return [v for e in self.log() for v in e.get("violations", [])]

    # -- the cloud itself -----------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, timeout=20):
        """One request to the service's port: (status, headers as a dict of lower-case names, bytes)."""
        con = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            con.request(method, path, body=body, headers=headers or {})
            answer = con.getresponse()
            data = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data
        finally:
            con.close()

    def login(self, user, domain, password, project=None, project_name=None):
        """A token, by the documented request; AssertionError if it is refused."""
        auth = {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "password": password, "domain": {"name": domain}}}}}
        if project:
            auth["scope"] = {"project": {"id": project}}
        if project_name:
            auth["scope"] = {"project": {"name": project_name}}
        status, headers, body = self.request(
            "POST", "/v3/auth/tokens?nocatalog=true", json.dumps({"auth": auth}),
            {"Content-Type": "application/json;charset=utf8"})
        if status != 201:
            raise AssertionError(f"login: {status} {body!r}")
        return headers["x-subject-token"]

    def call(self, token, project, name, obj, headers=None):
        """One DRS call: (status, decoded body, or the bytes if they are not JSON)."""
        sent = {"Content-Type": "application/json", "X-Auth-Token": token, "X-Language": "en-us"}
        sent.update(headers or {})
        status, _, data = self.request("POST", f"/v3/{project}/jobs/{name}", json.dumps(obj),
                                       {k: v for k, v in sent.items() if v is not None})
        try:
            return status, json.loads(data)
        except ValueError:
            return status, data

    # -- end --------------------------------------------------------------------------------------

    def pause(self):
        """Stops the process: what is sent now waits in the kernel until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends the simulator; returns its exit status. Its standard error goes into self.stderr."""
        if self.process.poll() is None:
            self.process.terminate()
            self.resume()
        try:
            wait_end(self.process, 30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        _, err = self.process.communicate()
        self.stderr = err.decode(errors="replace") if err else ""
        if self._temp:
            try:
                os.unlink(self._temp.name)
            except FileNotFoundError:
                pass
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        status = self.stop()
        if exc[0] is None and status != 0:
            raise AssertionError(f"drs-simulator ended with {status}: {self.stderr}")


def wait_until(predicate, timeout=10, step=0.02):
    """For what has no event of its own: polls the predicate; its true value, or AssertionError."""
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not true within {timeout} s")
        time.sleep(step)
