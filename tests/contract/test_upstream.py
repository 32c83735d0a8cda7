"""--iam: tokens that another Keystone knows (drs-simulator(1)). The Keystone here is a dozen lines of Python."""

import http.server
import json
import socket
import threading

import pytest
from conftest import (DOMAIN, OTHER_PROJECT, PROJECT, TASK, USER, client, error, gateway_error, keystone_error,
                      scenario)
from sim import CANARY_PASSWORD, Sim, wait_until
from test_control import run

GENERATED = "5" * 32


class Keystone(http.server.ThreadingHTTPServer):
    """Answers GET /v3/auth/tokens as the entry in `known` says: a body, a status, or something to call. Like the
    one behind uwsgi it ends each connection."""

    daemon_threads = True

    def __init__(self):
        self.known = {}
        self.asked = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that went away is part of these tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        token, subject = self.headers["X-Auth-Token"], self.headers["X-Subject-Token"]
        self.server.asked.append((self.path, token, subject))
        found = self.server.known.get(token, 401)
        if callable(found):
            found = found()
        status, body = (found, {}) if isinstance(found, int) else (200, found)
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = True

    def log_message(self, *_):
        pass


def body(project=PROJECT, user=USER, domain=DOMAIN):
    token = {"expires_at": "2030-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z",
             "methods": ["password"], "user": {"id": "u", "name": user, "domain": {"id": "d", "name": domain}}}
    if project:
        token["project"] = {"id": project, "name": "p", "domain": {"id": "d", "name": domain}}
    return {"token": token}


@pytest.fixture(scope="module")
def keystone():
    with Keystone() as k:
        yield k
        k.shutdown()


@pytest.fixture()
def sim(keystone):
    keystone.known = {"good": body()}
    keystone.asked.clear()
    with Sim(scenario(), iam=keystone.url) as s:
        yield s


def test_a_good_token(sim, keystone):
    status, answer = sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})
    assert status == 200
    assert answer["results"][0]["id"] == TASK
    assert keystone.asked == [("/v3/auth/tokens?nocatalog=true", "good", "good")]
    entry = sim.log()[-1]
    assert (entry["auth"], entry["serial"], entry["executed"]) == ("token", 0, True)
    assert entry["mark"] == "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c"[:8]


def test_the_url_with_its_path(keystone):
    keystone.known = {"good": body()}
    for url in (keystone.url + "/v3", keystone.url + "/v3/", keystone.url.replace("127.0.0.1", "localhost") + "/"):
        keystone.asked.clear()
        with Sim(scenario(), iam=url) as s:
            assert s.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
        assert keystone.asked[0][0] == "/v3/auth/tokens?nocatalog=true"
    with Sim(scenario(), iam=keystone.url + "/identity/v3") as s:
        s.call("good", PROJECT, "batch-status", {"jobs": [TASK]})
    assert keystone.asked[-1][0] == "/identity/v3/auth/tokens?nocatalog=true"


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "http://10.0.0.1:1", "http://iam.example.com", "127.0.0.1:1",
                                 "http://127.0.0.1.example.com:1", "http://u@127.0.0.1:1", "http://127.0.0.1/?x", ""])
def test_only_loopback(url, tmp_path):
    out = run("--iam", url, text=scenario(), tmp_path=tmp_path)
    assert out.returncode == 64
    assert "--iam" in out.stderr


def test_nothing_is_remembered(sim, keystone):
    for _ in range(3):
        assert sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
    assert len(keystone.asked) == 3
    keystone.known["good"] = 401
    assert sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 401


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("answer", ["gateway-0307", "gateway-0301", "drs-m00100", "keystone-403"])
def test_a_token_that_is_not_known(sim, keystone, status, answer):
    keystone.known["bad"] = status
    sim.post("tokens", {"answer": answer})
    found, got = sim.call("bad", PROJECT, "batch-status", {"jobs": [TASK]})
    if answer.startswith("gateway"):
        assert found == 401
        gateway_error(got, "APIGW." + answer[-4:])
    elif answer == "drs-m00100":
        assert found == 403
        error(got, "DRS.M00100")
    else:
        assert found == 403
        keystone_error(got, 403, "Forbidden")


def test_its_own_tokens_are_not_taken(sim):
    token = sim.login(USER, DOMAIN, CANARY_PASSWORD, PROJECT)
    assert sim.call(token, PROJECT, "batch-status", {"jobs": [TASK]})[0] == 401


def test_no_token(sim, keystone):
    for token in (None, ""):
        status, got = sim.call(token, PROJECT, "batch-status", {"jobs": [TASK]})
        assert status == 401
        gateway_error(got, "APIGW.0301")
    assert keystone.asked == []


