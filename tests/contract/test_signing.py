"""Requests that are signed with an access key (reference 7, 5.2)."""

import email.utils
import json
import time

import pytest
from conftest import (DOMAIN, OTHER_PROJECT, PROJECT, TASK, USER, client, error, gateway_error, scenario)
from signing import canonical, sign
from sim import CANARY_PASSWORD, CANARY_TOKEN, Sim

ACCESS = "TESTAK0DRSWATCH00001"
SECRET = "canary-Passw0rd-sk/+0000000000000000000001"
READER = {"access": "READER0000000000000A", "secret": "canary-Passw0rd-sk-reader"}
NOBODY = {"access": "NOBODY0000000000000A", "secret": "canary-Passw0rd-sk-nobody"}
STATUS = f"/v3/{PROJECT}/jobs/batch-status"


def users():
    return [
        {"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD,
         "keys": [{"access": ACCESS, "secret": SECRET}, {"access": "SECOND", "secret": "canary-Passw0rd-2"},
                  {"access": "DISABLED", "secret": "canary-Passw0rd-3", "enabled": False}]},
        {"name": "reader", "domain": DOMAIN, "password": CANARY_PASSWORD, "role": "readonly",
         "projects": ["eu-de"], "keys": [READER]},
        {"name": "nobody", "domain": DOMAIN, "password": CANARY_PASSWORD, "role": "none", "keys": [NOBODY]},
    ]


@pytest.fixture()
def cloud():
    with client(users=users()) as c:
        yield c


@pytest.fixture(scope="module")
def shared():
    with client(users=users()) as c:
        yield c


def ask(c, method="POST", path=STATUS, obj=None, access=ACCESS, secret=SECRET, headers=None, tamper=None, sent=None,
        **how):
    """A signed request: (status, body). `tamper` changes the headers after they were signed."""
    body = b"" if method == "GET" else json.dumps({"jobs": [TASK]} if obj is None else obj).encode()
    given = {"Host": f"127.0.0.1:{c.sim.port}"}
    if method != "GET":
        given["Content-Type"] = "application/json"
    if "/jobs/" in path:
        given["X-Project-Id"] = path.split("/")[2]
    given.update(headers or {})
    signed = sign(access, secret, method, path, {k: v for k, v in given.items() if v is not None}, body, **how)
    signed.update(tamper or {})
    status, _, data = c.sim.request(method, path, body if sent is None else sent,
                                    {k: v for k, v in signed.items() if v is not None})
    return status, json.loads(data)


def refused(answer, *words):
    status, body = answer
    assert status == 401, body
    gateway_error(body, "APIGW.0301")
    assert body["error_msg"].startswith("Incorrect IAM authentication information: ")
    for word in words:
        assert word in body["error_msg"], body
    return body["error_msg"]


def test_the_vector_of_the_documentation():
    """So that this signer is not only its own witness."""
    headers = sign("TESTAK0DRSWATCH00001", "testSk/+drsWatcherSecret0000000000000001", "GET",
                   "/v5/0a1b2c3d4e5f60718293a4b5c6d7e8f9/jobs?name=pre%20check%2B%C3%BC~1&job_type=sync"
                   "&limit=10&offset=0",
                   {"Host": "drs.cn-north-4.myhuaweicloud.com",
                    "X-Project-Id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                    "X-Security-Token": "ggpjbi1ub3J0aC00ExampleSecurityToken=="}, date="20260115T083000Z")
    assert headers["Authorization"].endswith("=5b3d83db268ffdde764f5080bed4969d66dfeaf737874fc7c586880ed63b7339")
    assert canonical("GET", "/", {"host": "h"}, ["host"], b"").endswith("b7852b855")


@pytest.mark.parametrize("how", [{}, {"form": "credential"}, {"form": "credential", "scope": "/eu-de/drs/"}])
@pytest.mark.parametrize("name", ["batch-status", "batch-detail", "batch-precheck", "batch-precheck-result"])
def test_drs_calls(shared, name, how):
    obj = {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]} if name == "batch-precheck" else None
    status, body = ask(shared, path=f"/v3/{PROJECT}/jobs/{name}", obj=obj, **how)
    assert status == 200
    assert body["count"] == 1
    entry = shared.sim.log()[-1]
    assert (entry["auth"], entry["key"], entry["serial"]) == (how.get("form", "access"), ACCESS, 0)
    assert entry["violations"] == []


@pytest.mark.parametrize("path, names", [
    ("/v3/projects", ["eu-de", "eu-de_team"]), ("/v3/projects?name=eu-de", ["eu-de"]),
    ("/v3/projects?page=1&per_page=1", ["eu-de"]), ("/v3/auth/projects", ["eu-de", "eu-de_team"])])
@pytest.mark.parametrize("form", ["access", "credential"])
def test_iam_calls(shared, path, names, form):
    status, body = ask(shared, "GET", path, form=form)
    assert status == 200
    assert [p["name"] for p in body["projects"]] == names


def test_own_projects_only(shared):
    status, body = ask(shared, "GET", "/v3/auth/projects", **READER)
    assert status == 200
    assert [p["id"] for p in body["projects"]] == [PROJECT]
    assert len(ask(shared, "GET", "/v3/projects", **READER)[1]["projects"]) == 2


def test_roles(shared):
    submit = {"path": f"/v3/{PROJECT}/jobs/batch-precheck",
              "obj": {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]}}
    assert ask(shared, **READER)[0] == 200
    status, body = ask(shared, **submit, **READER)
    assert status == 403
    error(body, "DRS.M00102")
    status, body = ask(shared, **NOBODY)
    assert status == 404
    error(body, "DRS.M00101")


