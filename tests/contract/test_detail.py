"""POST /v3/{project_id}/jobs/batch-detail: how old a task is, and much that nobody asked for (reference 1.5)."""

import time

import pytest
from conftest import PROJECT, TASK, TASK2, UNKNOWN, client, error, task_id
from sim import CANARY_DB_PASSWORD

IDS = [task_id(i) for i in range(12)]
HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000


def only(answer):
    """The one entry of an answer that is good."""
    status, body = answer
    assert status == 200 and body["count"] == len(body["results"]) == 1, answer
    return body["results"][0]


def made(c, task=TASK):
    text = only(c.detail(task))["create_time"]
    # A text, though it is a number.
    assert isinstance(text, str) and text.isdecimal()
    return int(text)


@pytest.fixture(scope="module")
def twelve():
    with client(tasks=[{"id": i} for i in IDS]) as c:
        yield c


TEXT, BOOL, NUMBER, OBJECT = str, bool, int, dict


@pytest.mark.parametrize("profile, key, kind", [
    (None, "id", TEXT), (None, "name", TEXT), (None, "description", TEXT), (None, "status", TEXT),
    (None, "task_type", TEXT), (None, "db_use_type", TEXT), (None, "job_direction", TEXT),
    (None, "create_time", TEXT), (None, "update_time", TEXT), (None, "multi_write", BOOL),
    (None, "need_restart", BOOL), (None, "is_target_readonly", BOOL),
    (None, "source_endpoint", OBJECT), (None, "target_endpoint", OBJECT), (None, "inst_info", OBJECT),
    ("otc", "node_num", TEXT), ("huawei", "node_num", NUMBER),
    ("otc", "ssl_link", TEXT), ("huawei", "ssl_link", BOOL),
    ("huawei", "original_job_direction", TEXT),
])
def test_types(named, profile, key, kind):
    for name, c in named.items():
        if profile in (None, name):
            assert type(only(c.detail(TASK))[key]) is kind, name


@pytest.fixture(scope="module")
def named():
    tasks = [{"id": TASK, "name": "orders", "rds_instance_id": "77aa88bb99cc4d00a1b2c3d4e5f60718in01"}]
    with client(tasks=tasks) as otc, client(tasks=tasks, profile="huawei") as huawei:
        yield {"otc": otc, "huawei": huawei}


@pytest.mark.parametrize("key, value", [
    ("id", TASK), ("name", "orders"), ("status", "CONFIGURATION"), ("task_type", "FULL_INCR_TRANS"),
    ("db_use_type", "migration"), ("job_direction", "up"), ("multi_write", False)])
def test_values(named, key, value):
    assert only(named["otc"].detail(TASK))[key] == value


@pytest.mark.parametrize("side", ["source_endpoint", "target_endpoint"])
def test_an_endpoint_brings_a_password(named, side):
    entry = only(named["otc"].detail(TASK))[side]
    assert entry["db_password"] == CANARY_DB_PASSWORD == "canary-Passw0rd-db-77"
    assert type(entry["db_port"]) is int
    assert isinstance(entry["db_type"], str) and isinstance(entry["db_user"], str)


def test_the_replication_instance(named):
    info = only(named["otc"].detail(TASK))["inst_info"]
    assert info["start_time"] == "0" and type(info["volume_size"]) is int
    assert info["status"].lower() == "active"


@pytest.mark.parametrize("key, value", [
    ("name", "customers"), ("status", "SOMETHING_UNHEARD_OF"), ("task_type", "FULL_TRANS"),
    ("db_use_type", "cloudDataGuard"), ("job_direction", "non-dbs")])
def test_what_the_scenario_says_is_shown(key, value):
    with client(tasks=[{"id": TASK, key: value}]) as c:
        assert only(c.detail(TASK))[key] == value


@pytest.mark.parametrize("key", ["name", "task_type", "db_use_type", "job_direction"])
def test_what_the_scenario_takes_away_is_absent(key):
    with client(tasks=[{"id": TASK, key: None}]) as c:
        assert key not in only(c.detail(TASK))


def test_a_parent_writes_twice():
    with client(tasks=[{"id": TASK, "parent": True}]) as c:
        assert only(c.detail(TASK))["multi_write"] is True


@pytest.mark.parametrize("created, age", [
    (None, HOUR), ("0s", 0), ("2d", 2 * DAY), (90, 90 * 1000), ("90y", None)])
def test_the_age_of_a_task(created, age):
    before = time.time_ns() // 10**6
    with client(tasks=[{"id": TASK, **({} if created is None else {"created": created})}]) as c:
        after = time.time_ns() // 10**6
        at = made(c)
    if age is None:
        assert at == 0      # there is nothing before 1970
    else:
        assert before <= at + age <= after


def test_the_age_grows_with_the_simulators_clock_alone():
    with client(tasks=[{"id": TASK}, {"id": TASK2, "created": "2h"}]) as c:
        at = made(c)
        assert made(c, TASK2) == at - HOUR
        assert made(c) == at
        c.sim.advance("2d")
        c.token = c.login()     # the first one has aged as well
        assert made(c) == at - 2 * DAY
        c.sim.post("task", {"id": TASK, "created": "3h"})
        assert made(c) == at - 2 * DAY - 2 * HOUR


