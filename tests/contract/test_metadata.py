"""The metadata service of an ECS (reference 6.5)."""

import socket
import time
from datetime import datetime

import pytest
from conftest import DOMAIN, PROJECT, TASK, USER, client, error, scenario
from sim import CANARY_TOKEN, Sim
from test_agency import FORM, signed
from test_signing import refused

KEY = "/openstack/latest/securitykey"
TICKET = "/meta-data/latest/api/token"


def cloud(**metadata):
    return client(agencies=[{"name": "ecs", "domain": DOMAIN}, {"name": "ecs-ro", "domain": DOMAIN, "role": "readonly"}],
                  metadata=dict({"mode": "v1", "agency": "ecs"}, **metadata))


def ask(c, headers=None):
    """(status, credential or None)"""
    status, body, _ = c.request("GET", KEY, None, dict({"X-Auth-Token": None, "Content-Type": None}, **(headers or {})))
    return status, body["credential"] if status == 200 else None


def ticket(c, seconds=21600):
    sent = {} if seconds is None else {"X-Metadata-Token-Ttl-Seconds": str(seconds)}
    status, _, data = c.sim.request("PUT", TICKET, None, sent)
    return status, data.decode()


def test_keys_of_the_agency():
    with cloud() as c:
        status, got = ask(c)
        assert status == 200
        assert set(got) == {"access", "secret", "securitytoken", "expires_at"}
        left = datetime.strptime(got["expires_at"], FORM) - datetime.utcfromtimestamp(time.time())
        assert abs(left.total_seconds() - 3600) < 30
        assert ask(c)[1] == got
        assert signed(c, got)[0] == 200
        assert signed(c, got, "credential")[0] == 200
        log = c.sim.log()
        assert [e["kind"] for e in log] == ["login", "metadata", "metadata", "status", "status"]
        assert log[1]["key"] == log[3]["key"] == got["access"]
        assert c.sim.violations() == []
        assert CANARY_TOKEN not in str(log)


