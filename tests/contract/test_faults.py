"""Faults: broken networks, broken answers, a cloud that is down (reference 10)."""

import http.client
import json
import socket
import time

import pytest
from conftest import PROJECT, TASK, TASK2, client, error
from sim import wait_until

LOST = (ConnectionResetError, http.client.RemoteDisconnected)


def fault(c, **f):
    c.sim.post("fault", f)


@pytest.fixture(autouse=True)
def clean(request):
    yield
    if "otc" in request.fixturenames:
        c = request.getfixturevalue("otc")
        c.sim.post("clear-faults")
        c.sim.post("up")


def test_reset_before_anything_is_done(otc):
    runs = otc.sim.task(TASK)["runs"]
    fault(otc, kind="submit", do="reset")
    with pytest.raises(ConnectionResetError):
        otc.submit(TASK)
    entry = otc.sim.log()[-1]
    assert (entry["executed"], entry["answered"], entry["fault"]) == (False, False, "reset")
    assert otc.sim.task(TASK)["runs"] == runs


def test_a_lost_answer(otc):
    runs = otc.sim.task(TASK)["runs"]
    fault(otc, kind="submit", do="lost")
    with pytest.raises(ConnectionResetError):
        otc.submit(TASK)
    entry = otc.sim.log()[-1]
    assert (entry["executed"], entry["answered"], entry["fault"]) == (True, False, "lost")
    assert entry["status"] == 200
    assert otc.sim.task(TASK)["runs"] == runs + 1


def test_a_closed_connection(otc):
    fault(otc, kind="submit", do="close")
    with pytest.raises(http.client.RemoteDisconnected):
        otc.submit(TASK)
    assert not otc.sim.log()[-1]["executed"]


def test_a_dead_kept_alive_connection(otc):
    con = http.client.HTTPConnection("127.0.0.1", otc.sim.port, timeout=20)
    head = {"Content-Type": "application/json", "X-Auth-Token": otc.token}
    body = json.dumps({"jobs": [TASK]})
    con.request("POST", f"/v3/{PROJECT}/jobs/batch-status", body, head)
    con.getresponse().read()
    fault(otc, kind="status", do="reset")
    with pytest.raises(LOST):
        con.request("POST", f"/v3/{PROJECT}/jobs/batch-status", body, head)
        con.getresponse()
    con.close()


