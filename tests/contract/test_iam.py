"""POST /v3/auth/tokens and GET /v3/projects (reference 6)."""

import http.client
import json
import re

import pytest
from conftest import DOMAIN, OTHER_PROJECT, PROJECT, TASK, USER, client, keystone_error
from sim import CANARY_PASSWORD, CANARY_TOKEN

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


def user(**changes):
    out = {"name": USER, "password": CANARY_PASSWORD, "domain": {"name": DOMAIN}}
    out.update(changes)
    return {k: v for k, v in out.items() if v is not None}


def auth(who=None, scope=None, methods=("password",)):
    out = {"identity": {"methods": list(methods), "password": {"user": who or user()}}}
    if scope is not None:
        out["scope"] = scope
    return {"auth": out}


def login(c, obj, query="?nocatalog=true"):
    return c.request("POST", "/v3/auth/tokens" + query, obj, {"X-Auth-Token": None})


def test_password_and_project_by_id(otc):
    status, body, headers = login(otc, auth(scope={"project": {"id": PROJECT}}))
    assert status == 201
    token = body["token"]
    assert set(token) == {"expires_at", "issued_at", "methods", "user", "project", "roles"}
    assert token["methods"] == ["password"]
    assert token["project"]["id"] == PROJECT and token["project"]["name"] == "eu-de"
    assert token["project"]["domain"]["name"] == DOMAIN
    assert token["user"]["name"] == USER and token["user"]["domain"]["name"] == DOMAIN
    assert "password_expires_at" in token["user"]
    assert TIME.match(token["expires_at"]) and TIME.match(token["issued_at"])
    assert headers["x-subject-token"].startswith("MII")
    assert headers["content-type"] == "application/json"


def test_valid_for_24_hours(otc):
    from datetime import datetime
    token = login(otc, auth(scope={"project": {"id": PROJECT}}))[1]["token"]
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    life = datetime.strptime(token["expires_at"], form) - datetime.strptime(token["issued_at"], form)
    assert life.total_seconds() == 24 * 3600


@pytest.mark.parametrize("scope, project", [
    ({"project": {"id": PROJECT}}, PROJECT),
    ({"project": {"name": "eu-de"}}, PROJECT),
    ({"project": {"name": "eu-de_team"}}, OTHER_PROJECT),
    ({"project": {"name": "eu-de", "domain": {"name": DOMAIN}}}, PROJECT),
    ({"project": {"id": PROJECT}, "domain": {"name": DOMAIN}}, PROJECT),  # project wins
    ({"domain": {"name": DOMAIN}}, None),
    ({}, None),
    (None, None),
])
def test_scopes(otc, scope, project):
    status, body, _ = login(otc, auth(scope=scope))
    assert status == 201
    assert body["token"].get("project", {}).get("id") == project


def test_user_by_id_needs_no_domain(otc):
    ident = login(otc, auth())[1]["token"]["user"]["id"]
    status, body, _ = login(otc, auth({"id": ident, "password": CANARY_PASSWORD}))
    assert status == 201
    assert body["token"]["user"]["name"] == USER


def test_domain_by_id(otc):
    ident = login(otc, auth())[1]["token"]["user"]["domain"]["id"]
    assert login(otc, auth(user(domain={"id": ident})))[0] == 201


@pytest.mark.parametrize("http_status", [401, 403, 404])
@pytest.mark.parametrize("scope", [
    {"project": {"id": "0" * 32}}, {"project": {"name": "eu-nl"}},
    {"project": {"name": "eu-de", "domain": {"name": "elsewhere"}}}])
def test_unknown_project(otc, scope, http_status):
    otc.sim.post("tokens", {"unknown_project": http_status})
    status, body, headers = login(otc, auth(scope=scope))
    assert status == http_status
    assert "project" in body["error"]["message"]
    assert "x-subject-token" not in headers


