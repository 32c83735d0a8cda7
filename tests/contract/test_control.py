"""What drs-simulator itself promises: scenario file, command line, /_sim/, secrets (drs-simulator(1))."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest
from conftest import DOMAIN, PROJECT, TASK, TASK2, UNKNOWN, USER, client, scenario, task_id
from sim import CANARY_PASSWORD, CANARY_TOKEN, ROOT, Sim, build_dir

BINARY = os.path.join(build_dir(), "drs-simulator")


def run(*args, text=None, tmp_path=None):
    args = list(args)
    if text is not None:
        path = tmp_path / "scenario.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        args += ["--scenario", str(path)]
    return subprocess.run([BINARY, *args], capture_output=True, timeout=30, text=True)


# -- command line ----------------------------------------------------------------------------------


def test_help_and_version():
    out = run("--help")
    assert out.returncode == 0 and out.stdout.startswith("usage: drs-simulator") and not out.stderr
    out = run("--version")
    assert out.returncode == 0 and re.fullmatch(r"drs-simulator \d+\.\d+\.\d+\n", out.stdout)


@pytest.mark.parametrize("args", [
    [], ["--nonsense"], ["--scenario"], ["--scenario", "x", "more"],
    ["--scenario", "x", "--profile", "aws"], ["--scenario", "x", "--listen", "8080"],
    ["--scenario", "x", "--listen", "0.0.0.0:0"], ["--scenario", "x", "--listen", "127.0.0.1:x"],
    ["--scenario", "x", "--listen", "127.0.0.1:65536"], ["--scenario", "x", "--control-port", "-1"],
])
def test_usage(args):
    out = run(*args)
    assert out.returncode == 64
    assert out.stderr and not out.stdout


def test_a_port_that_is_taken(otc, tmp_path):
    out = run("--listen", f"127.0.0.1:{otc.sim.port}", text=scenario(), tmp_path=tmp_path)
    assert out.returncode == 1
    assert f"cannot listen on 127.0.0.1:{otc.sim.port}" in out.stderr


def test_ends_by_signal():
    for sig in (signal.SIGTERM, signal.SIGINT):
        sim = Sim(scenario())
        sim.process.send_signal(sig)
        assert sim.stop() == 0


def test_profile_on_the_command_line_wins():
    with Sim(scenario(profile="otc"), profile="huawei") as sim:
        assert sim.state()["profile"] == "huawei"
    with Sim(scenario(profile="huawei")) as sim:
        assert sim.state()["profile"] == "huawei"
    with Sim(scenario()) as sim:
        assert sim.state()["profile"] == "otc"


# -- the scenario file -----------------------------------------------------------------------------


def test_no_such_file():
    out = run("--scenario", "/nonexistent/s.json")
    assert out.returncode == 78
    assert "/nonexistent/s.json: No such file" in out.stderr


@pytest.mark.parametrize("text, where", [
    ('{\n "seed": 1,\n "users" []\n}', ":3:"),
    ('{"seed": 1', ":1:"),
    ("", ":1:"),
    ('{"seed": 1} x', ":1:"),
])
def test_syntax_errors_name_line_and_column(text, where, tmp_path):
    out = run(text=text, tmp_path=tmp_path)
    assert out.returncode == 78
    assert f"scenario.json{where}" in out.stderr, out.stderr


def bad(path, value, **more):
    """A scenario with the value put at the path."""
    out = scenario(**more)
    at = out
    for key in path[:-1]:
        at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
    at[path[-1]] = value
    return out


@pytest.mark.parametrize("broken, where", [
    (bad(["sede"], 1), "sede: unknown key"),
    (bad(["seed"], "1"), "seed: must be a whole number"),
    (bad(["profile"], "aws"), "profile: must be one of: otc, huawei"),
    (bad(["defaults", "shufle"], True), "defaults.shufle: unknown key"),
    (bad(["defaults", "shuffle"], 1), "defaults.shuffle: must be true or false"),
    (bad(["defaults", "stale"], "soon"), "defaults.stale: must be a time span"),
    (bad(["defaults", "overlap"], "x"), "defaults.overlap: must be one of: replace, keep, busy, state"),
    (bad(["tokens", "lief"], "1h"), "tokens.lief: unknown key"),
    (bad(["tokens", "size"], 1), "tokens.size: must be 64 to"),
    (bad(["tokens", "header"], "X-Token"), "tokens.header: must be X-Subject-Token"),
    (bad(["lockout", "tries"], 99), "lockout.tries: must be 0 to 16"),
    (bad(["users"], {}), "users: must be an array"),
    (bad(["users"], []), "users: at least one"),
    (bad(["users", 0, "pasword"], "x"), "users[0].pasword: unknown key"),
    (bad(["users"], [{"name": "x"}]), "users[0].password: is missing"),
    (bad(["projects"], []), "projects: at least one"),
    (bad(["projects", 0, "id"], "x"), "projects[0].id: must be 32 hexadecimal"),
    (bad(["projects", 1, "id"], PROJECT), f"projects[1].id: {PROJECT} occurs twice"),
    (bad(["projects", 0, "tasks", 0, "statsu"], "x"), "projects[0].tasks[0].statsu: unknown key"),
    (bad(["projects", 0, "tasks", 0, "id"], "x"), "projects[0].tasks[0].id: must be 8-4-4-4-12"),
    (bad(["projects", 0, "tasks", 1, "id"], TASK), f"projects[0].tasks[1].id: {TASK} occurs twice"),
    (bad(["projects", 0, "tasks", 0, "runs"], []), "projects[0].tasks[0].runs: must be an array"),
    (bad(["projects", 0, "tasks", 0, "runs"], [{"itmes": []}]),
     "projects[0].tasks[0].runs[0].itmes: unknown key"),
    (bad(["projects", 0, "tasks", 0, "runs"], [{"items": [{"item": "a", "reslut": "PASSED"}]}]),
     "projects[0].tasks[0].runs[0].items[0].reslut: unknown key"),
    (bad(["projects", 0, "tasks", 0, "items"], [{"item": 1}]),
     "projects[0].tasks[0].items[0].item: must be a text"),
    (bad(["events"], [{"task": {"id": TASK}}]), "events[0].at: is missing"),
    (bad(["events"], [{"at": "1s"}]), "events[0]: has no verb"),
    (bad(["events"], [{"at": "1s", "tsak": {}}]), "events[0].tsak: unknown verb"),
    (bad(["events"], [{"at": "1s", "up": {}, "down": {}}]), "one verb per event"),
    (bad(["events"], [{"at": "1s", "task": {"id": TASK, "statsu": "x"}}]),
     "events[0].task.statsu: unknown key"),
    (bad(["events"], [{"at": "1s", "fault": {"do": "explode"}}]),
     "events[0].fault.do: must be one of: answer"),
    (bad(["events"], [{"at": "1s", "fault": {"kind": "any"}}]), "events[0].fault.do: is missing"),
    (bad(["events"], [{"at": "1s", "down": {"what": "iam", "mode": "refuse"}}]),
     "events[0].down.mode: refuse is for all"),
    (bad(["faults"], [{"do": "code"}]), "faults[0].code: is missing"),
    (bad(["faults"], [{"do": "code", "code": None}]), "faults[0].code: is missing"),
    (bad(["users", 0, "projects"], [None]), "users[0].projects: must be an array of names"),
    (bad(["faults"], [{"do": "reset", "count": 0}]), "faults[0].count: must be at least 1"),
])
def test_errors_name_the_key(broken, where, tmp_path):
    out = run(text=broken, tmp_path=tmp_path)
    assert out.returncode == 78
    assert f"scenario.json: {where}" in out.stderr or where in out.stderr.split("scenario.json: ")[1]
    assert CANARY_PASSWORD not in out.stderr


def manual_example(name):
    with open(os.path.join(ROOT, "man", "drs-simulator.1"), encoding="utf-8") as f:
        page = f.read()
    block = page.split(f".\\\" {name} begins\n")[1].split(f".\\\" {name} ends\n")[0]
    lines = [line for line in block.splitlines() if not line.startswith(".")]
    return json.loads("\n".join(lines).replace("\\e", "\\"))


def test_the_manuals_example():
    """The worked example of drs-simulator(1) is a scenario that loads."""
    with Sim(manual_example("example")) as sim:
        state = sim.state()
        assert state["planned"]
        assert sum(len(p["tasks"]) for p in state["projects"]) >= 2


def test_the_manuals_example_of_logins():
    with Sim(manual_example("login example")) as sim:
        state = sim.state()
        assert [k["access"] for k in state["keys"]] == ["TESTAK0DRSWATCH00001"]
        assert len(state["planned"]) == 3
        assert sim.request("GET", "/openstack/latest/securitykey")[0] == 401


# -- /_sim/ ----------------------------------------------------------------------------------------


def test_log_entries():
    with client() as c:
        c.submit(TASK, TASK2)
        c.result(UNKNOWN)
        log = c.sim.log()
    assert [e["seq"] for e in log] == [1, 2, 3]
    assert [e["kind"] for e in log] == ["login", "submit", "result"]
    submit = log[1]
    assert submit["method"] == "POST"
    assert submit["path"] == f"/v3/{PROJECT}/jobs/batch-precheck"
    assert submit["project"] == PROJECT
    assert submit["tasks"] == [TASK, TASK2]
    assert submit["modes"] == ["forStartJob", "forStartJob"]
    assert (submit["status"], submit["serial"], submit["executed"], submit["answered"]) == (
        200, 1, True, True)
    assert (submit["calls_60s"], log[2]["calls_60s"], submit["logins"]) == (1, 2, 1)
    assert submit["violations"] == []
    assert submit["ms"] <= log[2]["ms"]


def test_log_since(otc):
    seq = otc.sim.seq()
    otc.status(TASK)
    otc.status(TASK2)
    assert [e["tasks"] for e in otc.sim.log(since=seq)] == [[TASK], [TASK2]]
    assert otc.sim.log(since=seq + 2) == []
    assert otc.sim.log(since=seq, kind="login") == []


def test_the_code_of_a_refusal_is_logged(otc):
    otc.sim.post("fault", {"kind": "status", "do": "code", "code": "DRS.M01503"})
    otc.status(TASK)
    entry = otc.sim.log()[-1]
    assert (entry["status"], entry["code"], entry["fault"]) == (400, "DRS.M01503", "code")


def test_log_file(tmp_path):
    path = tmp_path / "log"
    with Sim(scenario(), log_file=path) as sim:
        sim.login(USER, DOMAIN, CANARY_PASSWORD, project=PROJECT)
        in_memory = sim.log()
    assert [json.loads(line) for line in path.read_text().splitlines()] == in_memory


def test_no_secret_in_log_and_state(tmp_path):
    path = tmp_path / "log"
    with Sim(scenario(), log_file=path) as sim:
        token = sim.login(USER, DOMAIN, CANARY_PASSWORD, project=PROJECT)
        sim.call(token, PROJECT, "batch-status", {"jobs": [TASK]})
        sim.request("POST", f"/v3/{PROJECT}/jobs/batch-status?t={token}", "{}",
                    {"X-Auth-Token": token})
        shown = json.dumps(sim.log()) + json.dumps(sim.state()) + path.read_text()
    for text in (CANARY_PASSWORD, CANARY_TOKEN, token):
        assert text not in shown


def test_wait_is_answered_when_it_happens(otc):
    since = otc.sim.seq()
    got = []
    thread = threading.Thread(
        target=lambda: got.append(otc.sim.wait("status", 2, since=since, task=TASK)))
    thread.start()
    otc.status(TASK2)
    otc.status(TASK)
    otc.status(TASK)
    thread.join(20)
    assert got == [since + 3]
    # What has already happened is answered at once.
    assert otc.sim.wait("status", 3, since=since, status=200) == since + 3


def test_wait_ends_by_its_timeout(otc):
    status, body = otc.sim.control("GET", "wait?kind=submit&count=1000&timeout=50ms")
    assert status == 408
    assert body["met"] is False


def test_waiting_clients_do_not_stop_the_end():
    sim = Sim(scenario())
    thread = threading.Thread(target=lambda: pytest.raises(Exception, sim.wait, "status", 1))
    thread.start()
    sim.get("state")
    assert sim.stop() == 0
    thread.join(20)


@pytest.mark.parametrize("verb, body, text", [
    ("task", {"id": UNKNOWN}, "no such task"), ("task", {}, "id: is missing"),
    ("task", {"id": TASK, "statsu": 1}, "statsu: unknown key"), ("nonsense", {}, "unknown verb"),
    ("add-task", {"task": {"id": TASK}}, "the id is taken"),
    ("add-task", {"project": "x", "task": {"id": UNKNOWN}}, "no such project"),
    ("delete-task", {"id": UNKNOWN}, "no such task"), ("credential", {"user": "x"}, "no such user"),
    ("tokens", {"expire": False}, "must be true or the serial"), ("down", {"how": 1}, "unknown key"),
    ("foreign-run", {"id": TASK, "run": {"x": 1}}, "run"), ("event", {"at": "1s"}, "has no verb"),
])
def test_control_errors(otc, verb, body, text):
    status, answer = otc.sim.control("POST", verb, body)
    assert status == 400
    assert text in answer["error"]


def test_control_errors_change_nothing(otc):
    status, _ = otc.sim.control("POST", "task", {"id": TASK, "status": "STARTJOBING", "busy": "no"})
    assert status == 400
    assert otc.sim.task(TASK)["status"] == "CONFIGURATION"


def test_control_on_the_services_port(otc):
    assert otc.sim.request("GET", "/_sim/state")[0] == 200
    assert otc.sim.control("GET", "nothing")[0] == 404
    assert otc.sim.control("PUT", "state")[0] == 405


def test_tasks_come_and_go():
    new = task_id(77)
    with client() as c:
        c.sim.post("add-task", {"project": PROJECT, "task": {"id": new, "status": "CREATING"}})
        assert c.status(new)[1]["results"] == [{"id": new, "status": "CREATING"}]
        c.sim.post("delete-task", {"id": new})
        assert c.status(new)[1]["results"][0]["error_code"] == "DRS.M05004"
        c.sim.post("delete-task", {"id": new, "gone": True})
        assert c.status(new)[1]["results"][0]["error_code"] == "DRS.M05003"


def test_items_change():
    passed = [{"item": "a", "result": "PASSED"}, {"item": "b", "result": "PASSED"}]
    with client(tasks=[{"id": TASK, "items": passed}]) as c:
        def items():
            c.submit(TASK)
            return {i["item"]: i["result"]
                    for i in c.result(TASK)[1]["results"][0]["precheck_result"]}
        assert items() == {"a": "PASSED", "b": "PASSED"}
        c.sim.post("patch-items", {"id": TASK, "items": [{"item": "b", "result": "FAILED"},
                                                         {"item": "c", "result": "ALARM"}]})
        # What is shown does not change; what the next run finds does.
        shown = c.result(TASK)[1]["results"][0]
        assert shown["result"] is True and len(shown["precheck_result"]) == 2
        assert items() == {"a": "PASSED", "b": "FAILED", "c": "ALARM"}
        assert c.result(TASK)[1]["results"][0]["result"] is False
        c.sim.post("task", {"id": TASK, "items": passed})
        assert items() == {"a": "PASSED", "b": "PASSED"}


def test_somebody_presses_the_button():
    with client() as c:
        c.sim.post("foreign-run", {"id": TASK, "run": {
            "duration": "1h", "items": [{"item": "a", "result": "FAILED"}]}})
        assert c.sim.task(TASK)["running"]
        assert c.result(TASK)[1]["results"][0]["process"] == "0%"
        c.submit(TASK)
        assert f"overlap: {TASK}" in c.sim.violations()


def test_events_on_a_timeline():
    events = [{"at": "1h", "task": {"id": TASK, "status": "STARTJOBING"}},
              {"at": "2h", "fault": {"kind": "status", "do": "code", "code": "DRS.M00004"}},
              {"at": "0s", "delete-task": {"id": UNKNOWN}}]
    with client(events=events) as c:
        assert c.sim.wait("event-failed", 1)
        assert c.status(TASK)[1]["results"][0]["status"] == "CONFIGURATION"
        c.sim.advance("1h")
        c.sim.wait("event", 1)
        assert c.status(TASK)[1]["results"][0]["status"] == "STARTJOBING"
        c.sim.advance("1h")
        c.sim.wait("event", 2)
        assert c.status(TASK)[0] == 500
        assert c.status(TASK)[1]["results"][0]["status"] == "STARTJOBING"


def test_events_from_now():
    with client() as c:
        c.sim.post("event", [{"at": "20ms", "task": {"id": TASK, "status": "PAUSING"}},
                             {"at": "1h", "up": {}}])
        c.sim.wait("event", 1)
        assert c.status(TASK)[1]["results"][0]["status"] == "PAUSING"
        assert [p["verb"] for p in c.sim.state()["planned"]] == ["up"]


def test_defaults_change():
    with client() as c:
        c.sim.post("defaults", {"never_checked": "absent"})
        assert c.result(TASK)[1] == {"count": 0, "results": []}


def test_unpleasant_by_default():
    bare = {"defaults": {"stale": "1h", "duration": "1h"}, "users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD}],
            "projects": [{"id": PROJECT, "name": "eu-de", "domain": DOMAIN, "tasks": [
                {"id": TASK, "report": {"items": [{"item": "a", "result": "FAILED"}]},
                 "items": [{"item": "a", "result": "PASSED"}]},
                *({"id": task_id(i)} for i in range(9))]}]}
    with Sim(bare) as sim:
        token = sim.login(USER, DOMAIN, CANARY_PASSWORD, project=PROJECT)
        ids = [TASK] + [task_id(i) for i in range(9)]
        body = sim.call(token, PROJECT, "batch-status", {"jobs": ids})[1]
        assert body["count"] == 5
        orders = [[e["id"] for e in sim.call(token, PROJECT, "batch-status", {
            "jobs": ids, "page_req": {"per_page": 0}})[1]["results"]] for _ in range(2)]
        assert orders[0] != ids and orders[0] != orders[1]
        sim.call(token, PROJECT, "batch-precheck",
                 {"jobs": [{"job_id": TASK, "precheck_mode": "forStartJob"}]})
        old = sim.call(token, PROJECT, "batch-precheck-result", {"jobs": [TASK]})[1]["results"][0]
        assert old["process"] == "100%" and old["precheck_result"][0]["result"] == "FAILED"
        sim.post("defaults", {"stale": "0s"})
        assert sim.state()["active"] == 1
        young = sim.call(token, PROJECT, "batch-precheck-result", {"jobs": [TASK]})[1]["results"][0]
        assert young["process"] != "100%" and young["precheck_result"][0]["result"] == ""
