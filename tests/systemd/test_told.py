"""What the journal holds of it, how journalctl -x explains that, and the recipes of the manual, each as it stands there."""

import json
import os
import re

import pytest

from bed import ROOT, UNIT
from daemon import BINLOG, BINLOG_FIXED, GOOD, jobs, scenario, task, task_id

FAILED = "609d9ff3d543493fba907267dde28635"


@pytest.fixture
def told(bed, sim):
    """A service that has told of a passed and a failed job, named as those of the manual."""
    bed.sim1 = sim(scenario(tasks=[task(1, GOOD), task(2, BINLOG)]))
    bed.configure(bed.sim1, jobs={"spare": {"id": task_id(1)}, "shop-db": {"id": task_id(2)}})
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^spare .*: passed")
    bed.wait_message(r"^shop-db .*: failed")
    return bed


# -- fields and explanations --------------------------------------------------------------------------


def test_fields(told):
    entry = told.journal(f"MESSAGE_ID={FAILED}")[0]
    assert entry["_SYSTEMD_UNIT"] == UNIT and entry["SYSLOG_IDENTIFIER"] == "precheckd"
    assert entry["PRIORITY"] == "3"
    wanted = {"DRS_EVENT": "failed", "DRS_JOB": "shop-db", "DRS_TASK_ID": task_id(2), "DRS_CLOUD": "otc",
              "DRS_VERDICT": "failed", "DRS_STALE": "0", "DRS_ITEM_NEW": "srcDbBinlogIsOff",
              "DRS_TASK_STATUS": "CONFIGURATION"}
    assert {k: entry.get(k) for k in wanted} == wanted
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["DRS_SINCE"])
    assert int(entry["DRS_TRANSITION_ID"]) > 0 and int(entry["DRS_RUN_ID"]) > 0
    # every field that the manual explains is spelled as it is told
    with open(os.path.join(ROOT, "man", "precheckd.8"), encoding="utf-8") as f:
        fields = set(re.findall(r"\bDRS_[A-Z_]+\b", f.read().split(".Sh JOURNAL FIELDS")[1].split(".Sh EVENTS")[0]))
    assert {k for e in told.journal("-u", UNIT) for k in e if k.startswith("DRS_")} <= fields


def test_explanations(told):
    shown = told.run("journalctl", "--no-pager", "-x", "-o", "short", f"MESSAGE_ID={FAILED}").stdout
    assert "Subject: Pre-check of shop-db has failed" in shown
    assert "Documentation: man:precheckd(8)" in shown and "Defined-By: precheckd" in shown
    assert f"DRS would not start task {task_id(2)} (cloud otc) now." in shown
    assert "@" not in shown and "kill-whom=main" in shown
    # each of them is in the catalog that journalctl reads
    listed = told.run("journalctl", "--no-pager", "--list-catalog").stdout
    with open(os.path.join(ROOT, "src", "news.c"), encoding="utf-8") as f:
        ids = re.findall(r'"([0-9a-f]{32})"', f.read())
    assert len(ids) > 30 and all(re.search(rf"^{i} precheckd: ", listed, re.M) for i in ids)


def test_no_explanation_lacks_a_field(told):
    """A field that an entry lacks would be shown as its bare name."""
    told.sim1.post("task", {"id": task_id(2), "items": [BINLOG_FIXED]})
    told.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    told.wait_message(r"^shop-db .*: failed -> passed")
    told.systemctl("kill", "--kill-whom=main", "--signal=USR2", UNIT)
    told.wait_message(r"^spare .*: passed since")
    shown = told.run("journalctl", "--no-pager", "-x", "-u", UNIT).stdout
    assert shown.count("Defined-By: precheckd") >= 5
    subjects = re.findall(r"^(?:-- |.{0,3})Subject: (.*)$", shown, re.M)
    assert "Pre-check of shop-db has passed" in subjects
    assert not [s for s in subjects if "DRS_" in s]


# -- recipes ------------------------------------------------------------------------------------------


def recipes():
    """The literal displays of JOURNAL RECIPES as a reader sees them."""
    with open(os.path.join(ROOT, "man", "precheckd.8"), encoding="utf-8") as f:
        section = f.read().split(".Sh JOURNAL RECIPES\n")[1].split("\n.Sh ")[0]
    shown = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", section, re.M | re.S)
    return [text.replace("\\e", "\\").replace("\\(dq", '"') for text in shown]