@pytest.mark.parametrize("bad", [
    {}, [], {"auth": None}, {"auth": {}}, {"auth": {"identity": {}}},
    {"auth": {"identity": {"methods": ["password"]}}},
    {"auth": {"identity": {"methods": ["password"], "password": {}}}},
    auth(methods=()), auth(methods=("totp",)), auth(methods=("password", "totp")),
    auth(methods=(None,)), auth(methods=(["password"],)),
    auth(user(name=None)), auth(user(domain=None)), auth(user(password=None)),
    auth(user(password=1)), auth(user(domain={})), auth(user(domain="x")), auth(user(nmae="x")),
    auth(scope={"project": {}}), auth(scope={"projct": {"id": PROJECT}}), auth(scope="eu-de"),
    auth(scope={"project": {"id": 5}}), dict(auth(), more=1, auth=dict(auth()["auth"], x=1)),
])
def test_malformed_logins(otc, bad):
    status, body, headers = login(otc, bad)
    assert status == 400
    keystone_error(body, 400, "Bad Request")
    assert "x-subject-token" not in headers


def test_body_larger_than_32_kb(otc):
    status, body, _ = login(otc, auth(user(name="x" * 33000)))
    assert status == 400
    keystone_error(body, 400, "Bad Request")


@pytest.mark.parametrize("sent, status", [
    ("application/json;charset=utf8", 201), ("application/json", 201), ("text/plain", 415),
    (None, 415)])
def test_content_type(otc, sent, status):
    found, _, _ = otc.request("POST", "/v3/auth/tokens", auth(), {"Content-Type": sent})
    assert found == status


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_wrong_method(otc, method):
    assert otc.request(method, "/v3/auth/tokens")[0] == 405


@pytest.mark.parametrize("query, catalog", [
    ("", True), ("?nocatalog=", True), ("?nocatalog=true", False), ("?nocatalog=1", False),
    ("?nocatalog=x&y=z", False)])
def test_catalog(otc, query, catalog):
    status, body, headers = login(otc, auth(scope={"project": {"id": PROJECT}}), query)
    assert status == 201
    assert ("catalog" in body["token"]) == catalog
    # About 18 KB with it.
    assert (17000 < int(headers["content-length"]) < 22000) == catalog


@pytest.mark.parametrize("size", [1024, 2048, 4700, 16384, 40960])
def test_token_sizes(otc, size):
    otc.sim.post("tokens", {"size": size})
    token = login(otc, auth(scope={"project": {"id": PROJECT}}))[2]["x-subject-token"]
    otc.sim.post("tokens", {"size": 2048})
    assert len(token) == size
    assert token.startswith("MII")
    # So that even a part of a leaked token is found.
    for at in range(0, size - 120, 100):
        assert CANARY_TOKEN in token[at:at + 120]


def test_a_token_over_the_gateways_limit_is_refused(otc):
    otc.sim.post("tokens", {"size": 40960})
    token = login(otc, auth(scope={"project": {"id": PROJECT}}))[2]["x-subject-token"]
    otc.sim.post("tokens", {"size": 2048})
    status, _, _ = otc.request("POST", f"/v3/{PROJECT}/jobs/batch-status", {"jobs": [TASK]},
                               {"X-Auth-Token": token})
    assert status == 494


@pytest.mark.parametrize("header", ["X-Subject-Token", "x-subject-token", "X-SUBJECT-TOKEN"])
def test_any_letter_case_of_the_header(otc, header):
    otc.sim.post("tokens", {"header": header})
    con = http.client.HTTPConnection("127.0.0.1", otc.sim.port, timeout=20)
    con.request("POST", "/v3/auth/tokens", json.dumps(auth()), {"Content-Type": "application/json"})
    answer = con.getresponse()
    assert header in [k for k, _ in answer.getheaders()]
    answer.read()
    con.close()
    otc.sim.post("tokens", {"header": "X-Subject-Token"})


def test_a_new_token_does_not_void_the_old(otc):
    first = otc.login()
    second = otc.login()
    assert first != second
    for token in (first, second):
        assert otc.request("POST", f"/v3/{PROJECT}/jobs/batch-status", {"jobs": [TASK]},
                           {"X-Auth-Token": token})[0] == 200


def test_lockout():
    with client() as c:
        for _ in range(5):
            status, body, _ = login(c, auth(user(password="wrong")))
            assert status == 401
            keystone_error(body, 401, "Unauthorized")
            assert "locked" not in body["error"]["message"]
        # Now even the right one is refused, and says so.
        status, body, _ = login(c, auth())
        assert status == 401
        assert "locked" in body["error"]["message"]
        assert c.sim.state()["users"][0]["locked"]
        assert "login of a locked user" in c.sim.violations()
        # The token from before is still good.
        assert c.status(TASK)[0] == 200
        c.sim.post("credential", {"user": USER, "unlock": True})
        assert login(c, auth())[0] == 201


