"""Every error code of the reference, as a refusal of a call and as one task's entry (5.1, 5.2, 5.3)."""

import pytest
from conftest import PROJECT, TASK, TASK2, error, gateway_error, keystone_error

KINDS = {"status": "batch-status", "submit": "batch-precheck", "result": "batch-precheck-result",
         "detail": "batch-detail"}

# (code, HTTP status on OTC, HTTP status on Huawei Cloud, meaning)
DRS = [
    ("DRS.M00002", 422, 422, "empty result"),
    ("DRS.M00004", 500, 422, "service abnormal"),
    ("DRS.M00007", 400, 400, "request parameter invalid"),
    ("DRS.M00100", 403, 403, "token invalid"),
    ("DRS.M00101", 404, 404, "user has no role"),
    ("DRS.M00102", 403, 403, "not enough permission"),
    ("DRS.M00103", 401, 401, "operation not permitted"),
    ("DRS.M00105", 400, 400, "user restricted"),
    ("DRS.M00200", 400, 400, "parameter error"),
    ("DRS.M00305", 400, 400, "parameter error"),
    ("DRS.M00201", 400, 400, "parameter job_id empty"),
    ("DRS.M00202", 400, 400, "value of job_id invalid"),
    ("DRS.M00210", 400, 400, "page invalid"),
    ("DRS.M00211", 400, 400, "page over limit"),
    ("DRS.M00261", 403, 403, "project id invalid"),
    ("DRS.M00273", 400, 400, "parameter contains forbidden text"),
    ("DRS.M00277", 422, 422, "task name exists"),
    ("DRS.M00289", 400, 400, "task does not exist"),
    ("DRS.M00299", 400, 400, "only one job id allowed"),
    ("DRS.M00300", 400, 400, "request invalid, test the connection first"),
    ("DRS.M00301", 400, 400, "duplicate job_id in request"),
    ("DRS.M00302", 400, 400, "schema wrong"),
    ("DRS.M00303", 400, 400, "value missing in cache"),
    ("DRS.M00304", 400, 400, "call not allowed in the current task status"),
    ("DRS.M00307", 400, 400, "only sub-tasks"),
    ("DRS.M00308", 400, 400, "only parent tasks"),
    ("DRS.M01501", 422, 422, "service error"),
    ("DRS.M01503", 400, 400, "too frequent, try later"),
    ("DRS.M01504", 202, 202, "another operation runs on the task"),
    ("DRS.M05003", 400, 400, "task information not found"),
    ("DRS.M05004", 400, 400, "task deleted or resource released"),
    ("DRS.M05006", 422, 422, "RDS instance invalid"),
    ("DRS.M06011", 422, 422, "RDS instance cannot be read"),
    ("DRS.M05066", 200, 200, "instance creation failed"),
    ("DRS.M06007", 400, 400, "instance empty"),
    ("DRS.M06020", 422, 422, "destination already used by another task"),
    ("DRS.M06021", 422, 422, "destination already used by another task"),
    ("DRS.KE0002", 400, 400, "user name or password of the database wrong"),
    ("DRS.10000001", 400, 400, "generic failure"),
    ("DRS.10000010", 400, 400, "task not found"),
]

# (number, HTTP status on the shared gateway, on a dedicated one, meaning)
GATEWAY = [
    ("0101", 404, 404, "no such API or method"),
    ("0103", 404, 500, "backend not found"),
    ("0104", 400, 400, "plug-in problem"),
    ("0105", 500, 500, "route problem"),
    ("0106", 400, 400, "orchestration error"),
    ("0201", 400, 400, "bad request"),
    ("0202", 502, 502, "backend unavailable"),
    ("0203", 504, 504, "backend timeout"),
    ("0301", 401, 401, "token expired, expires_at:2026-01-15T08:30:00.000000Z"),
    ("0302", 403, 403, "IAM user not allowed to call the API"),
    ("0303", 401, 401, "app auth failed"),
    ("0304", 403, 403, "app not allowed"),
    ("0305", 401, 401, "authentication wrong"),
    ("0306", 403, 403, "not allowed"),
    ("0307", 401, 401, "token must be updated"),
    ("0308", 429, 429, "user over ratelimit,limit:60,time:1 minute"),
    ("0310", 403, 403, "project unavailable"),
    ("0401", 403, 403, "IP access list"),
    ("0402", 403, 403, "IP access list"),
    ("0501", 405, 405, "quota"),
    ("0601", 500, 500, "internal"),
    ("0605", 500, 500, "internal"),
    ("0608", 500, 500, "internal"),
    ("0602", 400, 400, "bad configuration"),
    ("0610", 502, 502, "backend"),
    ("0613", 503, 503, "gateway cannot reach IAM"),
    ("0802", 403, 403, "IAM user forbidden in this region"),
]

