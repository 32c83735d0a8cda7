"""Checks of tokens, agencies, temporary keys (reference 5.3, 6.1, 6.2, 6.5)."""

import json
import re
import time
from datetime import datetime

import pytest
from conftest import DOMAIN, OTHER_PROJECT, PROJECT, TASK, USER, client, error, gateway_error, keystone_error, scenario
from signing import sign
from sim import CANARY_PASSWORD, CANARY_TOKEN, Sim
from test_signing import ACCESS, SECRET, refused

AGENCY = "drs-watch"
HOME = "OTC-EU-DE-0000000000200"  # of the one who assumes
KEYS = "/v3.0/OS-CREDENTIAL/securitytokens"
FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def cloud(**more):
    users = [
        {"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD, "keys": [{"access": ACCESS, "secret": SECRET}]},
        {"name": "delegate", "domain": HOME, "password": CANARY_PASSWORD},
        {"name": "stranger", "domain": HOME, "password": CANARY_PASSWORD}]
    agencies = [
        {"name": AGENCY, "domain": DOMAIN, "users": ["delegate"], "projects": ["eu-de"]},
        {"name": "reader", "domain": DOMAIN, "role": "readonly"},
        {"name": AGENCY, "domain": "elsewhere"}]
    return client(users=users, agencies=agencies, **more)


@pytest.fixture(scope="module")
def shared():
    with cloud() as c:
        yield c


@pytest.fixture()
def own():
    with cloud() as c:
        yield c


def token_of(c, name, domain=HOME):
    return c.sim.login(name, domain, CANARY_PASSWORD)


def assume(c, token, role=None, scope=0):
    """(status, body, headers)"""
    role = {"domain_name": DOMAIN, "agency_name": AGENCY} if role is None else role
    auth = {"identity": {"methods": ["assume_role"], "assume_role": role}}
    if scope == 0:
        scope = {"project": {"id": PROJECT}}
    if scope is not None:
        auth["scope"] = scope
    return c.request("POST", "/v3/auth/tokens?nocatalog=true", {"auth": auth}, {"X-Auth-Token": token})


# -- GET and HEAD /v3/auth/tokens ------------------------------------------------------------------


def test_a_token_checks_itself(shared):
    sent = {"X-Auth-Token": shared.token, "X-Subject-Token": shared.token, "Content-Type": None}
    status, issued, _ = shared.request("POST", "/v3/auth/tokens?nocatalog=1", {"auth": {"identity": {
        "methods": ["password"], "password": {"user": {"name": USER, "password": CANARY_PASSWORD,
                                                       "domain": {"name": DOMAIN}}}},
        "scope": {"project": {"id": PROJECT}}}})
    assert status == 201
    status, body, headers = shared.request("GET", "/v3/auth/tokens?nocatalog=true", None, sent)
    assert status == 200
    assert headers["x-subject-token"] == shared.token
    assert set(body["token"]) == set(issued["token"])
    for key in ("user", "project", "methods", "roles"):
        assert body["token"][key] == issued["token"][key]
    life = [datetime.strptime(body["token"][k], FORM) for k in ("issued_at", "expires_at")]
    assert (life[1] - life[0]).total_seconds() == 24 * 3600
    entry = shared.sim.log()[-1]
    assert (entry["kind"], entry["serial"]) == ("validate", 1)
    status, body, _ = shared.request("GET", "/v3/auth/tokens", None, sent)
    assert "catalog" in body["token"]


def test_by_head(shared):
    sent = {"X-Auth-Token": shared.token, "X-Subject-Token": shared.token}
    for _ in range(2):
        status, headers, data = shared.sim.request("HEAD", "/v3/auth/tokens", None, sent)
        assert (status, data) == (200, b"")
        assert headers["x-subject-token"] == shared.token
    status, _, data = shared.sim.request("HEAD", "/v3/auth/tokens", None, {"X-Auth-Token": shared.token})
    assert (status, data) == (400, b"")


def test_by_head_on_one_connection(shared):
    """No body follows the header, also not on the wire."""
    import http.client
    con = http.client.HTTPConnection("127.0.0.1", shared.sim.port, timeout=20)
    sent = {"X-Auth-Token": shared.token, "X-Subject-Token": shared.token}
    for method in ("HEAD", "GET", "HEAD", "GET"):
        con.request(method, "/v3/auth/tokens", None, sent)
        answer = con.getresponse()
        assert answer.status == 200
        assert (len(answer.read()) > 0) == (method == "GET")
    con.close()


@pytest.mark.parametrize("who, subject, status, title", [
    (None, "own", 401, "Unauthorized"), ("MIInonsense", "own", 401, "Unauthorized"),
    ("own", None, 400, "Bad Request"), ("own", "", 400, "Bad Request"), ("own", "MIInonsense", 404, "Not Found"),
    ("stranger", "own", 403, "Forbidden")])
def test_unknown_tokens(shared, who, subject, status, title):
    tokens = {"own": shared.token, "stranger": token_of(shared, "stranger")}
    found, body, headers = shared.request("GET", "/v3/auth/tokens", None, {
        "X-Auth-Token": tokens.get(who, who), "X-Subject-Token": tokens.get(subject, subject)})
    assert found == status
    keystone_error(body, status, title)
    assert "x-subject-token" not in headers


def test_ended_tokens(own):
    second = own.login()
    for end in ("expire", "revoke"):
        first = own.login()
        own.sim.post("tokens", {end: own.sim.log()[-1]["serial"]})
        assert own.request("GET", "/v3/auth/tokens", None,
                           {"X-Auth-Token": second, "X-Subject-Token": first})[0] == 404
        assert own.request("GET", "/v3/auth/tokens", None,
                           {"X-Auth-Token": first, "X-Subject-Token": first})[0] == 401


# -- assume_role -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["agency_name", "xrole_name"])
@pytest.mark.parametrize("scope", [{"project": {"id": PROJECT}}, {"project": {"name": "eu-de"}},
                                   {"project": {"name": "eu-de", "domain": {"name": DOMAIN}}}])
def test_assume_role(shared, key, scope):
    status, body, headers = assume(shared, token_of(shared, "delegate"), {"domain_name": DOMAIN, key: AGENCY}, scope)
    assert status == 201
    token = body["token"]
    assert token["methods"] == ["assume_role"]
    assert token["project"]["id"] == PROJECT
    assert token["user"]["name"] == f"{DOMAIN}/{AGENCY}"
    assert token["user"]["domain"]["name"] == DOMAIN
    assert token["assumed_by"]["user"]["name"] == "delegate"
    assert token["assumed_by"]["user"]["domain"]["name"] == HOME
    assert token["user"]["id"] != token["assumed_by"]["user"]["id"]
    got = headers["x-subject-token"]
    assert shared.sim.call(got, PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
    status, body, _ = shared.request("GET", "/v3/auth/tokens", None, {"X-Auth-Token": got, "X-Subject-Token": got})
    assert status == 200
    assert body["token"]["assumed_by"] == token["assumed_by"]


def test_the_domain_by_id(shared):
    ident = assume(shared, token_of(shared, "delegate"))[1]["token"]["user"]["domain"]["id"]
    token = token_of(shared, "delegate")
    assert assume(shared, token, {"domain_id": ident, "agency_name": AGENCY})[0] == 201
    assert assume(shared, token, {"domain_id": "0" * 32, "agency_name": AGENCY})[0] == 404


def test_without_a_scope(shared):
    status, body, headers = assume(shared, token_of(shared, "delegate"), scope=None)
    assert status == 201 and "project" not in body["token"]
    status, body = shared.sim.call(headers["x-subject-token"], PROJECT, "batch-status", {"jobs": [TASK]})
    assert status == 403
    error(body, "DRS.M00261")


def test_the_agency_s_role(shared):
    token = assume(shared, token_of(shared, "stranger"), {"domain_name": DOMAIN, "agency_name": "reader"})[2]
    token = token["x-subject-token"]
    assert shared.sim.call(token, PROJECT, "batch-status", {"jobs": [TASK]})[0] == 200
    status, body = shared.sim.call(token, PROJECT, "batch-precheck",
                                   {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]})
    assert status == 403
    error(body, "DRS.M00102")


def test_the_agency_s_projects(shared):
    token = token_of(shared, "delegate")
    for scope in ({"project": {"id": OTHER_PROJECT}}, {"project": {"name": "eu-de_team"}}):
        status, body, _ = assume(shared, token, scope=scope)
        assert status == 401
        keystone_error(body, 401, "Unauthorized")
    assert assume(shared, token, {"domain_name": DOMAIN, "agency_name": "reader"},
                  {"project": {"id": OTHER_PROJECT}})[0] == 201


@pytest.mark.parametrize("token", [None, "MIInonsense", ""])
def test_without_the_user_s_token(shared, token):
    status, body, _ = assume(shared, token)
    assert status == 401
    keystone_error(body, 401, "Unauthorized")


def test_with_an_ended_token(own):
    token = token_of(own, "delegate")
    own.sim.post("tokens", {"revoke": True})
    assert assume(own, token)[0] == 401


def test_without_the_right(shared):
    status, body, headers = assume(shared, token_of(shared, "stranger"))
    assert status == 403
    keystone_error(body, 403, "Forbidden")
    assert "x-subject-token" not in headers


def test_not_from_agency_to_agency(shared):
    token = assume(shared, token_of(shared, "delegate"))[2]["x-subject-token"]
    assert assume(shared, token, {"domain_name": DOMAIN, "agency_name": "reader"})[0] == 403


@pytest.mark.parametrize("role", [{"domain_name": DOMAIN, "agency_name": "nobody"},
                                  {"domain_name": "nowhere", "agency_name": AGENCY}])
def test_unknown_agency(shared, role):
    status, body, _ = assume(shared, token_of(shared, "delegate"), role)
    assert status == 404
    keystone_error(body, 404, "Not Found")


@pytest.mark.parametrize("role", [
    {}, {"domain_name": DOMAIN}, {"agency_name": AGENCY}, {"domain_name": DOMAIN, "agency": AGENCY},
    {"domain_name": DOMAIN, "agency_name": AGENCY, "xrole_name": AGENCY}, [],
    {"domain_name": DOMAIN, "domain_id": "x", "agency_name": AGENCY}, {"domain_name": DOMAIN, "agency_name": 1}])
def test_malformed_assume_role(shared, role):
    status, body, _ = assume(shared, token_of(shared, "delegate"), role)
    assert status == 400
    keystone_error(body, 400, "Bad Request")


@pytest.mark.parametrize("agencies, where", [
    ([{"domain": "d"}], "agencies[0].name: is missing"), ([{"name": "a", "rol": "full"}], "agencies[0].rol: unknown"),
    ([{"name": "a", "users": "x"}], "agencies[0].users: must be an array"),
    ([{"name": "a", "projects": [1]}], "agencies[0].projects: must be an array")])
def test_malformed_agencies(agencies, where):
    with pytest.raises(RuntimeError) as e:
        Sim(scenario(agencies=agencies))
    assert where in str(e.value)


# -- temporary keys --------------------------------------------------------------------------------


def keys(c, identity, token=0):
    """(status, body)"""
    return c.request("POST", KEYS, {"auth": {"identity": identity}}, {} if token == 0 else {"X-Auth-Token": token})[:2]


def by_token(**more):
    return {"methods": ["token"], "token": more}


def by_agency(**more):
    return {"methods": ["assume_role"],
            "assume_role": dict({"domain_name": DOMAIN, "agency_name": AGENCY}, **more)}


def signed(c, credential, form="access", path=f"/v3/{PROJECT}/jobs/batch-status", obj=None, token=0, **how):
    """A call signed with temporary keys: (status, body)."""
    body = json.dumps(obj or {"jobs": [TASK]}).encode()
    headers = {"Host": f"127.0.0.1:{c.sim.port}", "Content-Type": "application/json", "X-Project-Id": path.split("/")[2],
               "X-Security-Token": credential["securitytoken"] if token == 0 else token}
    headers = {k: v for k, v in headers.items() if v is not None}
    status, _, data = c.sim.request(
        "POST", path, body, sign(credential["access"], credential["secret"], "POST", path, headers, body, form, **how))
    return status, json.loads(data)


@pytest.mark.parametrize("identity, seconds", [
    (by_token(), 900), (by_token(duration_seconds=900), 900), (by_token(duration_seconds=86400), 86400),
    ({"methods": ["token"]}, 900), (by_agency(), 900), (by_agency(duration_seconds=3600), 3600)])
def test_temporary_keys(shared, identity, seconds):
    status, body = keys(shared, identity, token_of(shared, "delegate"))
    assert status == 201
    assert set(body) == {"credential"}
    got = body["credential"]
    assert set(got) == {"access", "secret", "securitytoken", "expires_at"}
    left = datetime.strptime(got["expires_at"], FORM) - datetime.utcfromtimestamp(time.time())
    assert abs(left.total_seconds() - seconds) < 30
    assert re.fullmatch("[A-Z0-9]{20}", got["access"]) and len(got["secret"]) == 40
    assert CANARY_TOKEN in got["secret"] and CANARY_TOKEN in got["securitytoken"]
    assert CANARY_TOKEN not in json.dumps(shared.sim.log())


@pytest.mark.parametrize("form", ["access", "credential"])
def test_calls_with_temporary_keys(shared, form):
    got = keys(shared, by_agency(), token_of(shared, "delegate"))[1]["credential"]
    assert signed(shared, got, form)[0] == 200
    assert signed(shared, got, form, path=f"/v3/{OTHER_PROJECT}/jobs/batch-status")[0] == 403
    assert signed(shared, keys(shared, by_token())[1]["credential"], form)[0] == 200
    entry = shared.sim.log()[-1]
    assert entry["auth"] == form and entry["violations"] == []


@pytest.mark.parametrize("form", ["access", "credential"])
@pytest.mark.parametrize("token, word", [(None, "missing"), ("x", "wrong"), ("", "wrong")])
def test_the_security_token_is_needed(shared, form, token, word):
    got = keys(shared, by_token())[1]["credential"]
    refused(signed(shared, got, form, token=token), f"the security token is {word}")


def test_the_security_token_of_another_key(shared):
    first, second = (keys(shared, by_token())[1]["credential"] for _ in range(2))
    assert first["access"] != second["access"] and first["securitytoken"] != second["securitytoken"]
    refused(signed(shared, first, token=second["securitytoken"]), "wrong")


def test_it_is_signed_in_the_newer_form_alone(shared):
    got = keys(shared, by_token())[1]["credential"]
    assert signed(shared, got, "credential", unsigned=("x-security-token", "x-project-id"))[0] == 200
    refused(signed(shared, got, unsigned=("x-security-token",)), "not signed")


def test_temporary_keys_end(own):
    got = keys(own, by_token())[1]["credential"]
    own.sim.advance("14min")
    assert signed(own, got)[0] == 200
    own.sim.advance("1min")
    for _ in range(8):  # no wrong signature: it does not lock
        refused(signed(own, got), "expired")
    longer = keys(own, by_token(duration_seconds=86400))[1]["credential"]
    own.sim.advance("23h")
    assert signed(own, longer)[0] == 200
    own.sim.post("key", {"access": longer["access"], "expire": True})
    refused(signed(own, longer), "expired")


def test_keys_by_a_signature(shared):
    headers = {"Host": f"127.0.0.1:{shared.sim.port}", "Content-Type": "application/json"}
    body = json.dumps({"auth": {"identity": by_token()}}).encode()
    status, _, data = shared.sim.request("POST", KEYS, body, sign(ACCESS, SECRET, "POST", KEYS, headers, body))
    assert status == 201
    assert signed(shared, json.loads(data)["credential"])[0] == 200


def os_error(body, code):
    assert set(body) == {"error_code", "error_msg"} and body["error_code"] == code, body


@pytest.mark.parametrize("seconds", [899, 86401, 0, "900", 900.5, None])
@pytest.mark.parametrize("make", [by_token, by_agency])
def test_duration(shared, seconds, make):
    status, body = keys(shared, make(duration_seconds=seconds), token_of(shared, "delegate"))
    assert status == 400
    os_error(body, "IAM.0011")


@pytest.mark.parametrize("identity", [{}, {"methods": []}, {"methods": ["password"]}, {"methods": ["token", "assume_role"]},
                                      {"methods": ["assume_role"]}, by_token(x=1), by_token(id="MIIother"),
                                      dict(by_token(), x=1), by_agency(x=1)])
def test_malformed_key_requests(shared, identity):
    status, body = keys(shared, identity, token_of(shared, "delegate"))
    assert status == 400
    os_error(body, "IAM.0011")


def test_refused_key_requests(shared):
    for token in (None, "MIInonsense"):
        status, body = keys(shared, by_token(), token)
        assert status == 401
        os_error(body, "IAM.0067")
    status, body = keys(shared, by_agency(), token_of(shared, "stranger"))
    assert status == 403
    os_error(body, "IAM.0002")
    status, body, _ = shared.request("POST", KEYS, b"")
    assert status == 400
    os_error(body, "IAM.1101")
    assert shared.request("GET", KEYS)[0] == 405


def test_an_unknown_temporary_key(shared):
    got = dict(keys(shared, by_token())[1]["credential"], access="HSTNOSUCHKEY00000001")
    status, body = signed(shared, got)
    assert status == 401
    gateway_error(body, "APIGW.0301")
