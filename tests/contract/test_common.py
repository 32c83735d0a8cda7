"""What is common to the DRS calls: path, method, headers, token, project, ids (reference 1.0, 5.1, 5.2)."""

import http.client

import pytest
from conftest import (OTHER_PROJECT, PROJECT, TASK, TASK2, UNKNOWN, client, error, gateway_error,
                      task_id)

CALLS = ["batch-status", "batch-precheck", "batch-precheck-result", "batch-detail"]


def jobs(name, *ids):
    if name == "batch-precheck":
        return {"jobs": [{"job_id": i, "precheck_mode": "forStartJob"} for i in ids]}
    return {"jobs": list(ids)}


def path(name, project=PROJECT):
    return f"/v3/{project}/jobs/{name}"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("sent, status", [
    ("application/json", 200),
    ("application/json;charset=utf8", 200),
    ("Application/JSON; charset=UTF-8", 200),
    ("text/plain", 415),
    ("application/jsonp", 415),
    ("application/x-www-form-urlencoded", 415),
    (None, 415),
])
def test_content_type(otc, name, sent, status):
    found, _, _ = otc.request("POST", path(name), jobs(name, TASK), {"Content-Type": sent})
    assert found == status


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_method(otc, name, method):
    status, _, headers = otc.request(method, path(name), jobs(name, TASK))
    assert status == 405
    assert headers["allow"] == "POST"


@pytest.mark.parametrize("where", [
    "/", "/v3", "/v2/x", f"/v3/{PROJECT}/jobs", f"/v3/{PROJECT}/jobs/batch-prechecks",
    f"/v3/{PROJECT}/jobs/batch-precheck/", f"/drs/v3/{PROJECT}/jobs/batch-precheck",
    f"/v3/{PROJECT}/batch-precheck",
])
def test_unknown_path(otc, where):
    status, body, _ = otc.request("POST", where, jobs("batch-precheck", TASK))
    assert status == 404
    gateway_error(body, "APIGW.0101")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("token", [None, "", "MIInonsense"])
def test_missing_or_unknown_token(otc, name, token):
    status, body, _ = otc.request("POST", path(name), jobs(name, TASK), {"X-Auth-Token": token})
    assert status == 401
    gateway_error(body, "APIGW.0301")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("project", [OTHER_PROJECT, "0" * 32, "no-project"])
def test_a_project_that_is_not_the_tokens(otc, name, project):
    status, body, _ = otc.request("POST", path(name, project), jobs(name, TASK))
    assert status == 403
    error(body, "DRS.M00261")


@pytest.mark.parametrize("scope", [{}, {"project_name": "eu-de_team"}])
def test_a_token_of_another_scope(otc, scope):
    token = otc.sim.login("svc-drswatch", "OTC-EU-DE-0000000000100", "canary-Passw0rd-7f3a", **scope)
    status, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                  {"X-Auth-Token": token})
    assert status == 403
    error(body, "DRS.M00261")


@pytest.mark.parametrize("language, status", [
    (None, 200), ("en-us", 200), ("zh-cn", 200), ("de-de", 400)])
def test_language(otc, language, status):
    found, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                 {"X-Language": language})
    assert found == status
    if status == 400:
        error(body, "DRS.M00202")


def test_language_changes_the_text_but_not_the_code(otc):
    _, english, _ = otc.request("POST", path("batch-status"), {"jobs": []})
    _, chinese, _ = otc.request("POST", path("batch-status"), {"jobs": []},
                                {"X-Language": "zh-cn"})
    assert english["error_code"] == chinese["error_code"] == "DRS.M00201"
    assert english["error_msg"] != chinese["error_msg"]
    assert not chinese["error_msg"].isascii()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("body, code", [
    ("", "DRS.M00007"), ("{", "DRS.M00007"), ("[]", "DRS.M00007"), ("null", "DRS.M00007"),
    ('{"jobs":["a"]} x', "DRS.M00007"), ('{"jobs":"a"}', "DRS.M00202"),
    ("{}", "DRS.M00201"), ('{"jobs":null}', "DRS.M00201"), ('{"jobs":[]}', "DRS.M00201"),
    ('{"jobs":[1]}', "DRS.M00202"), ('{"jobs":[null]}', "DRS.M00202"),
    ('{"jobs":[[]]}', "DRS.M00202"),
])
def test_bad_bodies(otc, name, body, code):
    status, answer, _ = otc.request("POST", path(name), body)
    assert status == 400
    error(answer, code)


BAD_IDS = [
    "", "x", TASK[:-1], TASK + "1", TASK.upper(), TASK.replace("-", "_"), TASK.replace("-", ""),
    "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb10\u00e9", "5f0e9d8-c1a2b-4c3d-8e9f-00a1b2cjb101", " " + TASK[1:],
]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("bad", BAD_IDS)
def test_a_malformed_id_refuses_the_whole_call(otc, name, bad):
    since = otc.sim.seq()
    status, body = otc.call(name, jobs(name, TASK, bad))
    assert status == 400
    # An empty text in a submit's entry is a missing value rather than a wrong one.
    error(body, "DRS.M00201" if not bad and name == "batch-precheck" else "DRS.M00202")
    assert not otc.sim.log(since)[-1]["executed"]