# The other statuses under which 0201 comes.
GATEWAY_0201 = [413, 414, 494, 502, 504, 500]

IAM = [
    ("IAM.0002", 403, "no rights"), ("IAM.0003", 403, "no rights"), ("IAM.0004", 404, "not found"),
    ("IAM.0005", 409, "conflict"), ("IAM.0006", 500, "server"), ("IAM.0007", 400, "bad body"),
    ("IAM.0011", 400, "bad body"), ("IAM.0012", 429, "5 times per 60 seconds"),
    ("IAM.0020", 410, "failover"), ("IAM.0061", 401, "account locked"),
    ("IAM.0062", 401, "user name or password wrong"), ("IAM.0066", 401, "token expired"),
    ("IAM.0067", 401, "token invalid"), ("IAM.0080", 403, "no rights"),
    ("IAM.0081", 403, "console-only user"), ("IAM.0082", 403, "no rights"),
    ("IAM.0083", 403, "no rights"), ("IAM.1101", 400, "body empty or too large"),
    ("IAM.1104", 400, "AK blacklisted"), ("IAM.1105", 400, "AK expired"),
    ("IAM.1106", 400, "no user"), ("IAM.1107", 400, "AK inactive"),
    ("IAM.1108", 400, "security token expired"), ("IAM.1109", 400, "security token"),
]