def test_a_right_password_forgives_wrong_ones():
    with client() as c:
        for _ in range(3):
            for _ in range(4):
                assert login(c, auth(user(password="wrong")))[0] == 401
            assert login(c, auth())[0] == 201


def test_a_lock_ends():
    with client() as c:
        for _ in range(5):
            assert login(c, auth(user(password="wrong")))[0] == 401
        c.sim.advance("14min")
        assert login(c, auth())[0] == 401
        c.sim.advance("1min")
        assert login(c, auth())[0] == 201


def test_wrong_tries_outside_the_window_do_not_count():
    with client() as c:
        for _ in range(8):
            assert login(c, auth(user(password="wrong")))[0] == 401
            c.sim.advance("4min")
        assert login(c, auth())[0] == 201


def test_a_changed_password():
    with client() as c:
        c.sim.post("credential", {"user": USER, "password": "another-Passw0rd"})
        assert login(c, auth())[0] == 401
        assert login(c, auth(user(password="another-Passw0rd")))[0] == 201


def test_a_disabled_user():
    with client() as c:
        c.sim.post("credential", {"user": USER, "enabled": False})
        assert login(c, auth())[0] == 401


def test_several_users_and_domains():
    users = [{"name": "a", "domain": "d1", "password": "p1-x"},
             {"name": "a", "domain": "d2", "password": "p2-x"},
             {"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD, "projects": ["eu-de"]}]
    with client(users=users) as c:
        assert login(c, auth(user(name="a", domain={"name": "d1"}, password="p1-x")))[0] == 201
        assert login(c, auth(user(name="a", domain={"name": "d2"}, password="p1-x")))[0] == 401
        # d1 has no project, and the other user may only use one of his domain's.
        assert login(c, auth(user(name="a", domain={"name": "d1"}, password="p1-x"),
                             {"project": {"id": PROJECT}}))[0] == 401
        assert login(c, auth(scope={"project": {"name": "eu-de"}}))[0] == 201
        assert login(c, auth(scope={"project": {"name": "eu-de_team"}}))[0] == 401


# -- projects --------------------------------------------------------------------------------------


def projects(c, query="", token=0):
    return c.request("GET", "/v3/projects" + query, None,
                     {} if token == 0 else {"X-Auth-Token": token})


def test_projects(otc):
    status, body, _ = projects(otc)
    assert status == 200
    assert set(body) == {"projects", "links"}
    assert [p["id"] for p in body["projects"]] == [PROJECT, OTHER_PROJECT]
    for p in body["projects"]:
        assert set(p) == {"id", "name", "domain_id", "parent_id", "enabled", "is_domain",
                          "description", "links"}
        assert p["enabled"] is True and p["is_domain"] is False


@pytest.mark.parametrize("query, names", [
    ("?name=eu-de", ["eu-de"]), ("?name=eu-de_team", ["eu-de_team"]), ("?name=eu", []),
    ("?enabled=true", ["eu-de", "eu-de_team"]), ("?enabled=false", []),
    ("?domain_id=nobody", []), ("?parent_id=nobody", []),
    ("?page=1&per_page=1", ["eu-de"]), ("?page=2&per_page=1", ["eu-de_team"]),
    ("?page=3&per_page=1", []), ("?page=1&per_page=5000", ["eu-de", "eu-de_team"]),
])
def test_filters(otc, query, names):
    status, body, _ = projects(otc, query)
    assert status == 200
    assert [p["name"] for p in body["projects"]] == names


@pytest.mark.parametrize("query", ["?page=1", "?per_page=10", "?page=0&per_page=1",
                                   "?page=1&per_page=5001", "?page=x&per_page=1"])
def test_page_parameters_come_in_pairs(otc, query):
    status, body, _ = projects(otc, query)
    assert status == 400
    keystone_error(body, 400, "Bad Request")


@pytest.mark.parametrize("token", [None, "MIInonsense"])
def test_projects_need_a_token(otc, token):
    status, body, _ = projects(otc, token=token)
    assert status == 401
    keystone_error(body, 401, "Unauthorized")


def test_projects_with_an_old_token(otc):
    token = otc.login()
    otc.sim.post("tokens", {"expire": otc.sim.log()[-1]["serial"]})
    status, body, _ = projects(otc, token=token)
    assert status == 401
    keystone_error(body, 401, "Unauthorized")