@pytest.mark.parametrize("tail", ["jb101", "jb21", "jb204", "jb502", "jb20b"])
def test_tails_that_are_not_hexadecimal_are_ids(otc, tail):
    good = "5f0e9d8c-1a2b-4c3d-8e9f-ffa1b2cabcde"[:-len(tail)] + tail
    status, body = otc.status(good)
    assert status == 200
    assert body["results"][0]["error_code"] == "DRS.M05003"


@pytest.mark.parametrize("name", CALLS)
def test_duplicates(otc, name):
    status, body = otc.call(name, jobs(name, TASK, TASK2, TASK))
    assert status == 400
    error(body, "DRS.M00301")


@pytest.mark.parametrize("name", CALLS)
def test_a_task_of_another_project_is_unknown(otc, name):
    status, body = otc.call(name, jobs(name, task_id(900)))
    assert status == 200
    assert body["results"][0]["error_code"] == "DRS.M05003"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("code", ["DRS.M05003", "DRS.M00289"])
def test_unknown_id(name, code):
    with client(defaults={"unknown_code": code}) as c:
        status, body = c.call(name, jobs(name, UNKNOWN))
    assert status == 200
    assert body["count"] == 1
    assert body["results"][0]["error_code"] == code
    key = "precheck_id" if name == "batch-precheck-result" else "id"
    assert body["results"][0][key] == UNKNOWN


def test_limits_of_the_gateway(otc):
    status, body, _ = otc.request("POST", path("batch-status"), b" " * (12 * 1024 * 1024 + 1))
    assert status == 413
    gateway_error(body, "APIGW.0201")
    status, body, _ = otc.request("POST", path("batch-status") + "?" + "x" * 33000, {"jobs": [TASK]})
    assert status == 414
    gateway_error(body, "APIGW.0201")
    status, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                  {"X-Long": "x" * 33000})
    assert status == 494
    gateway_error(body, "APIGW.0201")
    status, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                  {f"X-Long-{i}": "x" * 30000 for i in range(5)})
    assert status == 494


@pytest.mark.parametrize("answer, status, check", [
    ("gateway-0307", 401, lambda b: gateway_error(b, "APIGW.0307")),
    ("gateway-0301", 401, lambda b: gateway_error(b, "APIGW.0301")),
    ("drs-m00100", 403, lambda b: error(b, "DRS.M00100")),
])
@pytest.mark.parametrize("end", ["expire", "revoke"])
def test_a_token_that_is_no_longer_good(otc, answer, status, check, end):
    token = otc.login()
    serial = otc.sim.log()[-1]["serial"]
    otc.sim.post("tokens", {"answer": answer, end: serial})
    found, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                 {"X-Auth-Token": token})
    assert found == status
    check(body)
    if answer == "gateway-0301":
        assert "expires_at" in body["error_msg"]
    # The others are as good as before.
    assert otc.status(TASK)[0] == 200


def test_the_keystone_answer_to_an_old_token(otc):
    token = otc.login()
    serial = otc.sim.log()[-1]["serial"]
    otc.sim.post("tokens", {"answer": "keystone-403", "revoke": serial})
    status, body, _ = otc.request("POST", path("batch-status"), {"jobs": [TASK]},
                                  {"X-Auth-Token": token})
    assert status == 403
    assert body == {"error": {"code": 403, "message": "X-Auth-Token is invalid in the request",
                              "title": "Forbidden"}}


def test_a_token_ends_by_its_time():
    with client() as c:
        c.sim.advance("23h 59min")
        assert c.status(TASK)[0] == 200
        c.sim.advance("1min")
        status, body = c.status(TASK)
    assert status == 401
    gateway_error(body, "APIGW.0307")


def test_the_token_of_another_region(otc):
    otc.sim.post("tokens", {"wrong_region": True})
    try:
        status, body = otc.status(TASK)
    finally:
        otc.sim.post("tokens", {"wrong_region": False})
    assert status == 401
    gateway_error(body, "APIGW.0307")


@pytest.mark.parametrize("role, name, status, code", [
    ("readonly", "batch-status", 200, None),
    ("readonly", "batch-precheck-result", 200, None),
    ("readonly", "batch-precheck", 403, "DRS.M00102"),
    ("readonly", "batch-detail", 200, None),
    ("none", "batch-status", 404, "DRS.M00101"),
    ("none", "batch-detail", 404, "DRS.M00101"),
    ("none", "batch-precheck", 404, "DRS.M00101"),
])
def test_permissions(otc, role, name, status, code):
    otc.sim.post("credential", {"user": "svc-drswatch", "role": role})
    try:
        found, body = otc.call(name, jobs(name, TASK))
    finally:
        otc.sim.post("credential", {"user": "svc-drswatch", "role": "full"})
    assert found == status
    if code:
        error(body, code)


def test_keep_alive(otc):
    con = http.client.HTTPConnection("127.0.0.1", otc.sim.port, timeout=20)
    for _ in range(3):
        con.request("POST", path("batch-status"), '{"jobs":["%s"]}' % TASK,
                    {"Content-Type": "application/json", "X-Auth-Token": otc.token})
        answer = con.getresponse()
        assert answer.status == 200
        answer.read()
        assert con.sock is not None
    con.close()