def test_no_answer(otc):
    since = otc.sim.seq()
    fault(otc, kind="submit", do="hang")
    with pytest.raises(TimeoutError):
        otc.sim.request("POST", f"/v3/{PROJECT}/jobs/batch-precheck",
                        json.dumps({"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]}),
                        {"Content-Type": "application/json", "X-Auth-Token": otc.token}, timeout=0.2)
    otc.sim.wait("submit", 1, since=since)
    entry = otc.sim.log()[-1]
    assert (entry["executed"], entry["answered"], entry["status"]) == (False, False, 0)


def test_no_answer_though_it_was_done(otc):
    runs = otc.sim.task(TASK)["runs"]
    otc.sim.post("fault", {"kind": "submit", "do": "hang", "for": "50ms", "execute": True})
    with pytest.raises(ConnectionResetError):
        otc.submit(TASK)
    assert otc.sim.log()[-1]["executed"]
    assert otc.sim.task(TASK)["runs"] == runs + 1


def test_a_body_that_is_cut_off(otc):
    fault(otc, kind="status", do="cut")
    with pytest.raises(http.client.IncompleteRead) as e:
        otc.status(TASK)
    assert e.value.partial.startswith(b"{")
    with pytest.raises(ValueError):
        json.loads(e.value.partial)


def test_a_slow_drip(otc):
    fault(otc, kind="status", do="drip", interval="10ms", chunk=20)
    began = time.monotonic()
    assert otc.status(TASK) == (200, {"count": 1, "results": [
        {"id": TASK, "status": "CONFIGURATION"}]})
    assert time.monotonic() - began > 0.05


def test_a_late_answer(otc):
    runs = otc.sim.task(TASK)["runs"]
    otc.sim.post("fault", {"kind": "submit", "do": "delay", "for": "100ms"})
    began = time.monotonic()
    assert otc.submit(TASK)[0] == 200
    assert time.monotonic() - began >= 0.1
    assert otc.sim.task(TASK)["runs"] == runs + 1


def test_latency():
    with client(defaults={"latency": "50ms"}) as c:
        began = time.monotonic()
        c.status(TASK)
        assert time.monotonic() - began >= 0.05


def test_a_body_of_more_than_a_megabyte(otc):
    fault(otc, kind="status", do="big")
    status, body = otc.status(TASK)
    assert status == 200
    assert len(json.dumps(body)) > 1024 * 1024
    assert body["results"] == [{"id": TASK, "status": "CONFIGURATION"}]


def test_nul_in_texts():
    items = [{"item": "a", "result": "FAILED", "failed_reason": "X"}]
    with client(tasks=[{"id": TASK, "items": items}]) as c:
        c.submit(TASK)
        fault(c, kind="result", do="nul")
        fault(c, kind="status", do="nul")
        item = c.result(TASK)[1]["results"][0]["precheck_result"][0]
        assert item["item"] == "a\0nul" and item["failed_reason"] == "X\0nul"
        assert "\0" in item["raw_error_msg"]
        assert c.status(TASK)[1]["results"][0]["status"] == "CONFIGURATION\0nul"
        # The script is as it was.
        assert c.result(TASK)[1]["results"][0]["precheck_result"] == items


def test_deep_nesting(otc):
    fault(otc, kind="status", do="deep", depth=500)
    _, _, data = otc.sim.request("POST", f"/v3/{PROJECT}/jobs/batch-status",
                                 json.dumps({"jobs": [TASK]}),
                                 {"Content-Type": "application/json", "X-Auth-Token": otc.token})
    assert b"[" * 500 in data and b"]" * 500 in data


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(otc, status):
    fault(otc, kind="status", do="redirect", status=status, location="http://127.0.0.1:1/elsewhere")
    found, headers, _ = otc.sim.request("POST", f"/v3/{PROJECT}/jobs/batch-status", "{}",
                                        {"X-Auth-Token": otc.token})
    assert found == status
    assert headers["location"] == "http://127.0.0.1:1/elsewhere"


@pytest.mark.parametrize("kind, retry_after, code", [
    ("status", None, "APIGW.0308"), ("submit", 3, "APIGW.0308"), ("result", 60, "APIGW.0308"),
    ("login", 7, "IAM.0012"), ("login", None, "IAM.0012")])
def test_throttling(otc, kind, retry_after, code):
    more = {} if retry_after is None else {"retry_after": retry_after}
    fault(otc, kind=kind, do="throttle", **more)
    path = {"login": "/v3/auth/tokens", "status": f"/v3/{PROJECT}/jobs/batch-status",
            "submit": f"/v3/{PROJECT}/jobs/batch-precheck",
            "result": f"/v3/{PROJECT}/jobs/batch-precheck-result"}[kind]
    status, body, headers = otc.request("POST", path, {"jobs": [TASK]})
    assert status == 429
    assert body["error_code"] == code
    assert headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def test_throttling_with_status_400(otc):
    fault(otc, kind="submit", do="code", code="DRS.M01503")
    status, body = otc.submit(TASK)
    assert status == 400
    error(body, "DRS.M01503")


def test_202_instead_of_200(otc):
    fault(otc, kind="submit", do="status", status=202)
    status, body = otc.submit(TASK)
    assert status == 202
    assert body["results"][0]["status"] == "success"


@pytest.mark.parametrize("do, more, check", [
    ("missing", {}, lambda b: b["results"] == [] and b["count"] == 0),
    ("missing", {"task": TASK},
     lambda b: [e["id"] for e in b["results"]] == [TASK2] and b["count"] == 1),
    ("duplicate", {}, lambda b: [e["id"] for e in b["results"]] == [TASK, TASK, TASK2, TASK2]),
    ("duplicate", {"task": TASK2}, lambda b: [e["id"] for e in b["results"]] == [TASK, TASK2, TASK2]),
    ("extra", {}, lambda b: b["count"] == 3 and b["results"][2]["id"] not in (TASK, TASK2)),
    ("count", {}, lambda b: b["count"] == 99 and len(b["results"]) == 2),
    ("count", {"value": 0}, lambda b: b["count"] == 0 and len(b["results"]) == 2),
    ("null", {}, lambda b: b["results"] is None),
])
def test_answers_that_do_not_add_up(otc, do, more, check):
    runs = otc.sim.task(TASK)["runs"]
    fault(otc, kind="submit", do=do, **more)
    status, body = otc.submit(TASK, TASK2)
    assert status == 200
    assert check(body), body
    assert otc.sim.task(TASK)["runs"] == runs + 1


def test_verbatim_answers(otc):
    fault(otc, kind="status", do="answer", status=418, body={"any": ["thing", 1]},
          headers={"X-Why": "because"})
    status, body, headers = otc.request("POST", f"/v3/{PROJECT}/jobs/batch-status", {"jobs": [TASK]})
    assert (status, body, headers["x-why"]) == (418, {"any": ["thing", 1]}, "because")
    fault(otc, kind="status", do="answer", text="{\"cut", type="text/weird")
    status, body, headers = otc.request("POST", f"/v3/{PROJECT}/jobs/batch-status", {"jobs": [TASK]})
    assert (status, body, headers["content-type"]) == (200, b"{\"cut", "text/weird")


def test_a_fault_can_let_the_service_do_its_work_first(otc):
    runs = otc.sim.task(TASK)["runs"]
    fault(otc, kind="submit", do="html", status=502, execute=True)
    assert otc.submit(TASK)[0] == 502
    assert otc.sim.task(TASK)["runs"] == runs + 1


def test_count_and_after(otc):
    fault(otc, kind="status", do="code", code="DRS.M00004", count=2, after=1)
    assert [otc.status(TASK)[0] for _ in range(5)] == [200, 500, 500, 200, 200]


def test_for_ever_until_cleared(otc):
    fault(otc, kind="status", do="code", code="DRS.M00004", count=-1)
    assert [otc.status(TASK)[0] for _ in range(5)] == [500] * 5
    otc.sim.post("clear-faults")
    assert otc.status(TASK)[0] == 200


def test_a_fault_waits_for_its_kind_and_task(otc):
    fault(otc, kind="submit", do="code", code="DRS.M00202", task=TASK2)
    assert otc.status(TASK2)[0] == 200
    assert otc.submit(TASK)[0] == 200
    assert otc.submit(TASK, TASK2)[0] == 400
    assert otc.submit(TASK, TASK2)[0] == 200


@pytest.mark.parametrize("kind, hit", [
    ("any", {"login", "projects", "status", "detail"}), ("iam", {"login", "projects"}),
    ("drs", {"status", "detail"}),
    ("login", {"login"}), ("projects", {"projects"}), ("status", {"status"}), ("result", set()),
    ("detail", {"detail"})])
def test_kinds(otc, kind, hit):
    fault(otc, kind=kind, do="html", count=-1)
    paths = {"login": ("POST", "/v3/auth/tokens"), "projects": ("GET", "/v3/projects"),
             "status": ("POST", f"/v3/{PROJECT}/jobs/batch-status"),
             "detail": ("POST", f"/v3/{PROJECT}/jobs/batch-detail")}
    for name, (method, path) in paths.items():
        assert (otc.request(method, path, {"jobs": [TASK]})[0] == 503) == (name in hit), name


@pytest.mark.parametrize("what, hit", [("iam", {"login"}), ("drs", {"status"}),
                                       ("all", {"login", "status"})])
@pytest.mark.parametrize("mode", ["html", "reset"])
def test_down(otc, what, hit, mode):
    otc.sim.post("down", {"what": what, "mode": mode})
    paths = {"login": "/v3/auth/tokens", "status": f"/v3/{PROJECT}/jobs/batch-status"}
    for name, path in paths.items():
        if name not in hit:
            assert otc.request("POST", path, {"jobs": [TASK]})[0] in (200, 400)
        elif mode == "reset":
            with pytest.raises(ConnectionResetError):
                otc.request("POST", path, {"jobs": [TASK]})
        else:
            status, body, headers = otc.request("POST", path, {"jobs": [TASK]})
            assert status == 503 and headers["content-type"] == "text/html"
            assert b"<html>" in body
    otc.sim.post("up", {"what": what})
    assert otc.status(TASK)[0] == 200


def test_nobody_listens():
    with client() as c:
        c.sim.post("down", {"mode": "refuse"})
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                c.status(TASK)
        assert c.sim.state()["listening"] is False
        # The port is still the simulator's.
        with pytest.raises(OSError):
            with socket.socket() as s:
                s.bind(("127.0.0.1", c.sim.port))
        c.sim.post("up")
        assert c.status(TASK)[0] == 200


def test_nobody_listens_for_a_while():
    with client() as c:
        c.sim.post("down", {"mode": "refuse", "for": "1h"})
        with pytest.raises(ConnectionRefusedError):
            c.status(TASK)
        c.sim.advance("1h")
        wait_until(lambda: c.sim.state()["listening"])
        assert c.status(TASK)[0] == 200


def test_an_older_end_does_not_lift_a_newer_outage():
    with client() as c:
        c.sim.post("down", {"mode": "refuse", "for": "1h"})
        c.sim.post("down", {"mode": "refuse"})
        c.sim.advance("2h")
        with pytest.raises(ConnectionRefusedError):
            c.status(TASK)


def test_down_for_a_while(otc):
    otc.sim.post("down", {"what": "drs", "mode": "html", "for": "10min"})
    otc.sim.advance("9min")
    assert otc.status(TASK)[0] == 503
    otc.sim.advance("1min")
    assert otc.status(TASK)[0] == 200


@pytest.mark.parametrize("do", ["hang", "delay", "drip", "cut", "lost"])
def test_a_client_that_goes_away_meanwhile(do):
    with client() as c:
        c.sim.post("fault", {"kind": "status", "do": do, "for": "50ms", "interval": "10ms",
                             "chunk": 1})
        body = json.dumps({"jobs": [TASK]})
        with socket.create_connection(("127.0.0.1", c.sim.port)) as s:
            s.sendall((f"POST /v3/{PROJECT}/jobs/batch-status HTTP/1.1\r\nHost: x\r\n"
                       f"Content-Type: application/json\r\nX-Auth-Token: {c.token}\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            c.sim.wait("status", 1)
        c.sim.control("GET", "wait?kind=none&timeout=120ms")
        assert c.status(TASK)[0] == 200
