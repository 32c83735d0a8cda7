"""POST /v3/{project_id}/jobs/batch-status, and every task status (reference 1.3, 3)."""

import pytest
from conftest import TASK, TASK2, UNKNOWN, client, error, task_id

IDS = [task_id(i) for i in range(12)]


@pytest.fixture(scope="module")
def twelve():
    with client(tasks=[{"id": i} for i in IDS]) as c:
        yield c


def test_answer(otc):
    assert otc.status(TASK, TASK2) == (200, {"count": 2, "results": [
        {"id": TASK, "status": "CONFIGURATION"}, {"id": TASK2, "status": "CONFIGURATION"}]})


@pytest.mark.parametrize("page, expected", [
    (None, IDS[:5]),                                   # the trap: five, not twelve
    ({}, IDS[:5]),
    ({"per_page": 0}, IDS),
    ({"per_page": 12}, IDS),
    ({"per_page": 100}, IDS),
    ({"cur_page": 1}, IDS[:5]),
    ({"cur_page": 2}, IDS[5:10]),
    ({"cur_page": 3}, IDS[10:]),
    ({"cur_page": 2, "per_page": 10}, IDS[10:]),
    ({"cur_page": 12, "per_page": 1}, IDS[11:]),
])
def test_pages(twelve, page, expected):
    status, body = twelve.status(*IDS, page=page)
    assert status == 200
    assert [e["id"] for e in body["results"]] == expected
    assert body["count"] == len(expected)


@pytest.mark.parametrize("page, code", [
    ({"cur_page": 0}, "DRS.M00210"), ({"cur_page": -1}, "DRS.M00210"),
    ({"cur_page": "1"}, "DRS.M00210"), ({"per_page": -1}, "DRS.M00210"),
    ({"per_page": "5"}, "DRS.M00210"), ({"per_page": 101}, "DRS.M00211"),
    ({"cur_page": 4}, "DRS.M00211"), ({"cur_page": 2, "per_page": 0}, "DRS.M00211"),
    ("all", "DRS.M00210"),
])
def test_page_ranges(twelve, page, code):
    status, body = twelve.status(*IDS, page=page)
    assert status == 400
    error(body, code)


def test_pages_of_five_can_be_switched_off():
    with client(tasks=[{"id": i} for i in IDS], defaults={"page_of_5": False}) as c:
        assert c.status(*IDS)[1]["count"] == 12


def test_another_key_for_the_page():
    with client(tasks=[{"id": i} for i in IDS], defaults={"page_key": "pageReq"}) as c:
        assert c.status(*IDS, page={"per_page": 0})[1]["count"] == 5
        assert c.call("batch-status", {"jobs": IDS, "pageReq": {"per_page": 0}})[1]["count"] == 12


def test_out_of_order_by_default_and_the_same_every_time():
    def order():
        with client(tasks=[{"id": i} for i in IDS], defaults={"shuffle": True}) as c:
            return [[e["id"] for e in c.status(*IDS, page={"per_page": 0})[1]["results"]]
                    for _ in range(3)]
    first = order()
    assert all(sorted(one) == IDS for one in first)
    assert any(one != IDS for one in first)
    assert order() == first


def test_error_message_is_what_the_key_is_called_here(otc):
    entry = otc.status(UNKNOWN)[1]["results"][0]
    assert set(entry) == {"id", "error_code", "error_message"}
    assert entry["error_code"] == "DRS.M05003"


def test_a_status_with_an_error():
    with client(tasks=[{"id": TASK, "status": "CREATE_FAILED", "status_code": "DRS.M05066",
                        "status_message": "instance creation failed"}]) as c:
        assert c.status(TASK)[1]["results"] == [
            {"id": TASK, "status": "CREATE_FAILED", "error_code": "DRS.M05066",
             "error_message": "instance creation failed"}]


@pytest.mark.parametrize("deleted, expected", [("error", ("DRS.M05004", None)),
                                               ("status", (None, "DELETED"))])
def test_a_deleted_task(deleted, expected):
    with client(tasks=[{"id": TASK, "deleted": True}], defaults={"deleted": deleted}) as c:
        entry = c.status(TASK)[1]["results"][0]
    assert (entry.get("error_code"), entry.get("status")) == expected


START, RETRY, EDITED = "start", "retry", "edited"
# One row per status of the reference, and which mode of a pre-check it allows.
STATUSES = [
    ("CREATING", None), ("CREATE_FAILED", None), ("CONFIGURATION", START),
    ("WAITING_FOR_START", None), ("STARTJOBING", None), ("START_JOB_FAILED", RETRY),
    ("FULL_TRANSFER_STARTED", None), ("FULL_TRANSFER_FAILED", RETRY),
    ("FULL_TRANSFER_COMPLETE", None), ("INCRE_TRANSFER_STARTED", EDITED),
    ("INCRE_TRANSFER_FAILED", RETRY), ("PAUSING", None), ("PAUSEING", None),
    ("CHANGE_JOB_STARTED", None), ("CHANGE_JOB_FAILED", None),
    ("REBUILD_NODE_STARTED", None), ("REBUILD_NODE_FAILED", None),
    ("NODE_UPGRADE_START", None), ("NODE_UPGRADE_COMPLETE", None), ("NODE_UPGRADE_FAILED", None),
    ("CHILD_TRANSFER_STARTING", None), ("CHILD_TRANSFER_STARTED", None),
    ("CHILD_TRANSFER_COMPLETE", None), ("CHILD_TRANSFER_FAILED", None),
    ("RELEASE_RESOURCE_STARTED", None), ("RELEASE_RESOURCE_FAILED", None),
    ("RELEASE_RESOURCE_COMPLETE", None), ("RELEASE_CHILD_TRANSFER_STARTED", None),
    ("RELEASE_CHILD_TRANSFER_COMPLETE", None), ("DELETED", None),
    ("SOMETHING_UNHEARD_OF", None),
]


@pytest.mark.parametrize("status, allows", STATUSES)
def test_every_status(otc, huawei, status, allows):
    for c in (otc, huawei):
        c.sim.post("task", {"id": TASK, "status": status, "objects_edited": False})
        assert c.status(TASK) == (200, {"count": 1, "results": [{"id": TASK, "status": status}]})
        entry = c.submit(TASK)[1]["results"][0]
        if allows == START:
            assert entry["status"] == "success"
        else:
            assert entry["error_code"] == "DRS.M00304"
    entry = huawei.submit(TASK, mode="forRetryJob")[1]["results"][0]
    assert (entry["status"] == "success") == (allows == RETRY)
    huawei.sim.post("task", {"id": TASK, "objects_edited": True})
    entry = huawei.submit(TASK, mode="forRetryJob")[1]["results"][0]
    assert (entry["status"] == "success") == (allows in (RETRY, EDITED))
    # Never on OTC, whatever the status.
    error(otc.submit(TASK, mode="forRetryJob")[1], "DRS.M00202")
