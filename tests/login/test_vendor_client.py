"""The simulator judged by the vendor's own client: it sends real, signed requests, and must be understood.

What the simulator makes of a signature was typed from the documentation, as was our signer. Here both are held
against a client that neither of us wrote.
"""

import json
import os
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), d) for d in ("../lib", "vendor")]

from npm import run_node  # noqa: E402
from sim import CANARY_PASSWORD, Sim  # noqa: E402

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
USER, DOMAIN = "svc-drswatch", "OTC-EU-DE-0000000000100"
TASK = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101"
ACCESS, SECRET = "TESTAK0DRSWATCH00001", "canary-Passw0rd-Sk/+00000000000000000001"
DISABLED = "TESTAK0DRSWATCH00002"

PATH = "/v3/{project_id}/jobs/"
STATUS = {"method": "POST", "url": PATH + "batch-status",
          "data": {"jobs": [TASK], "page_req": {"cur_page": 1, "per_page": 10}}}
MINUTE = 60000


def scenario(**more):
    return dict({
        "seed": 7,
        "region": "eu-de",
        "defaults": {"duration": "0s", "stale": "0s"},
        "users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD,
                   "keys": [{"access": ACCESS, "secret": SECRET},
                            {"access": DISABLED, "secret": SECRET, "enabled": False}]}],
        "projects": [{"id": PROJECT, "name": "eu-de", "domain": DOMAIN, "tasks": [{"id": TASK}]}],
    }, **more)


@pytest.fixture
def sim():
    with Sim(scenario()) as s:
        yield s


def send(s, *calls, **order):
    """What the vendor's client makes of the answers to its calls."""
    order = dict({"endpoint": s.url, "access": ACCESS, "secret": SECRET, "project": PROJECT, "calls": calls}, **order)
    results = json.loads(run_node("client.js", input=json.dumps(order)))
    assert len(results) == len(calls)
    return results


def refused(result, *words):
    assert (result["status"], result.get("code")) == (401, "APIGW.0301"), result
    for word in words:
        assert word in result["message"]


def test_calls_of_the_daemon(sim):
    submit = {"method": "POST", "url": PATH + "batch-precheck",
              "data": {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]}}
    result = {"method": "POST", "url": PATH + "batch-precheck-result", "data": {"jobs": [TASK]}}
    detail = {"method": "POST", "url": PATH + "batch-detail", "data": STATUS["data"]}
    projects = {"method": "GET", "url": "/v3/projects", "query": {"name": "eu-de"}}
    mine = {"method": "GET", "url": "/v3/auth/projects"}
    answers = send(sim, STATUS, submit, result, detail, projects, mine)
    assert [200 <= a["status"] < 300 for a in answers] == [True] * 6, answers
    for a in answers[:4]:
        assert TASK in json.dumps(a["body"])
    for a in answers[4:]:
        assert [p["id"] for p in a["body"]["projects"]] == [PROJECT]
    served = sim.log()
    assert [(e["auth"], e["key"]) for e in served] == [("access", ACCESS)] * 6
    # without a body the vendor sends a Content-Type that it does not sign: one of the two lists may know it
    assert {v for e in served for v in e["violations"]} <= {"content-type is not signed"}
    assert [v for e in served[:4] for v in e["violations"]] == []


def test_odd_queries(sim):
    """Encoded once, sorted, repeated: whatever stands in a query, it is the same on both sides."""
    queries = [{"name": "pre check+ü~1&=/%20", "domain_id": ""},
               {"b": ["2", "1", ""], "a": "x", "B": "😀"},
               {"n": ["~", "z", "-", ""], "enabled": True, "m": "é!'()*/?:@"},
               {"": "x", "a": "", "a-b": "1", "a_b": "2", "a.b": "3", "ab": "4"}]
    answers = send(sim, *({"method": "GET", "url": "/v3/auth/projects", "query": q} for q in queries))
    assert [a["status"] for a in answers] == [200] * len(queries), answers


def test_wrong_keys(sim):
    refused(send(sim, STATUS, secret=SECRET + "x")[0], "verify aksk signature fail")
    refused(send(sim, STATUS, access="TESTAK0DRSWATCH00009")[0], "ak not exist")
    refused(send(sim, STATUS, access=DISABLED)[0], "ak not exist")
    refused(send(sim, STATUS, token="none")[0])
    assert not any(e["executed"] for e in sim.log())
    assert send(sim, STATUS)[0]["status"] == 200


@pytest.mark.parametrize("way", [-1, 1])
def test_clock(sim, way):
    near, far, again = send(sim, {**STATUS, "skew": way * 14 * MINUTE}, {**STATUS, "skew": way * 16 * MINUTE}, STATUS)
    assert near["status"] == again["status"] == 200
    refused(far, "signature expired", "server time")


def test_lock():
    """The sixth failure in a row locks a key, for its owner too, and only for a while."""
    with Sim(scenario(signing={"tries": 5, "lock": "5min"})) as s:
        for answer in send(s, *[STATUS] * 7, secret="wrong"):
            refused(answer)
        refused(send(s, STATUS)[0], "locked")
        s.advance("301s")
        assert send(s, STATUS)[0]["status"] == 200


def test_forms():
    """The vendor's client knows the newer form only."""
    for accepts, good in ("both", True), ("access", True), ("credential", False):
        with Sim(scenario(signing={"accepts": accepts})) as s:
            answer, = send(s, STATUS)
            if good:
                assert answer["status"] == 200
            else:
                refused(answer)


def test_temporary_keys(sim):
    token = sim.login(USER, DOMAIN, CANARY_PASSWORD, project=PROJECT)
    body = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}}
    status, _, data = sim.request("POST", "/v3.0/OS-CREDENTIAL/securitytokens", json.dumps(body),
                                  {"Content-Type": "application/json", "X-Auth-Token": token})
    assert status == 201, data
    got = json.loads(data)["credential"]
    keys = {"access": got["access"], "secret": got["secret"]}
    assert send(sim, STATUS, **keys, token=got["securitytoken"])[0]["status"] == 200
    refused(send(sim, STATUS, **keys)[0], "security token")
    refused(send(sim, STATUS, **keys, token=got["securitytoken"][:-4] + "xx==")[0], "security token")
    refused(send(sim, STATUS, access=got["access"], secret=SECRET, token=got["securitytoken"])[0])
    sim.advance("901s")
    refused(send(sim, {**STATUS, "skew": 901000}, **keys, token=got["securitytoken"])[0], "expired")