def find(*words):
    """The one recipe that has all these words."""
    found = [r for r in recipes() if all(w in r for w in words)]
    assert len(found) == 1, (words, found)
    return found[0]


def commands(text):
    """Single commands of a recipe: a line that begins at the margin begins one."""
    return re.split(r"\n(?=\S)(?!')", text.strip())


def test_each_recipe_is_tried():
    text = {r for r in recipes()}
    tried = {find(*words) for words in (("--since yesterday",), ("-x DRS_JOB",), ("DRS_ITEM_NEW=",), ("-p warning",),
                                        ("--since -7d",), ("USR2",), ("precheckd-failed.service",), ("page@.service\n",))}
    assert tried == text


def test_recipe_failed_since_yesterday(told):
    lines, names = commands(find("--since yesterday"))
    out = told.sh(lines)
    assert "shop-db (cloud otc): failed" in out and "spare" not in out
    assert told.sh(names) == "shop-db\n"


def test_recipe_everything_of_one_job(told):
    out = told.sh(find("-x DRS_JOB"))
    assert "shop-db (cloud otc): failed" in out and "Subject: Pre-check of shop-db has failed" in out
    assert "spare" not in out


def test_recipe_runs_in_which_an_item_failed(told):
    told.sim1.post("task", {"id": task_id(2), "items": [BINLOG, {"item": "dstDbConnection", "result": "FAILED",
                                                                 "failed_reason": "X", "group": "network"}]})
    told.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    told.wait_journal(lambda e: e.get("DRS_EVENT") == "failed-items")
    rows = [line.split("\t") for line in told.sh(find("DRS_ITEM_NEW=")).splitlines()]
    assert [r[0] for r in rows] == ["shop-db", "shop-db"]
    assert rows[0][1] != rows[1][1] and all(r[2].endswith("Z") for r in rows)


def test_recipe_only_news(told):
    all_news, bad_news = commands(find("-p warning"))
    lines = told.sh(all_news).splitlines()
    assert any(line.startswith("spare (cloud otc): passed") for line in lines)
    assert not any("precheckd 0" in line or "short_times" in line for line in lines)
    lines = told.sh(bad_news).splitlines()
    assert len(lines) == 1 and lines[0].startswith("shop-db (cloud otc): failed")


def test_recipe_json(told):
    rows = [line.split("\t") for line in told.sh(find("--since -7d")).splitlines()]
    assert ["otc", "shop-db", "failed", "srcDbBinlogIsOff"] in [r[1:] for r in rows]
    assert ["otc", "spare", "passed", ""] in [r[1:] for r in rows]


def test_recipe_how_every_job_is(told):
    out = told.sh(find("USR2"))
    assert "spare (cloud otc): passed since" in out and "shop-db (cloud otc): failed since" in out


def test_recipe_unit_by_message_id(bed, sim):
    for text in (find("precheckd-failed.service"), find("page@.service\n")):
        bed.write(re.match(r"# (/etc/systemd/system/\S+)\n", text).group(1), text)
    bed.systemctl("daemon-reload")
    assert bed.run("systemd-analyze", "verify", "--man=no", "precheckd-failed.service", "page@x.service").stderr == ""
    bed.systemctl("enable", "--now", "precheckd-failed.service")
    # as soon as it listens
    bed.wait(lambda: bed.run("logger", "--journald", input=f"MESSAGE_ID={FAILED}\nMESSAGE=x\nDRS_JOB=none\n") and
             bed.journal("-t", "page"), step=0.3)
    s = sim(scenario(tasks=[task(1, GOOD), task(2, BINLOG)]))
    bed.configure(s, jobs={"all-well": {"id": task_id(1)}, "shop-db/1": {"id": task_id(2)}})
    bed.systemctl("start", UNIT)
    entry = bed.wait_journal(lambda e: "none" not in e["MESSAGE"], "-t", "page")[0]
    assert entry["MESSAGE"] == "the pre-check of shop-db/1 failed"
    assert entry["_SYSTEMD_UNIT"].startswith("page@shop")
    assert "all-well" not in json.dumps(bed.journal("-t", "page"))
