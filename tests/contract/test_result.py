"""POST /v3/{project_id}/jobs/batch-precheck-result (reference 1.2, 1.12, 2)."""

import pytest
from conftest import TASK, TASK2, client

ITEMS = [
    {"item": "srcDbConnection", "result": "PASSED", "group": "network"},
    {"item": "dstDbDiskSize", "result": "ALARM", "group": "db_disk_size",
     "failed_reason": "DST_DB_DISK_SIZE_UP_ALARM", "data": "{\"size\":\"1024\"}"},
    {"item": "srcDbBinlogIsOff", "result": "FAILED", "group": "db_params",
     "failed_reason": "SOURCE_DB_BINLOG_IS_OFF_FOR_UP", "raw_error_msg": ""},
]


def run(outcome, defaults=None, **task):
    return client(tasks=[dict(task, id=TASK, runs=[outcome])], defaults=defaults or {})


def test_the_example():
    outcome = {"items": ITEMS, "result": False, "total_passed_rate": "95%"}
    with run(outcome, rds_instance_id="77aa88bb99cc4d00a1b2c3d4e5f60718in01") as c:
        c.submit(TASK)
        status, body = c.result(TASK)
    assert status == 200
    assert body == {"count": 1, "results": [{
        "precheck_id": TASK, "result": False, "process": "100%", "total_passed_rate": "95%",
        "rds_instance_id": "77aa88bb99cc4d00a1b2c3d4e5f60718in01", "job_direction": "up",
        "precheck_result": ITEMS}]}


def items(*results):
    return [{"item": f"item{i}", "result": r} for i, r in enumerate(results)]


@pytest.mark.parametrize("results, passed, rate", [
    (["PASSED"], True, "100%"),
    (["PASSED", "ALARM", "ALARM"], True, "100%"),       # ALARM counts as passed
    (["PASSED", "FAILED"], False, "50%"),
    (["FAILED"], False, "0%"),
    (["FAILED", "ALARM", "PASSED"], False, "66%"),
    ([], True, "100%"),
    (["SOMETHING_NEW"], True, "100%"),
])
def test_the_documented_rule(results, passed, rate):
    with run({"items": items(*results)}) as c:
        c.submit(TASK)
        entry = c.result(TASK)[1]["results"][0]
    assert entry["result"] is passed
    assert entry["total_passed_rate"] == rate
    assert entry["process"] == "100%"


@pytest.mark.parametrize("verbatim", [
    {"result": False}, {"total_passed_rate": "99%"}, {"process": "99%"},
    {"total_passed_rate": ""}, {"process": "done"}])
def test_what_is_given_verbatim_wins(verbatim):
    with run(dict(verbatim, items=items("PASSED"))) as c:
        c.submit(TASK)
        entry = c.result(TASK)[1]["results"][0]
    for key, value in verbatim.items():
        assert entry[key] == value


@pytest.mark.parametrize("item", [
    {"item": "a", "result": "PASSED", "failed_reason": ""},
    {"item": "a", "result": "FAILED", "failed_reason": "X", "raw_error_msg": "host=db1 user=root"},
    {"item": "a", "result": "FAILED", "data": "{'tables': ['a', 'b']}"},
    {"item": "a", "result": "FAILED",
     "failed_sub_jobs": [{"id": TASK2, "name": "sub", "check_result": "FAILED"}]},
    {"item": "a", "result": None, "group": None},
    {"item": "a"},
])
def test_items_are_verbatim(item):
    with run({"items": [item]}) as c:
        c.submit(TASK)
        assert c.result(TASK)[1]["results"][0]["precheck_result"] == [item]


def test_there_is_no_id_here(otc):
    otc.submit(TASK)
    assert "id" not in otc.result(TASK)[1]["results"][0]


@pytest.mark.parametrize("direction", ["up", "down", "non-dbs"])
def test_direction(direction):
    with run({"items": []}, job_direction=direction) as c:
        c.submit(TASK)
        assert c.result(TASK)[1]["results"][0]["job_direction"] == direction


def test_a_run_grows():
    outcome = {"items": items("PASSED", "FAILED"), "stuck_at": 50, "duration": "0s"}
    with run(outcome, {"empty_first": True}) as c:
        c.submit(TASK)
        entry = c.result(TASK)[1]["results"][0]
    assert entry["process"] == "50%"
    assert entry["precheck_result"] == [{"item": "item0", "result": "PASSED"},
                                        {"item": "item1", "result": ""}]
    assert entry["result"] is False


def test_a_young_run_shows_only_empty_items():
    with run({"items": ITEMS, "duration": "1h"}, {"empty_first": True}) as c:
        c.submit(TASK)
        entry = c.result(TASK)[1]["results"][0]
    assert entry["process"] == "0%"
    assert [(i["item"], i["result"]) for i in entry["precheck_result"]] == [
        ("srcDbConnection", ""), ("dstDbDiskSize", ""), ("srcDbBinlogIsOff", "")]
    assert all("failed_reason" not in i for i in entry["precheck_result"])


def test_a_young_run_without_empty_items():
    with run({"items": ITEMS, "duration": "1h"}, {"empty_first": False}) as c:
        c.submit(TASK)
        assert c.result(TASK)[1]["results"][0]["precheck_result"] == []