@pytest.mark.parametrize("created", ["yesterday", -1, None, True])
def test_an_age_that_is_none(otc, created):
    status, body = otc.sim.control("POST", "task", {"id": TASK, "created": created})
    assert status == 400 and "created" in body["error"]


@pytest.mark.parametrize("page, expected", [
    (None, IDS[:5]),                                   # the trap: five, not twelve
    ({}, IDS[:5]),
    ({"per_page": 0}, IDS),
    ({"per_page": 12}, IDS),
    ({"cur_page": 2}, IDS[5:10]),
    ({"cur_page": 2, "per_page": 10}, IDS[10:]),
])
def test_pages(twelve, page, expected):
    status, body = twelve.detail(*IDS, page=page)
    assert status == 200
    assert [e["id"] for e in body["results"]] == expected
    assert body["count"] == len(expected)


@pytest.mark.parametrize("page, code", [
    ({"cur_page": 0}, "DRS.M00210"), ({"per_page": "5"}, "DRS.M00210"),
    ({"per_page": 101}, "DRS.M00211"), ({"cur_page": 4}, "DRS.M00211")])
def test_page_ranges(twelve, page, code):
    status, body = twelve.detail(*IDS, page=page)
    assert status == 400
    error(body, code)


def test_another_key_for_the_page():
    with client(tasks=[{"id": i} for i in IDS], defaults={"page_key": "pageReq"}) as c:
        assert c.detail(*IDS, page={"per_page": 0})[1]["count"] == 5


@pytest.mark.parametrize("profile, deleted, expected", [
    ("otc", "error", ("DRS.M05004", None)), ("otc", "status", (None, "DELETED")),
    # Huawei Cloud still shows it here, whatever a status call says.
    ("huawei", "error", (None, "DELETED")), ("huawei", "status", (None, "DELETED"))])
def test_a_deleted_task(profile, deleted, expected):
    with client(tasks=[{"id": TASK, "deleted": True}], defaults={"deleted": deleted},
                profile=profile) as c:
        entry = only(c.detail(TASK))
        status = only(c.status(TASK))
    assert (entry.get("error_code"), entry.get("status")) == expected
    assert ("create_time" in entry) == (expected[1] is not None)
    assert status.get("error_code") == ("DRS.M05004" if deleted == "error" else None)


def test_error_message_is_what_the_key_is_called_here(otc):
    entry = only(otc.detail(UNKNOWN))
    assert set(entry) == {"id", "error_code", "error_message"}
    assert entry["id"] == UNKNOWN and entry["error_code"] == "DRS.M05003" and entry["error_message"]


def test_a_detail_with_an_error():
    with client(tasks=[{"id": TASK, "status": "CREATE_FAILED", "status_code": "DRS.M05066",
                        "status_message": "instance creation failed"}]) as c:
        entry = only(c.detail(TASK))
    assert (entry["status"], entry["error_code"], entry["error_message"]) == (
        "CREATE_FAILED", "DRS.M05066", "instance creation failed")


def test_without_the_right_to_read():
    """The role that shows nothing, and the refusals that name the missing right."""
    with client() as c:
        for code, http in (("DRS.M00102", 403), ("DRS.M00103", 401), ("APIGW.0302", 403)):
            c.sim.post("fault", {"kind": "detail", "do": "code", "code": code})
            status, body = c.detail(TASK)
            assert status == http and body["error_code"] == code and "results" not in body
            # The right to read details and no other is missing.
            c.sim.post("fault", {"kind": "detail", "do": "code", "code": code})
            assert c.status(TASK)[0] == c.submit(TASK)[0] == c.result(TASK)[0] == 200
            c.sim.post("clear-faults")
        c.sim.post("credential", {"user": "svc-drswatch", "role": "readonly"})
        assert c.detail(TASK)[0] == 200
        c.sim.post("credential", {"user": "svc-drswatch", "role": "none"})
        status, body = c.detail(TASK)
        assert status == 404
        error(body, "DRS.M00101")


def test_an_absent_task():
    with client(tasks=[{"id": TASK, "absent": True}, {"id": TASK2}]) as c:
        assert [e["id"] for e in c.detail(TASK, TASK2)[1]["results"]] == [TASK2]


def test_the_log_and_who_waits_for_it():
    with client() as c:
        seq = c.sim.seq()
        c.detail(TASK, TASK2)
        assert c.sim.wait("detail", since=seq, task=TASK2, status=200) == seq + 1
        entry, = c.sim.log(seq)
        assert entry["kind"] == "detail" and entry["tasks"] == [TASK, TASK2] and entry["executed"]
        assert entry["path"] == f"/v3/{PROJECT}/jobs/batch-detail"
        assert entry["calls_60s"] == 1 and not entry.get("violations")
        assert CANARY_DB_PASSWORD not in str(c.sim.log()) + str(c.sim.state())


def test_a_client_that_asks_for_too_many(twelve):
    twelve.detail(*IDS)
    assert "more than 10 jobs: 12" in twelve.sim.violations()


def test_nul_in_texts():
    with client(tasks=[{"id": TASK, "name": "orders"}]) as c:
        c.sim.post("fault", {"kind": "detail", "do": "nul"})
        entry = only(c.detail(TASK))
        assert entry["name"] == "orders\0nul" and entry["create_time"].endswith("\0nul")
        assert only(c.detail(TASK))["name"] == "orders"
