"""The ways in which a failure comes back (reference 2.1)."""

import pytest
from conftest import TASK, TASK2, error, gateway_error


def test_a_accepted(otc):
    status, body = otc.submit(TASK, TASK2)
    assert status == 200
    assert [e["status"] for e in body["results"]] == ["success", "success"]


@pytest.mark.parametrize("http", [200, 202])
def test_b_one_entry_failed(otc, http):
    otc.sim.post("fault", {"kind": "submit", "do": "entry", "task": TASK, "code": "DRS.M00304"})
    if http == 202:
        otc.sim.post("clear-faults")
        otc.sim.post("fault", {"kind": "submit", "do": "entry", "task": TASK, "code": "DRS.M01504"})
    status, body = otc.submit(TASK, TASK2)
    assert status == http
    assert [e["status"] for e in body["results"]] == ["failed", "success"]


def test_b_failed_without_a_code(otc):
    otc.sim.post("fault", {"kind": "submit", "do": "entry", "task": TASK})
    status, body = otc.submit(TASK, TASK2)
    assert status == 200
    assert body["results"][0] == {"id": TASK, "status": "failed"}


def test_c_a_result_entry_with_an_error(otc):
    otc.submit(TASK)
    otc.sim.post("fault", {"kind": "result", "do": "entry", "task": TASK, "code": "DRS.M00004"})
    entry = otc.result(TASK)[1]["results"][0]
    assert entry["error_code"] == "DRS.M00004"
    assert "process" not in entry and "precheck_result" not in entry


@pytest.mark.parametrize("http", [400, 401, 403, 404, 405, 409, 415, 422, 429, 500, 502, 503])
@pytest.mark.parametrize("kind", ["status", "submit", "result", "detail"])
def test_d_the_whole_request_is_refused(otc, http, kind):
    otc.sim.post("fault", {"kind": kind, "do": "code", "code": "DRS.M00202", "status": http})
    status, body = getattr(otc, kind)(TASK)
    assert status == http
    error(body, "DRS.M00202")


@pytest.mark.parametrize("kind, key", [("status", "id"), ("submit", "id"), ("result", "precheck_id"),
                                       ("detail", "id")])
@pytest.mark.parametrize("code", ["DRS.M05004", "DRS.M00289"])
def test_e_400_with_a_results_body(otc, kind, key, code):
    otc.sim.post("fault", {"kind": kind, "do": "results400", "code": code, "message": "gone"})
    assert getattr(otc, kind)(TASK) == (400, {"count": 1, "results": [
        {key: TASK, "error_code": code, "error_msg": "gone"}]})


@pytest.mark.parametrize("http", [401, 403, 404, 413, 414, 429, 494, 500, 502, 503, 504])
def test_f_gateway(otc, http):
    otc.sim.post("fault", {"kind": "drs", "do": "code", "code": "APIGW.0301", "status": http})
    status, body = otc.submit(TASK)
    assert status == http
    gateway_error(body, "APIGW.0301")


@pytest.mark.parametrize("do", ["html", "empty"])
@pytest.mark.parametrize("http", [502, 503, 504])
def test_g_no_json(otc, do, http):
    otc.sim.post("fault", {"kind": "drs", "do": do, "status": http})
    status, body = otc.submit(TASK)
    assert status == http
    if do == "html":
        assert body.lower().startswith(b"<html>")
    else:
        assert body == b""
