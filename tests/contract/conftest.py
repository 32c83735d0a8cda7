"""What the contract tests share: the scenario that they start from, and a client that is logged in.

The expected answers in the tests are typed from the services' documentation. Nothing here is made by
the simulator or by the daemon, so that neither can agree with its own mistakes.
"""

import json
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))

from sim import CANARY_PASSWORD, Sim  # noqa: E402

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
OTHER_PROJECT = "ffffffffffffffffffffffffffffffff"
USER = "svc-drswatch"
DOMAIN = "OTC-EU-DE-0000000000100"
TASK = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101"
TASK2 = "6c1d2e3f-4a5b-4c6d-9e7f-11b2c3djb101"
UNKNOWN = "99999999-9999-4999-8999-99999999jb99"


def task_id(n):
    return f"00000000-0000-4000-8000-{n:07d}jb101"


def scenario(tasks=None, **more):
    """A small cloud: one project, one user, every unpleasantness off unless asked for."""
    out = {
        "seed": 7,
        "region": "eu-de",
        "defaults": {"shuffle": False, "empty_first": False, "duration": "0s", "stale": "0s"},
        "users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD}],
        "projects": [
            {"id": PROJECT, "name": "eu-de", "domain": DOMAIN,
             "tasks": [{"id": TASK}, {"id": TASK2}] if tasks is None else tasks},
            {"id": OTHER_PROJECT, "name": "eu-de_team", "domain": DOMAIN,
             "tasks": [{"id": task_id(900)}]},
        ],
    }
    for key, value in more.items():
        if isinstance(value, dict):
            out.setdefault(key, {}).update(value)
        else:
            out[key] = value
    return out


class Client:
    """A simulator and a token of its main project."""

    def __init__(self, sim):
        self.sim = sim
        self.token = self.login()

    def login(self, **scope):
        return self.sim.login(USER, DOMAIN, CANARY_PASSWORD, **(scope or {"project": PROJECT}))

    def call(self, name, obj, headers=None, project=PROJECT):
        return self.sim.call(self.token, project, name, obj, headers)

    def status(self, *ids, page=None):
        return self._paged("batch-status", ids, page)

    def detail(self, *ids, page=None):
        return self._paged("batch-detail", ids, page)

    def _paged(self, name, ids, page):
        body = {"jobs": list(ids)}
        if page is not None:
            body["page_req"] = page
        return self.call(name, body)

    def submit(self, *ids, mode="forStartJob"):
        return self.call("batch-precheck",
                         {"jobs": [{"job_id": i, "precheck_mode": mode} for i in ids]})

    def result(self, *ids):
        return self.call("batch-precheck-result", {"jobs": list(ids)})

    def request(self, method, path, obj=None, headers=None):
        """(status, decoded body, headers)"""
        sent = {"Content-Type": "application/json", "X-Auth-Token": self.token}
        sent.update(headers or {})
        body = obj if obj is None or isinstance(obj, (str, bytes)) else json.dumps(obj)
        status, got, data = self.sim.request(
            method, path, body, {k: v for k, v in sent.items() if v is not None})
        try:
            return status, json.loads(data), got
        except ValueError:
            return status, data, got


def client(*args, profile=None, **kwargs):
    """A context manager: Client of a new simulator with scenario(*args, **kwargs)."""
    class Running:
        def __enter__(self):
            self.sim = Sim(scenario(*args, **kwargs), profile=profile)
            self.client = Client(self.sim)
            return self.client

        def __exit__(self, *exc):
            return self.sim.__exit__(*exc)
    return Running()


def error(body, code):
    """Asserts that the body is the DRS form of a refusal and nothing else."""
    assert set(body) == {"error_code", "error_msg"}, body
    assert body["error_code"] == code
    assert isinstance(body["error_msg"], str) and body["error_msg"]


def gateway_error(body, code):
    assert set(body) == {"error_code", "error_msg", "request_id"}, body
    assert body["error_code"] == code
    assert isinstance(body["request_id"], str) and body["request_id"]


def keystone_error(body, code, title):
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "title"}, body
    assert body["error"]["code"] == code and body["error"]["title"] == title
    assert body["error"]["message"]


@pytest.fixture(scope="module")
def otc():
    with client() as c:
        yield c


@pytest.fixture(scope="module")
def huawei():
    with client(profile="huawei") as c:
        yield c