@pytest.mark.parametrize("early", [False, True])
def test_result_before_the_end_means_nothing(early):
    with run({"items": items("FAILED"), "duration": "1h"}, {"early_result": early}) as c:
        c.submit(TASK)
        assert c.result(TASK)[1]["results"][0]["result"] is early


def test_a_run_comes_to_its_end():
    def shows():
        entry = c.result(TASK)[1]["results"][0]
        return entry["process"], entry["total_passed_rate"], len(entry["precheck_result"])

    with run({"items": items("PASSED", "PASSED"), "duration": "100min"}) as c:
        c.submit(TASK)
        assert shows() == ("0%", "0%", 0)
        c.sim.advance("45min")
        assert shows() == ("40%", "0%", 0)
        c.sim.advance("20min")
        assert shows() == ("60%", "50%", 1)
        c.sim.advance("34min")
        assert shows() == ("90%", "50%", 1)
        assert c.sim.state()["active"] == 1
        c.sim.advance("1min")
        assert shows() == ("100%", "100%", 2)
        assert c.sim.state()["active"] == 0


def test_the_last_item_lingers_at_100_percent():
    with run({"items": items("PASSED", "FAILED"), "linger": "1h"}, {"empty_first": True}) as c:
        c.submit(TASK)
        entry = c.result(TASK)[1]["results"][0]
        assert entry["process"] == "100%"
        assert entry["precheck_result"][1] == {"item": "item1", "result": ""}
        c.sim.advance("1h")
        entry = c.result(TASK)[1]["results"][0]
        assert entry["precheck_result"][1] == {"item": "item1", "result": "FAILED"}


def test_the_old_100_percent_is_shown_for_a_while():
    runs = [{"items": items("FAILED")}, {"items": items("PASSED"), "stale": "1h", "duration": "0s"}]
    with client(tasks=[{"id": TASK, "runs": runs}]) as c:
        c.submit(TASK)
        before = c.result(TASK)[1]["results"][0]
        c.submit(TASK)
        assert c.result(TASK)[1]["results"][0] == before
        assert before["process"] == "100%" and before["result"] is False
        c.sim.advance("1h")
        assert c.result(TASK)[1]["results"][0]["result"] is True


def test_one_outcome_per_run_and_the_last_repeats():
    runs = [{"items": items("FAILED")}, {"items": items("ALARM")}, {"items": items("PASSED")}]
    with client(tasks=[{"id": TASK, "runs": runs}]) as c:
        seen = []
        for _ in range(4):
            c.submit(TASK)
            seen.append(c.result(TASK)[1]["results"][0]["precheck_result"][0]["result"])
    assert seen == ["FAILED", "ALARM", "PASSED", "PASSED"]


def test_a_report_from_before():
    report = {"items": items("FAILED")}
    with client(tasks=[{"id": TASK, "report": report}]) as c:
        entry = c.result(TASK)[1]["results"][0]
    assert entry["process"] == "100%"
    assert entry["precheck_result"] == report["items"]


def test_an_outcome_that_is_an_error():
    with run({"error_code": "DRS.M00004", "error_msg": "service abnormal"}) as c:
        c.submit(TASK)
        status, body = c.result(TASK)
    assert (status, body) == (200, {"count": 1, "results": [
        {"precheck_id": TASK, "error_code": "DRS.M00004", "error_msg": "service abnormal"}]})


@pytest.mark.parametrize("never, expected", [
    ("absent", []),
    ("zero", [{"precheck_id": TASK, "result": False, "process": "0%", "total_passed_rate": "0%",
               "precheck_result": []}]),
    ("plain", [{"precheck_id": TASK, "result": False, "process": "100%", "total_passed_rate": "0%",
                "precheck_result": []}]),
])
def test_a_task_that_was_never_checked(never, expected):
    with client(defaults={"never_checked": never}) as c:
        assert c.result(TASK) == (200, {"count": len(expected), "results": expected})


def test_a_task_that_was_never_checked_is_an_error(otc):
    with client() as c:
        status, body = c.result(TASK)
    assert status == 200
    assert set(body["results"][0]) == {"precheck_id", "error_code", "error_msg"}
    assert body["results"][0]["error_code"] == "DRS.M00304"


@pytest.mark.parametrize("profile, code", [("otc", "DRS.M00304"), ("huawei", None)])
@pytest.mark.parametrize("status", ["STARTJOBING", "INCRE_TRANSFER_STARTED"])
def test_otc_shows_results_in_configuration_only(profile, code, status):
    with client(profile=profile) as c:
        c.submit(TASK)
        c.sim.post("task", {"id": TASK, "status": status})
        entry = c.result(TASK)[1]["results"][0]
    assert entry.get("error_code") == code
    assert ("process" in entry) == (code is None)


@pytest.mark.parametrize("task, code", [
    ({"deleted": True}, "DRS.M05004"), ({"result_code": "DRS.M00004"}, "DRS.M00004")])
def test_a_result_that_is_refused(task, code):
    with client(tasks=[dict(task, id=TASK), {"id": TASK2}]) as c:
        c.submit(TASK, TASK2)
        body = c.result(TASK, TASK2)[1]
    assert body["results"][0]["error_code"] == code
    assert "process" not in body["results"][0]
    assert body["results"][1]["process"] == "100%"
