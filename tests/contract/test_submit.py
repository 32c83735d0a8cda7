"""POST /v3/{project_id}/jobs/batch-precheck (reference 1.1, 2, 3)."""

import pytest
from conftest import TASK, TASK2, UNKNOWN, client, error, task_id


def success(task):
    return {"id": task, "precheck_id": task, "status": "success"}


def test_one_task(otc):
    assert otc.submit(TASK) == (200, {"count": 1, "results": [success(TASK)]})


def test_two_tasks(otc):
    assert otc.submit(TASK, TASK2) == (
        200, {"count": 2, "results": [success(TASK), success(TASK2)]})


def test_success_and_failure_in_one_answer():
    with client(tasks=[{"id": TASK}, {"id": TASK2, "status": "FULL_TRANSFER_STARTED"}]) as c:
        status, body = c.submit(TASK, TASK2)
    assert status == 200
    assert body["count"] == 2
    assert body["results"][0] == success(TASK)
    failed = body["results"][1]
    assert set(failed) == {"id", "status", "error_code", "error_msg"}
    assert (failed["id"], failed["status"], failed["error_code"]) == (TASK2, "failed", "DRS.M00304")


@pytest.mark.parametrize("entry, code", [
    ({"precheck_mode": "forStartJob"}, "DRS.M00201"),
    ({"job_id": TASK}, "DRS.M00201"),
    ({"job_id": TASK, "precheck_mode": ""}, "DRS.M00201"),
    ({"job_id": TASK, "precheck_mode": None}, "DRS.M00201"),
    ({"job_id": TASK, "precheck_mode": 1}, "DRS.M00202"),
    ({"job_id": 1, "precheck_mode": "forStartJob"}, "DRS.M00202"),
    ({"job_id": TASK, "precheck_mode": "forstartjob"}, "DRS.M00202"),
    ({"job_id": TASK, "precheck_mode": "forSomething"}, "DRS.M00202"),
    ({"job_id": TASK, "precheck_mode": "forRetryJob"}, "DRS.M00202"),
    (TASK, "DRS.M00202"),
])
def test_entries_that_refuse_the_whole_call(otc, entry, code):
    since = otc.sim.seq()
    status, body = otc.call("batch-precheck", {"jobs": [
        {"job_id": TASK2, "precheck_mode": "forStartJob"}, entry]})
    assert status == 400
    error(body, code)
    assert not otc.sim.log(since)[-1]["executed"]


@pytest.mark.parametrize("profile, status, code", [
    ("otc", 400, "DRS.M00202"), ("huawei", 200, None)])
def test_retry_mode_is_huaweis(profile, status, code):
    with client(tasks=[{"id": TASK, "status": "FULL_TRANSFER_FAILED"}], profile=profile) as c:
        found, body = c.submit(TASK, mode="forRetryJob")
    assert found == status
    if code:
        error(body, code)
    else:
        assert body["results"][0]["status"] == "success"


@pytest.mark.parametrize("profile, limit, code, n, status", [
    ("otc", None, None, 11, 200),
    ("otc", 10, None, 10, 200),
    ("otc", 10, None, 11, 400),
    ("huawei", None, None, 10, 200),
    ("huawei", None, None, 11, 400),
    ("huawei", None, "DRS.M00300", 11, 400),
    ("huawei", 0, None, 11, 200),
])
def test_more_than_ten_jobs(profile, limit, code, n, status):
    defaults = {}
    if limit is not None:
        defaults["max_jobs"] = limit
    if code:
        defaults["max_jobs_code"] = code
    ids = [task_id(i) for i in range(n)]
    with client(tasks=[{"id": i} for i in ids], defaults=defaults, profile=profile) as c:
        found, body = c.submit(*ids)
        assert found == status
        if status == 400:
            error(body, code or "DRS.M00202")
        else:
            assert body["count"] == n
        assert ("more than 10 jobs: 11" in c.sim.violations()) == (n > 10)


@pytest.mark.parametrize("task, code", [
    ({"parent": True}, "DRS.M00307"),
    ({"connection_tested": False}, "DRS.M00300"),
    ({"deleted": True}, "DRS.M05004"),
    ({"status": "WAITING_FOR_START"}, "DRS.M00304"),
    ({"submit_code": "DRS.M00302"}, "DRS.M00302"),
    ({"submit_code": "DRS.M00303"}, "DRS.M00303"),
    ({"submit_code": "DRS.M00308"}, "DRS.M00308"),
    ({"submit_code": "DRS.M00102"}, "DRS.M00102"),
])
def test_a_task_that_is_refused(task, code):
    with client(tasks=[dict(task, id=TASK), {"id": TASK2}]) as c:
        status, body = c.submit(TASK, TASK2)
        assert status == 200
        assert body["results"][0]["status"] == "failed"
        assert body["results"][0]["error_code"] == code
        assert body["results"][1] == success(TASK2)
        assert c.sim.task(TASK)["runs"] == 0
        assert c.sim.task(TASK2)["runs"] == 1


def test_busy_is_a_202_and_passes():
    with client(tasks=[{"id": TASK, "busy": 2}]) as c:
        for _ in range(2):
            status, body = c.submit(TASK)
            assert status == 202
            assert body["results"][0]["status"] == "failed"
            assert body["results"][0]["error_code"] == "DRS.M01504"
        assert c.submit(TASK) == (200, {"count": 1, "results": [success(TASK)]})


def test_busy_for_ever():
    with client(tasks=[{"id": TASK, "busy": -1}]) as c:
        for _ in range(4):
            assert c.submit(TASK)[0] == 202


@pytest.mark.parametrize("overlap, status, code, runs", [
    ("replace", 200, None, 2), ("keep", 200, None, 1),
    ("busy", 202, "DRS.M01504", 1), ("state", 200, "DRS.M00304", 1)])
def test_a_submit_on_top_of_a_run(overlap, status, code, runs):
    with client(defaults={"overlap": overlap, "duration": "1h"}) as c:
        assert c.submit(TASK)[0] == 200
        found, body = c.submit(TASK)
        assert found == status
        assert body["results"][0].get("error_code") == code
        assert c.sim.task(TASK)["runs"] == runs
        assert c.sim.violations() == [f"overlap: {TASK}"]


def test_precheck_id_may_differ():
    with client(tasks=[{"id": TASK, "precheck_id": "run-17"}]) as c:
        assert c.submit(TASK)[1]["results"] == [
            {"id": TASK, "precheck_id": "run-17", "status": "success"}]
        assert c.result(TASK)[1]["results"][0]["precheck_id"] == "run-17"


def test_no_entry_for_an_id():
    with client(tasks=[{"id": TASK, "absent": True}, {"id": TASK2}]) as c:
        assert c.submit(TASK, TASK2) == (200, {"count": 1, "results": [success(TASK2)]})
        assert c.sim.task(TASK)["runs"] == 1


@pytest.mark.parametrize("shape, status", [("entry", 200), ("call", 400), ("results400", 400)])
def test_shapes_of_a_refusal(shape, status):
    with client(defaults={"refusal_shape": shape}) as c:
        found, body = c.submit(TASK, UNKNOWN)
        assert found == status
        if shape == "call":
            error(body, "DRS.M05003")
            assert c.sim.task(TASK)["runs"] == 0
        else:
            assert body["count"] == 2
            assert body["results"][1]["id"] == UNKNOWN
            assert body["results"][1]["error_code"] == "DRS.M05003"