@pytest.mark.parametrize("project", [OTHER_PROJECT, GENERATED, None])
def test_the_project_must_be_the_token_s(sim, keystone, project):
    keystone.known["good"] = body(project)
    status, got = sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})
    assert status == 403
    error(got, "DRS.M00261")


def test_a_project_that_the_scenario_lacks(sim, keystone):
    keystone.known["good"] = body(GENERATED)
    status, got = sim.call("good", GENERATED, "batch-status", {"jobs": [TASK]})
    assert status == 403
    error(got, "DRS.M00261")


def test_the_project_s_id_by_option(keystone):
    keystone.known = {"good": body(GENERATED)}
    with Sim(scenario(), iam=keystone.url, project=GENERATED) as s:
        assert s.call("good", GENERATED, "batch-status", {"jobs": [TASK]})[1]["count"] == 1
        assert [p["id"] for p in s.state()["projects"]] == [GENERATED, OTHER_PROJECT]


@pytest.mark.parametrize("project", ["x", "5" * 31, "A" * 32, OTHER_PROJECT, ""])
def test_a_malformed_project(project, tmp_path):
    out = run("--project", project, text=scenario(), tmp_path=tmp_path)
    assert out.returncode == 64
    assert "--project" in out.stderr


@pytest.mark.parametrize("found", [500, 503, 403, 300, {}, {"token": []}, b"<html>"])
def test_an_answer_that_says_nothing(sim, keystone, found):
    keystone.known["good"] = found
    status, got = sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})
    assert status == 503
    gateway_error(got, "APIGW.0613")


def test_nobody_there():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        with Sim(scenario(), iam=f"http://127.0.0.1:{s.getsockname()[1]}") as sim:
            status, got = sim.call("x", PROJECT, "batch-status", {"jobs": [TASK]})
            assert status == 503
            gateway_error(got, "APIGW.0613")


def test_roles_are_the_scenario_s(keystone):
    keystone.known = {"good": body(user="reader"), "other": body(user="reader", domain="elsewhere")}
    users = [{"name": "reader", "domain": DOMAIN, "password": CANARY_PASSWORD, "role": "readonly"}]
    submit = {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]}
    with Sim(scenario(users=users), iam=keystone.url) as s:
        status, got = s.call("good", PROJECT, "batch-precheck", submit)
        assert status == 403
        error(got, "DRS.M00102")
        assert s.call("other", PROJECT, "batch-precheck", submit)[0] == 200


def test_nothing_blocks(sim, keystone):
    """While one answer is waited for, others come."""
    let_go = threading.Event()

    def slow():
        let_go.wait(30)
        return body()

    keystone.known["slow"] = slow
    got = []
    threads = [threading.Thread(target=lambda: got.append(
        sim.call("slow", PROJECT, "batch-status", {"jobs": [TASK]})[0])) for _ in range(20)]
    for t in threads:
        t.start()
    wait_until(lambda: len(keystone.asked) == 20)
    assert sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
    assert got == []
    let_go.set()
    for t in threads:
        t.join()
    assert got == [200] * 20


@pytest.mark.parametrize("end", [False, True])
def test_a_client_that_goes_away(keystone, end):
    """While its token is looked at; and with the simulator's end at the same time."""
    let_go = threading.Event()
    keystone.known = {"good": body(), "slow": lambda: let_go.wait(30) and body()}
    keystone.asked.clear()
    with Sim(scenario(), iam=keystone.url) as s:
        with socket.create_connection(("127.0.0.1", s.port)) as con:
            text = json.dumps({"jobs": [TASK]})
            con.sendall(f"POST /v3/{PROJECT}/jobs/batch-status HTTP/1.1\r\nHost: h\r\nX-Auth-Token: slow\r\n"
                        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            wait_until(lambda: keystone.asked)
            if end:
                s.stop()
        if not end:
            let_go.set()
            s.wait("status", 1)
            assert s.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
        let_go.set()


def test_faults_come_before(sim, keystone):
    sim.post("fault", {"kind": "status", "do": "throttle"})
    assert sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 429
    assert keystone.asked == []
    sim.post("fault", {"kind": "status", "do": "null"})
    assert sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[1]["results"] is None
    assert len(keystone.asked) == 1
    assert sim.log()[-1]["fault"] == "null"


def test_wrong_region(sim):
    sim.post("tokens", {"wrong_region": True})
    status, got = sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})
    assert status == 401
    gateway_error(got, "APIGW.0307")


def test_without_the_option_others_tokens_are_unknown():
    with client() as c:
        assert c.sim.call("good", PROJECT, "batch-status", {"jobs": [TASK]})[0] == 401
