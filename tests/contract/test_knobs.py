"""What a test can turn: how large headers are refused, when connections end, the style of IAM's refusals."""

import http.client
import json

import pytest
from conftest import DOMAIN, PROJECT, TASK, USER, client, gateway_error
from sim import CANARY_PASSWORD, Sim
from test_iam import auth, login, user

STATUS = f"/v3/{PROJECT}/jobs/batch-status"


@pytest.mark.parametrize("status", [431, 494])
def test_headers_that_are_too_large(status):
    """One of 32 KB passes: it is only unknown."""
    with client(defaults={"large_header": status}) as c:
        assert c.request("POST", STATUS, {"jobs": [TASK]}, {"X-Auth-Token": "M" * 32768})[0] == 401
        found, body, _ = c.request("POST", STATUS, {"jobs": [TASK]}, {"X-Auth-Token": "M" * 32900})
        assert found == status
        gateway_error(body, "APIGW.0201")
        many = {f"X-Filler-{i}": "x" * 30000 for i in range(5)}
        assert c.request("POST", STATUS, {"jobs": [TASK]}, many)[0] == status
        other = 494 if status == 431 else 431
        c.sim.post("defaults", {"large_header": other})
        assert c.request("GET", "/v3/projects", None, {"X-Auth-Token": "M" * 40960})[0] == other


def test_a_token_of_32_kb_is_taken():
    with client(tokens={"size": 32768}) as c:
        assert len(c.token) == 32768
        assert c.status(TASK)[0] == 200


@pytest.mark.parametrize("bad", [430, 500, "431", None])
def test_no_other_status(bad):
    with client() as c:
        assert c.sim.control("POST", "defaults", {"large_header": bad})[0] == 400


def two_requests(c):
    """(the Connection header of the first answer, the second answer's status or None if there was none)"""
    con = http.client.HTTPConnection("127.0.0.1", c.sim.port, timeout=20)
    head = {"Content-Type": "application/json", "X-Auth-Token": c.token}
    body = json.dumps({"jobs": [TASK]})
    con.auto_open = 1
    con.request("POST", STATUS, body, head)
    answer = con.getresponse()
    told = answer.getheader("Connection")
    assert answer.status == 200 and json.loads(answer.read())["count"] == 1
    con.auto_open = 0
    try:
        con.request("POST", STATUS, body, head)
        return told, con.getresponse().status
    except (http.client.NotConnected, http.client.RemoteDisconnected, ConnectionError):
        return told, None
    finally:
        con.close()


@pytest.mark.parametrize("close, expected", [("no", (None, 200)), ("told", ("close", None)), ("silent", (None, None))])
@pytest.mark.parametrize("latency", ["0s", "20ms"])
def test_the_end_of_a_connection(close, expected, latency):
    with client(defaults={"latency": latency}) as c:
        c.sim.post("defaults", {"close": close})
        for _ in range(3):
            assert two_requests(c) == expected
        c.sim.post("defaults", {"close": "no"})
        assert two_requests(c) == (None, 200)


def test_the_style_of_refusals():
    with client(tokens={"style": "code"}) as c:
        for _ in range(5):
            status, body, _ = login(c, auth(user(password="wrong")))
            assert (status, body["error_code"]) == (401, "IAM.0062")
        status, body, _ = login(c, auth())
        assert (status, body["error_code"]) == (401, "IAM.0061")
        assert "locked" in body["error_msg"]


def test_the_project_by_option():
    generated = "5" * 32
    with Sim({"users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD}],
              "projects": [{"id": PROJECT, "domain": DOMAIN, "tasks": [{"id": TASK}]}]}, project=generated) as s:
        token = s.login(USER, DOMAIN, CANARY_PASSWORD, generated)
        assert s.call(token, generated, "batch-status", {"jobs": [TASK]})[0] == 200
        assert s.call(token, PROJECT, "batch-status", {"jobs": [TASK]})[0] == 403