def test_foreign_project(shared):
    """One that the key may not use; one of the path that is not that of the header."""
    other = f"/v3/{OTHER_PROJECT}/jobs/batch-status"
    for answer in (ask(shared, path=other, **READER), ask(shared, path=other, headers={"X-Project-Id": PROJECT}),
                   ask(shared, path="/v3/" + "0" * 32 + "/jobs/batch-status")):
        assert answer[0] == 403
        error(answer[1], "DRS.M00261")


def test_without_the_project_header(shared):
    refused(ask(shared, headers={"X-Project-Id": None}), "x-project-id")


def test_unknown_key(shared):
    refused(ask(shared, access="TESTAK0DRSWATCH00002"), "ak not exist")
    refused(ask(shared, access="DISABLED", secret="canary-Passw0rd-3"), "ak not exist")


@pytest.mark.parametrize("change", [
    {"secret": SECRET + "x"},
    {"sent": b'{"jobs":[]}'},
    {"tamper": {"X-Project-Id": OTHER_PROJECT}},
    {"tamper": {"X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 60))}},
    {"tamper": {"X-Project-Id": None}},
])
@pytest.mark.parametrize("form", ["access", "credential"])
def test_wrong_signature(shared, change, form):
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    refused(ask(shared, form=form, **change), "verify aksk signature fail")


def test_the_path_and_the_query_are_signed(shared):
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    for path, sent in (("/v3/projects?name=a", "/v3/projects?name=b"), ("/v3/projects", "/v3/auth/projects")):
        headers = sign(ACCESS, SECRET, "GET", path, {"Host": f"127.0.0.1:{shared.sim.port}"})
        status, _, data = shared.sim.request("GET", sent, None, headers)
        refused((status, json.loads(data)), "verify aksk signature fail")


def test_the_uri_ends_with_a_slash(shared, monkeypatch):
    """A signer that forgets it is found."""
    def status(path):
        headers = sign(ACCESS, SECRET, "GET", path, {"Host": f"127.0.0.1:{shared.sim.port}"})
        return shared.sim.request("GET", "/v3/projects", None, headers)[0]

    assert status("/v3/projects") == status("/v3/projects/") == 200
    monkeypatch.setattr("signing.canonical",
                        lambda *args: canonical(*args).replace("/projects/\n", "/projects\n"))
    assert status("/v3/projects") == 401


@pytest.mark.parametrize("names", [["host"], ["x-sdk-date"], ["content-type", "x-project-id"]])
@pytest.mark.parametrize("form", ["access", "credential"])
def test_host_and_date_must_be_signed(shared, names, form):
    refused(ask(shared, names=names, form=form), "must be signed")


@pytest.mark.parametrize("form, noted", [("access", True), ("credential", False)])
def test_other_headers_need_not_be_signed(shared, form, noted):
    """As by the documentation; in the newer form it is noted."""
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    assert ask(shared, names=["host", "x-sdk-date"], form=form)[0] == 200
    assert shared.sim.log()[-1]["violations"] == (
        ["content-type is not signed", "x-project-id is not signed"] if noted else [])


@pytest.mark.parametrize("names", [["x-sdk-date", "host"], ["Host", "X-Sdk-Date"], ["host", "x-absent", "x-sdk-date"],
                                   ["host", "host", "x-sdk-date"]])
def test_the_list_of_signed_headers(shared, names):
    headers = {"Host": f"127.0.0.1:{shared.sim.port}"}
    lower = sorted({n.lower() for n in names} - {"x-absent"})
    signed = sign(ACCESS, SECRET, "GET", "/v3/projects", headers, names=lower)
    signed["Authorization"] = signed["Authorization"].replace(";".join(lower), ";".join(names))
    status, _, data = shared.sim.request("GET", "/v3/projects", None, signed)
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    refused((status, json.loads(data)))


@pytest.mark.parametrize("value", ["Bearer x", "SDK-HMAC-SHA256", "SDK-HMAC-SHA256 Access=A", ""])
def test_malformed_authorization(shared, value):
    refused(ask(shared, tamper={"Authorization": value}))


@pytest.mark.parametrize("date", ["2026-01-15T08:30:00Z", "20260115T083000", "x"])
def test_malformed_date(shared, date):
    refused(ask(shared, date=date), "x-sdk-date")


def test_the_scope_s_date_is_the_date(shared):
    now = time.time()
    day = time.strftime("%Y%m%d", time.gmtime(now))
    other = time.strftime("%Y%m%d", time.gmtime(now - 86400))
    headers = {"Host": f"127.0.0.1:{shared.sim.port}"}
    signed = sign(ACCESS, SECRET, "GET", "/v3/projects", headers, form="credential")
    signed["Authorization"] = signed["Authorization"].replace(f"/{day}/", f"/{other}/")
    status, _, data = shared.sim.request("GET", "/v3/projects", None, signed)
    refused((status, json.loads(data)), "scope")


@pytest.mark.parametrize("form", ["access", "credential"])
@pytest.mark.parametrize("minutes, good", [(-14.5, True), (14.5, True), (-15.5, False), (15.5, False), (600, False)])
def test_fifteen_minutes(shared, minutes, good, form):
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    at = time.time() + 60 * minutes
    answer = ask(shared, at=at, form=form)
    if good:
        assert answer[0] == 200
    else:
        refused(answer, "signature expired, signature time:" + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at)),
                ",server time:" + time.strftime("%Y%m%dT", time.gmtime()))


