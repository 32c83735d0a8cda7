"""What ends up in a real journal. Run by test_journal.py, which starts the journald; not collected by itself."""

import json
import os
import re
import select
import socket
import subprocess
import time

import pytest

from daemon import (BINLOG, BINLOG_FIXED, GOOD, PATIENCE, PROJECT, Config, check_output, jobs, project_id, scenario,
                    task, task_id)

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
FAILED = "609d9ff3d543493fba907267dde28635"


def journal(*args):
    """All entries that match, oldest first."""
    subprocess.run(["journalctl", "--sync"], check=True)
    done = subprocess.run(["journalctl", "-q", "-o", "json", "--all", *args], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_entry(*matches, count=1):
    """Blocks until that many entries match; the last of them."""
    follow = subprocess.Popen(["journalctl", "-q", "-f", "-n", "all", "-o", "json", "--all", *matches],
                              stdout=subprocess.PIPE, bufsize=0)
    end = time.monotonic() + PATIENCE
    data = b""
    try:
        while data.count(b"\n") < count:
            ready, _, _ = select.select([follow.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, f"no entry {matches}: {journal()}"
            data += os.read(follow.stdout.fileno(), 1 << 20)
    finally:
        follow.kill()
        follow.wait()
        follow.stdout.close()
    return json.loads(data.split(b"\n")[count - 1])


def values(entry, field):
    """A field that may occur several times."""
    v = entry.get(field, [])
    return v if isinstance(v, list) else [v]


@pytest.fixture
def numbers(request):
    """Job names of this test alone: the journal is shared by all of them."""
    return f"{request.node.name}-job"


def test_a_failed_job_is_found(sim, precheckd, tmp_path, numbers):
    other = {"item": "srcUserPrivilege", "result": "FAILED", "failed_reason": "NO_SUCH_REASON",
             "raw_error_msg": "first\nPRIORITY=0\nDRS_VERDICT=passed\x1b[31m \u00e4", "data": "SECRET-DATA"}
    s = sim(scenario(tasks=[task(1, runs=[{"items": [GOOD, BINLOG, other]}, {"items": [GOOD, BINLOG_FIXED, other]},
                                          {"items": [GOOD, BINLOG_FIXED, dict(other, result="PASSED")]}])]))
    name = numbers
    d = precheckd(Config(tmp_path, s.url).write(jobs={name: {"id": task_id(1)}}), target="journal")
    e = wait_entry(f"DRS_JOB={name}", "DRS_VERDICT=failed")
    assert journal(f"DRS_JOB={name}", "DRS_VERDICT=failed") == [e]
    assert e["MESSAGE"].startswith(f"{name} (cloud otc): failed: srcDbBinlogIsOff FAILED "
                                   "(SOURCE_DB_BINLOG_IS_OFF_FOR_UP): ")
    assert e["MESSAGE_ID"] == FAILED
    assert e["PRIORITY"] == "3"
    assert e["SYSLOG_IDENTIFIER"] == "precheckd"
    assert e["_PID"] == str(d.pid)
    assert e["DRS_EVENT"] == "failed"
    assert e["DRS_CLOUD"] == "otc"
    assert e["DRS_PROJECT_ID"] == project_id(PROJECT)
    assert e["DRS_TASK_ID"] == task_id(1)
    assert e["DRS_TASK_STATUS"] == "CONFIGURATION"
    assert e["DRS_STALE"] == "0"
    assert re.fullmatch(UTC, e["DRS_SINCE"])
    assert int(e["DRS_RUN_ID"]) >= 1 and int(e["DRS_TRANSITION_ID"]) >= 1
    assert "DRS_PREVIOUS_VERDICT" not in e or e["DRS_PREVIOUS_VERDICT"] == "unknown"
    assert sorted(values(e, "DRS_ITEM_NEW")) == ["srcDbBinlogIsOff", "srcUserPrivilege"]
    for field in ("DRS_ITEM_FIXED", "DRS_ITEM_STILL", "DRS_ITEM_UNCHECKED"):
        assert field not in e
    details = sorted(values(e, "DRS_ITEM_DETAIL"))
    assert details[0] == "srcDbBinlogIsOff FAILED SOURCE_DB_BINLOG_IS_OFF_FOR_UP: log_bin is OFF"
    assert details[1].startswith("srcUserPrivilege FAILED NO_SUCH_REASON: first")
    assert "\n" not in details[1] and "\x1b" not in details[1] and "\u00e4" in details[1]
    assert "SECRET-DATA" not in json.dumps(e)

    # One of two fixed: still failed, and told once.
    d.signal("USR1")
    e = wait_entry(f"DRS_JOB={name}", "DRS_EVENT=failed-items")
    assert (e["DRS_VERDICT"], e["PRIORITY"]) == ("failed", "3")
    assert values(e, "DRS_ITEM_FIXED") == ["srcDbBinlogIsOff"]
    assert values(e, "DRS_ITEM_STILL") == ["srcUserPrivilege"]
    assert "DRS_ITEM_NEW" not in e
    assert e["DRS_PREVIOUS_VERDICT"] == "failed"

    d.signal("USR1")
    e = wait_entry(f"DRS_JOB={name}", "DRS_EVENT=passed")
    assert (e["DRS_VERDICT"], e["DRS_PREVIOUS_VERDICT"], e["PRIORITY"]) == ("passed", "failed", "5")
    assert values(e, "DRS_ITEM_FIXED") == ["srcUserPrivilege"]
    assert e["MESSAGE_ID"] == "89db01da7f5c4b349dad1e29a28eede3"
    ids = [int(x["DRS_TRANSITION_ID"]) for x in journal(f"DRS_JOB={name}")]
    assert len(ids) == 3 and sorted(set(ids)) == ids
    d.stop()


def test_other_news(sim, precheckd, tmp_path, numbers):
    s = sim(scenario(tasks=[task(1, connection_tested=False), task(2, status="STARTJOBING")]))
    names = {f"{numbers}-{n}": {"id": task_id(n)} for n in (1, 2)}
    cloud = "cloud-of-other-news"
    cfg = Config(tmp_path, s.url).write(jobs=names, clouds={cloud: {"backoff_max": "100ms"}})
    d = precheckd(cfg, target="journal")
    e = wait_entry(f"DRS_JOB={numbers}-1")
    assert (e["DRS_VERDICT"], e["PRIORITY"], e["DRS_ERROR_CODE"]) == ("refused", "4", "DRS.M00300")
    e = wait_entry(f"DRS_JOB={numbers}-2")
    assert (e["DRS_VERDICT"], e["PRIORITY"], e["DRS_TASK_STATUS"]) == ("started", "5", "STARTJOBING")
    e = wait_entry(f"DRS_CLOUD={cloud}", "DRS_EVENT=login")
    assert e["PRIORITY"] == "6" and "DRS_JOB" not in e and "DRS_VERDICT" not in e

    s.post("down", {"what": "drs", "mode": "html"})
    d.signal("USR1")
    e = wait_entry(f"DRS_CLOUD={cloud}", "DRS_EVENT=cloud-down")
    assert e["PRIORITY"] == "3" and "DRS_JOB" not in e and re.fullmatch(UTC, e["DRS_SINCE"])
    s.post("up")
    e = wait_entry(f"DRS_CLOUD={cloud}", "DRS_EVENT=cloud-up")
    assert e["PRIORITY"] == "5" and " after " in e["MESSAGE"]
    d.signal("USR2")
    e = wait_entry(f"DRS_JOB={numbers}-1", "DRS_EVENT=state")
    assert (e["DRS_VERDICT"], e["PRIORITY"]) == ("refused", "6")
    d.stop()
    assert len(journal(f"DRS_CLOUD={cloud}", "DRS_EVENT=cloud-down")) == 1


def stream(identifier):
    """What systemd connects a service's stderr to, with <N> understood; and the name of it."""
    out = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    out.connect("/run/systemd/journal/stdout")
    out.sendall(f"{identifier}\n\n6\n1\n0\n0\n0\n".encode())
    st = os.fstat(out.fileno())
    return out, f"{st.st_dev}:{st.st_ino}"


def test_the_journal_is_recognised(sim, precheckd, tmp_path, numbers):
    """No --log-target: stderr is the journal's, and JOURNAL_STREAM says so."""
    s = sim(scenario(tasks=[task(1, BINLOG)]))
    out, name = stream("stream-of-the-test")
    cfg = Config(tmp_path, s.url).write(jobs={numbers: {"id": task_id(1)}})
    d = precheckd(cfg, target=None, env={"JOURNAL_STREAM": name}, pass_fds=[out.fileno()],
                  prefix=["bash", "-c", f'exec "$0" "$@" 2>&{out.fileno()}'])
    out.close()
    e = wait_entry(f"DRS_JOB={numbers}", "DRS_VERDICT=failed")
    assert e["_TRANSPORT"] == "journal" and e["MESSAGE_ID"] == FAILED
    d.stop()
    lines = {e["MESSAGE"]: e["PRIORITY"] for e in journal("SYSLOG_IDENTIFIER=stream-of-the-test")}
    assert lines["stopping on SIGTERM"] == "6"
    assert [p for m, p in lines.items() if "short_times is on" in m] == ["4"]
    assert not any("failed: srcDb" in m for m in lines)  # told once, not twice


def test_a_stream_of_somebody_else_is_not_believed(sim, precheckd, tmp_path, numbers):
    s = sim(scenario(tasks=[task(1)]))
    out, name = stream("stream-of-another")
    cfg = Config(tmp_path, s.url).write(jobs={numbers: {"id": task_id(1)}})
    d = precheckd(cfg, target=None, env={"JOURNAL_STREAM": name})
    e = wait_entry("_TRANSPORT=syslog", "SYSLOG_IDENTIFIER=precheckd", f"_PID={d.pid}", "PRIORITY=5")
    assert e["MESSAGE"].startswith(f"{numbers} (cloud otc): passed: ") and e["SYSLOG_FACILITY"] == "3"
    d.stop()
    out.close()
    assert d.lines == []


def test_no_secret_is_in_the_journal():
    """Last, over all that the tests before have left."""
    text = subprocess.run(["journalctl", "-q", "-o", "export", "--all"], check=True, stdout=subprocess.PIPE).stdout
    assert b"DRS_VERDICT=failed" in text
    check_output(text.decode(errors="replace"))