def body_of(name, *ids):
    if name == "batch-precheck":
        return {"jobs": [{"job_id": i, "precheck_mode": "forStartJob"} for i in ids]}
    return {"jobs": list(ids)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code, http, http_huawei, meaning", DRS)
def test_drs_refuses_a_call(otc, huawei, kind, code, http, http_huawei, meaning):
    for c, expected in ((otc, http), (huawei, http_huawei)):
        runs = c.sim.task(TASK)["runs"]
        c.sim.post("fault", {"kind": kind, "do": "code", "code": code, "message": meaning})
        name = KINDS[kind]
        assert c.call(name, body_of(name, TASK)) == (
            expected, {"error_code": code, "error_msg": meaning})
        assert c.sim.task(TASK)["runs"] == runs
        # Once, and then all is well again.
        assert c.call(name, body_of(name, TASK))[0] == 200


@pytest.mark.parametrize("code, http, http_huawei, meaning", DRS)
def test_drs_has_a_text_of_its_own(otc, code, http, http_huawei, meaning):
    otc.sim.post("fault", {"kind": "any", "do": "code", "code": code})
    status, body = otc.status(TASK)
    assert status == http
    error(body, code)
    assert body["error_msg"] != "Unknown error."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code, meaning", [(row[0], row[3]) for row in DRS])
def test_drs_refuses_one_entry(otc, kind, code, meaning):
    otc.submit(TASK, TASK2)
    runs = [otc.sim.task(t)["runs"] for t in (TASK, TASK2)]
    otc.sim.post("fault", {"kind": kind, "do": "entry", "task": TASK, "code": code,
                           "message": meaning})
    name = KINDS[kind]
    status, body = otc.call(name, body_of(name, TASK, TASK2))
    assert status == (202 if code == "DRS.M01504" else 200)
    expected = {
        "status": {"id": TASK, "error_code": code, "error_message": meaning},
        "submit": {"id": TASK, "status": "failed", "error_code": code, "error_msg": meaning},
        "result": {"precheck_id": TASK, "error_code": code, "error_msg": meaning},
        "detail": {"id": TASK, "error_code": code, "error_message": meaning},
    }[kind]
    assert body["count"] == 2
    assert body["results"][0] == expected
    assert "error_code" not in body["results"][1]
    started = [otc.sim.task(t)["runs"] - n for t, n in zip((TASK, TASK2), runs)]
    assert started == ([0, 1] if kind == "submit" else [0, 0])


@pytest.mark.parametrize("family, column", [("APIGW", 1), ("APIG", 2)])
@pytest.mark.parametrize("row", GATEWAY)
def test_gateway_refuses_a_call(otc, family, column, row):
    code = f"{family}.{row[0]}"
    otc.sim.post("fault", {"kind": "drs", "do": "code", "code": code, "message": row[3]})
    status, body = otc.status(TASK)
    assert status == row[column]
    gateway_error(body, code)
    assert body["error_msg"] == row[3]


@pytest.mark.parametrize("http", GATEWAY_0201)
def test_0201_comes_under_many_statuses(otc, http):
    otc.sim.post("fault", {"kind": "drs", "do": "code", "code": "APIGW.0201", "status": http})
    status, body = otc.status(TASK)
    assert status == http
    gateway_error(body, "APIGW.0201")


@pytest.mark.parametrize("code, http, meaning", IAM)
def test_iam_by_code(otc, code, http, meaning):
    otc.sim.post("fault", {"kind": "login", "do": "code", "code": code, "message": meaning})
    status, body, _ = otc.request("POST", "/v3/auth/tokens", {"auth": {}})
    assert (status, body) == (http, {"error_msg": meaning, "error_code": code})


@pytest.mark.parametrize("http", [503, 410])
def test_iam_0006_comes_under_many_statuses(otc, http):
    otc.sim.post("fault", {"kind": "login", "do": "code", "code": "IAM.0006", "status": http})
    status, body, _ = otc.request("POST", "/v3/auth/tokens", {"auth": {}})
    assert status == http
    assert body["error_code"] == "IAM.0006"


@pytest.mark.parametrize("http, title", [
    (400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found"),
    (429, "Too Many Requests"), (500, "Internal Server Error"), (503, "Service Unavailable")])
@pytest.mark.parametrize("kind, path, method", [
    ("login", "/v3/auth/tokens", "POST"), ("projects", "/v3/projects", "GET")])
def test_iam_in_keystones_words(otc, http, title, kind, path, method):
    otc.sim.post("fault", {"kind": kind, "do": "keystone", "status": http, "message": "why"})
    status, body, _ = otc.request(method, path)
    assert (status, body) == (http, {"error": {"code": http, "message": "why", "title": title}})


@pytest.mark.parametrize("style", ["keystone", "code"])
@pytest.mark.parametrize("what, http, title, code", [
    ("wrong password", 401, "Unauthorized", "IAM.0062"),
    ("wrong user", 401, "Unauthorized", "IAM.0062"),
    ("wrong domain", 401, "Unauthorized", "IAM.0062"),
    ("bad body", 400, "Bad Request", "IAM.0011"),
    ("empty body", 400, "Bad Request", "IAM.1101"),
    ("huge body", 400, "Bad Request", "IAM.1101"),
    ("console only", 403, "Forbidden", "IAM.0081"),
])
def test_situations_in_both_styles(otc, style, what, http, title, code):
    user = {"name": "svc-drswatch", "password": "canary-Passw0rd-7f3a",
            "domain": {"name": "OTC-EU-DE-0000000000100"}}
    if what == "wrong password":
        user["password"] = "wrong"
    elif what == "wrong user":
        user["name"] = "nobody"
    elif what == "wrong domain":
        user["domain"] = {"name": "elsewhere"}
    obj = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                    "scope": {"project": {"id": PROJECT}}}}
    if what == "bad body":
        del obj["auth"]["identity"]["methods"]
    elif what == "empty body":
        obj = ""
    elif what == "huge body":
        obj["auth"]["scope"]["project"]["name"] = "x" * 33000
    otc.sim.post("tokens", {"style": style})
    otc.sim.post("credential", {"user": "svc-drswatch", "unlock": True,
                                "console_only": what == "console only"})
    try:
        status, body, headers = otc.request("POST", "/v3/auth/tokens", obj)
    finally:
        otc.sim.post("tokens", {"style": "keystone"})
        otc.sim.post("credential", {"user": "svc-drswatch", "unlock": True, "console_only": False})
    assert status == http
    assert "x-subject-token" not in headers
    if style == "keystone":
        keystone_error(body, http, title)
    else:
        error(body, code)