def test_the_cloud_s_clock(cloud):
    """It is told in the Date of every answer, and it is what a signature's date is compared with."""
    for offset, seconds in (("-20min", -1200), (7200, 7200), ("0s", 0)):
        cloud.sim.post("clock", {"offset": offset})
        cloud.sim.post("key", {"access": ACCESS, "unlock": True})
        assert ask(cloud, at=time.time() + seconds)[0] == 200
        if seconds:
            refused(ask(cloud), "signature expired")
        for method, path in (("POST", STATUS), ("GET", "/nonsense"), ("GET", "/v3/projects")):
            status, headers, _ = cloud.sim.request(method, path)
            told = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
            assert abs(told - time.time() - seconds) < 30
        cloud.sim.post("fault", {"do": "drip", "chunk": 4000, "kind": "status"})
        told = cloud.request("POST", STATUS, {"jobs": [TASK]})[2]["date"]
        assert abs(email.utils.parsedate_to_datetime(told).timestamp() - time.time() - seconds) < 30


def test_the_cloud_s_clock_in_the_scenario():
    with client(users=users(), clock={"offset": "-1h"}) as c:
        refused(ask(c), "signature expired")
        assert ask(c, at=time.time() - 3600)[0] == 200
        status, body, _ = c.request("POST", "/v3/auth/tokens", {"auth": {"identity": {
            "methods": ["password"], "password": {"user": {
                "name": USER, "password": CANARY_PASSWORD, "domain": {"name": DOMAIN}}}}}})
        issued = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - 3600))
        assert status == 201 and body["token"]["issued_at"].startswith(issued)


def test_a_key_is_locked_after_more_than_five_failures(cloud):
    for _ in range(5):
        refused(ask(cloud, secret="wrong"), "verify aksk signature fail")
    assert ask(cloud)[0] == 200  # one right one forgives
    for _ in range(6):
        message = refused(ask(cloud, secret="wrong"), "verify aksk signature fail")
        assert "locked" not in message
    refused(ask(cloud), "locked")
    refused(ask(cloud, secret="wrong"), "locked")
    assert "signed with a locked key" in cloud.sim.violations()
    assert [k["locked"] for k in cloud.sim.state()["keys"]] == [True, False, False, False, False]
    assert ask(cloud, access="SECOND", secret="canary-Passw0rd-2")[0] == 200
    cloud.sim.advance("4min 59s")
    refused(ask(cloud), "locked")
    cloud.sim.advance("1s")
    assert ask(cloud)[0] == 200


def test_expired_signatures_count_too(cloud):
    for _ in range(6):
        refused(ask(cloud, at=time.time() - 3600), "signature expired")
    refused(ask(cloud), "locked")