def test_its_role():
    with cloud(agency="ecs-ro") as c:
        got = ask(c)[1]
        assert signed(c, got)[0] == 200
        status, body = signed(c, got, path=f"/v3/{PROJECT}/jobs/batch-precheck",
                              obj={"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]})
        assert status == 403
        error(body, "DRS.M00102")


def test_keys_of_a_user():
    with client(metadata={"mode": "v1", "user": USER}) as c:
        assert signed(c, ask(c)[1])[0] == 200


def test_renewed_ten_minutes_before_their_end():
    with cloud() as c:
        first = ask(c)[1]
        c.sim.advance("49min")
        assert ask(c)[1] == first
        c.sim.advance("1min")
        second = ask(c)[1]
        assert second["access"] != first["access"]
        # They overlap.
        assert signed(c, first)[0] == signed(c, second)[0] == 200
        c.sim.advance("9min")
        assert signed(c, first)[0] == 200
        c.sim.advance("1min")
        refused(signed(c, first), "expired")
        assert signed(c, second)[0] == 200
        assert ask(c)[1] == second


def test_another_life():
    with cloud(life="10s", renew="4s") as c:
        first = ask(c)[1]
        c.sim.advance("6s")
        assert ask(c)[1] != first
        c.sim.post("metadata", {"life": "1h", "renew": 0})
        c.sim.advance("10s")
        left = datetime.strptime(ask(c)[1]["expires_at"], FORM) - datetime.utcfromtimestamp(time.time())
        assert left.total_seconds() > 3500


def test_rotate_and_revoke():
    with cloud() as c:
        first = ask(c)[1]
        c.sim.post("metadata", {"rotate": True})
        second = ask(c)[1]
        assert first != second
        assert signed(c, first)[0] == signed(c, second)[0] == 200
        c.sim.post("metadata", {"revoke": True})
        for old in (first, second):
            refused(signed(c, old), "ak not exist")
        assert signed(c, ask(c)[1])[0] == 200


def test_without_an_agency():
    for sim in (client(), cloud(mode="none")):
        with sim as c:
            assert ask(c)[0] == 404
            assert ticket(c)[0] == 404


def test_an_agency_that_is_bound_later():
    with cloud(mode="none") as c:
        assert ask(c)[0] == 404
        c.sim.post("metadata", {"mode": "v1"})
        assert ask(c)[0] == 200


def test_the_newer_service_wants_a_ticket():
    with cloud(mode="v2") as c:
        assert ask(c)[0] == 401
        assert ask(c, {"X-Metadata-Token": "nonsense"})[0] == 401
        status, text = ticket(c, 60)
        assert status == 200 and text
        status, got = ask(c, {"X-Metadata-Token": text})
        assert status == 200
        assert signed(c, got)[0] == 200
        c.sim.advance("59s")
        assert ask(c, {"X-Metadata-Token": text})[0] == 200
        c.sim.advance("1s")
        assert ask(c, {"X-Metadata-Token": text})[0] == 401
        # An old ticket stays good beside newer ones.
        tickets = [ticket(c)[1] for _ in range(10)]
        assert len(set(tickets)) == 10
        assert all(ask(c, {"X-Metadata-Token": t})[0] == 200 for t in tickets)


@pytest.mark.parametrize("seconds", [None, 0, -1, 21601, "x", "", "60s"])
def test_the_ticket_s_life(seconds):
    with cloud(mode="v2") as c:
        assert ticket(c, seconds)[0] == 400


def test_the_older_service_has_no_tickets():
    with cloud() as c:
        assert ticket(c)[0] == 404
        assert ask(c, {"X-Metadata-Token": "whatever"})[0] == 200


def test_a_put_without_a_length():
    """As some clients send it: no body, and no header that says so."""
    with cloud(mode="v2") as c, socket.create_connection(("127.0.0.1", c.sim.port), timeout=20) as con:
        con.sendall(f"PUT {TICKET} HTTP/1.1\r\nHost: h\r\nX-Metadata-Token-Ttl-Seconds: 60\r\n\r\n".encode())
        assert con.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method, path", [("POST", KEY), ("PUT", KEY), ("GET", TICKET), ("POST", TICKET)])
def test_wrong_method(method, path):
    with cloud(mode="v2") as c:
        assert c.sim.request(method, path)[0] == 405


def test_a_secret_that_is_sent_there_is_noted():
    with cloud() as c:
        ask(c, {"X-Auth-Token": c.token})
        assert any("metadata service" in v for v in c.sim.violations())


def test_faults_and_outages():
    with cloud() as c:
        c.sim.post("fault", {"kind": "metadata", "do": "html", "status": 500})
        assert ask(c)[0] == 500
        assert ask(c)[0] == 200
        # It is neither IAM nor DRS.
        c.sim.post("down", {"what": "iam", "mode": "html"})
        c.sim.post("down", {"what": "drs", "mode": "html"})
        assert ask(c)[0] == 200
        c.sim.post("up")
        c.sim.post("down", {"what": "all", "mode": "html"})
        assert ask(c)[0] == 503


@pytest.mark.parametrize("metadata, where", [
    ({"mode": "v3"}, "metadata.mode: must be one of: none, v1, v2"), ({"mode": "v1"}, "metadata: needs user or agency"),
    ({"mode": "v1", "agency": "x"}, "metadata.agency: no such agency"), ({"user": "x"}, "metadata.user: no such user"),
    ({"mode": "v1", "user": USER, "agency": "a"}, "metadata: needs user or agency"), ({"lief": 1}, "metadata.lief:")])
def test_malformed(metadata, where):
    with pytest.raises(RuntimeError) as e:
        Sim(scenario(agencies=[{"name": "a"}], metadata=metadata))
    assert where in str(e.value)


@pytest.mark.parametrize("body, where", [({"rotate": 1}, "metadata.rotate"), ({"x": 1}, "metadata.x"), ([1], "metadata"),
                                         ({"agency": "x"}, "no such agency")])
def test_malformed_verb(body, where):
    with cloud() as c:
        status, got = c.sim.control("POST", "metadata", body)
        assert status == 400 and where in got["error"]
        assert signed(c, ask(c)[1])[0] == 200


def test_another_one_s_keys():
    with cloud() as c:
        first = ask(c)[1]
        c.sim.post("metadata", {"agency": "ecs-ro", "rotate": True})
        second = ask(c)[1]
        c.sim.post("metadata", {"agency": None, "user": USER, "rotate": True})
        third = ask(c)[1]
        owners = {k["access"]: k["user"] for k in c.sim.state()["keys"]}
        assert [owners[k["access"]] for k in (first, second, third)] == [f"{DOMAIN}/ecs", f"{DOMAIN}/ecs-ro", USER]