def test_another_lock():
    with client(users=users(), signing={"tries": 1, "lock": "1h"}) as c:
        for _ in range(2):
            refused(ask(c, secret="wrong"), "verify")
        c.sim.advance("59min")
        refused(ask(c), "locked")
        c.sim.post("key", {"access": ACCESS, "unlock": True})
        assert ask(c)[0] == 200
        c.sim.post("signing", {"tries": 0})
        for _ in range(20):
            refused(ask(c, secret="wrong"), "verify")


def test_another_skew():
    with client(users=users(), signing={"skew": "1min"}) as c:
        assert ask(c, at=time.time() - 30)[0] == 200
        refused(ask(c, at=time.time() - 90), "signature expired")


@pytest.mark.parametrize("accepts, good", [("both", {"access", "credential"}), ("access", {"access"}),
                                           ("credential", {"credential"})])
def test_the_form_that_a_cloud_takes(shared, accepts, good):
    shared.sim.post("key", {"access": ACCESS, "unlock": True})
    shared.sim.post("signing", {"accepts": accepts})
    for form in ("access", "credential"):
        answer = ask(shared, form=form)
        if form in good:
            assert answer[0] == 200
        else:
            refused(answer, "authorization header")
    shared.sim.post("signing", {"accepts": "both"})


def test_a_permanent_key_has_no_security_token(cloud):
    refused(ask(cloud, headers={"X-Security-Token": "x"}), "security token")


def test_a_changed_and_a_disabled_key(cloud):
    cloud.sim.post("key", {"access": ACCESS, "secret": "canary-Passw0rd-new"})
    refused(ask(cloud), "verify")
    assert ask(cloud, secret="canary-Passw0rd-new")[0] == 200
    cloud.sim.post("key", {"access": ACCESS, "enabled": False})
    refused(ask(cloud, secret="canary-Passw0rd-new"), "ak not exist")
    cloud.sim.post("credential", {"user": "reader", "enabled": False})
    refused(ask(cloud, **READER), "ak not exist")


@pytest.mark.parametrize("body, where", [({}, "key.access: is missing"), ({"access": "x"}, "key.access: no such key"),
                                         ({"access": ACCESS, "secret": ""}, "key.secret: must be 1 to 256 bytes"),
                                         ({"access": ACCESS, "secret": "x" * 257}, "key.secret: must be 1 to 256 bytes"),
                                         ({"access": ACCESS, "x": 1}, "key.x: unknown key")])
def test_malformed_key_verb(shared, body, where):
    assert shared.sim.control("POST", "key", body) == (400, {"error": where})


def test_a_token_and_a_signature(cloud):
    """The signature counts, and it is noted."""
    assert ask(cloud, headers={"X-Auth-Token": cloud.token})[0] == 200
    assert "both a token and a signature" in cloud.sim.violations()


def test_no_secret_in_the_log(cloud):
    ask(cloud)
    ask(cloud, secret="wrong")
    shown = json.dumps(cloud.sim.log()) + json.dumps(cloud.sim.state())
    assert ACCESS in shown
    assert "canary-Passw0rd" not in shown and CANARY_TOKEN not in shown and "Signature=" not in shown


@pytest.mark.parametrize("keys, where", [
    ({}, "users[0].keys: must be an array"),
    ([{"acess": "A"}], "users[0].keys[0].acess: unknown key"),
    ([{"secret": "canary-Passw0rd"}], "users[0].keys[0].access: must be"),
    ([{"access": "A B", "secret": "canary-Passw0rd"}], "users[0].keys[0].access: must be"),
    ([{"access": "A"}], "users[0].keys[0].secret: must be"),
    ([{"access": "A", "secret": "canary-Passw0rd"}] * 2, "users[0].keys[1].access: A occurs twice")])
def test_malformed_keys(keys, where):
    with pytest.raises(RuntimeError) as e:
        Sim(scenario(users=[{"name": "u", "password": "canary-Passw0rd", "keys": keys}]))
    assert where in str(e.value)
    assert "canary-Passw0rd" not in str(e.value)


@pytest.mark.parametrize("more, where", [
    ({"signing": {"accept": "both"}}, "signing.accept: unknown key"),
    ({"signing": {"accepts": "v1"}}, "signing.accepts: must be one of: both, access, credential"),
    ({"signing": {"tries": -1}}, "signing.tries: must be 0 to"),
    ({"clock": {"offset": "soon"}}, "clock.offset: must be a time span with or without"),
    ({"clock": {"offset": "--1s"}}, "clock.offset: must be a time span with or without"),
    ({"clock": {"offset": None}}, "clock.offset: must be a time span with or without")])
def test_malformed_scenarios(more, where):
    with pytest.raises(RuntimeError) as e:
        Sim(scenario(**more))
    assert where in str(e.value)
