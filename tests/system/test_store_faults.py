"""A store that cannot be written, is damaged, or is of another version: said once with a remedy, nothing is lost."""

import contextlib
import glob
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from daemon import (ALARM, BINLOG, BINLOG_FIXED, GOOD, PATIENCE, SANITIZED, SLOW, Config, binary, jobs, run, runs,
                    scenario, task, task_id)

QUICK = {"interval": "300ms", "first_poll": "30ms", "settle": "200ms", "poll": "20ms", "stale_after": "1h"}
TROUBLE = r"err: can't write to the store: "
OVER = r"notice: the store can be written again; everything is saved"
RETRY = 30  # seconds until what could not be written is tried again
REMEDY_STATUS = 78

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_strace = pytest.mark.skipif(not shutil.which("strace") or SANITIZED,
                                  reason="needs strace(1), which LeakSanitizer does not share a process with")
slow = pytest.mark.skipif(not SLOW, reason=f"takes {RETRY} s: with CI=true or PRECHECKD_SLOW=1")


def begin(sim, directory, tasks=None, state_dir=None, **options):
    """A simulator and a configuration of two jobs, one failed and one passed."""
    s = sim(scenario(tasks=tasks or [task(1, BINLOG), task(2)], defaults={"duration": "30ms"}))
    cfg = Config(directory, s.url)
    cfg.cloud["timeout"] = "1s"
    if state_dir:
        cfg.state_dir = cfg.top["state_dir"] = str(state_dir)
    return s, cfg.write(jobs=jobs(2), defaults=dict(QUICK, **options))


def judged_again(s, numbers=(1, 2)):
    """Blocks until each of the tasks has had one more whole run."""
    since = s.seq()
    for n in numbers:
        s.wait("submit", 2, since=since, task=task_id(n), timeout=PATIENCE)


def news(d, since=0):
    return [m.group(1) for m in d.find(r" (?:info|notice|warning|err): (job-\d \(cloud otc\): .*)", since=since)]


def database(cfg, **more):
    return contextlib.closing(sqlite3.connect(os.path.join(cfg.state_dir, "precheckd.db"), **more))


def finished_runs(cfg):
    with database(cfg) as db:
        return db.execute("SELECT number, job, verdict FROM runs ORDER BY number").fetchall()


def stored_bytes(cfg):
    found = {}
    for path in sorted(glob.glob(os.path.join(cfg.state_dir, "precheckd.db*"))):
        with open(path, "rb") as f:
            found[path] = f.read()
    return found


# -- a disk that is full ----------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """An empty file system of a megabyte."""
    where = tmp_path / "disk"
    where.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(where)], stderr=subprocess.PIPE)
    if done.returncode != 0:
        pytest.skip(f"no mounts here: {done.stderr.decode().strip()}")
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


def fill(where):
    """Leaves no room at all."""
    with open(where / "filler", "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(b"x" * 4096)
        with contextlib.suppress(OSError):
            while True:
                f.write(b"x")


@needs_root
def test_disk_full_until_the_end(small_disk, sim, precheckd, tmp_path):
    """It goes on watching and telling, and says so once; the next process finds the state of before, and hides
    nothing."""
    s, cfg = begin(sim, tmp_path, state_dir=small_disk / "state")
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    fill(small_disk)
    s.post("task", [{"id": task_id(1), "items": [BINLOG_FIXED]}, {"id": task_id(2), "items": [ALARM]}])
    d.wait(rf"{TROUBLE}.*(full|space)")
    d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
    d.wait(r"job-2 \(cloud otc\): passed -> alarmed: ")
    s.post("task", {"id": task_id(2), "items": [GOOD]})
    d.wait(r"job-2 \(cloud otc\): alarmed -> passed: ")
    judged_again(s)
    assert len(d.find(TROUBLE, since=0)) == 1, d.text()
    assert len(news(d)) == 5
    d.stop()
    os.unlink(small_disk / "filler")
    d = precheckd(cfg)
    judged_again(s)
    # What the store does not know was told is told again; job-2 is as it was before the disk was full.
    assert [m for m in news(d) if "job-1" in m and "failed -> passed" in m], d.text()
    assert len(news(d)) <= 3, d.text()
    assert d.find(TROUBLE, since=0) == []
    assert s.violations() == []


@needs_root
@slow
def test_disk_full_for_a_while(small_disk, sim, precheckd, tmp_path):
    s, cfg = begin(sim, tmp_path, state_dir=small_disk / "state", interval="1s")
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    before = finished_runs(cfg)
    fill(small_disk)
    s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
    d.wait(TROUBLE)
    d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
    judged_again(s)
    os.unlink(small_disk / "filler")
    d.wait(OVER, timeout=RETRY + PATIENCE)
    judged_again(s)
    assert len(d.find(TROUBLE, since=0)) == len(d.find(OVER, since=0)) == 1
    d.stop()
    # Nothing is missing of the time between, and nothing is told again.
    after = finished_runs(cfg)
    assert after[:len(before)] == before
    assert {n for n, _, _ in after} == set(range(1, 1 + max(n for n, _, _ in after)))
    d = precheckd(cfg)
    judged_again(s)
    assert news(d) == []


# -- writes that fail -------------------------------------------------------------------------------

@contextlib.contextmanager
def injected(d, what):
    """System calls of the running daemon fail inside of this."""
    tracer = subprocess.Popen(["strace", "-p", str(d.pid), "-f", "-o", "/dev/null",
                               "-e", "trace=" + what.split(":")[0], "-e", "inject=" + what],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    line = tracer.stderr.readline().decode()
    if "attached" not in line:
        tracer.kill()
        tracer.wait()
        pytest.skip(f"strace: {line}")
    try:
        yield tracer
    finally:
        tracer.send_signal(signal.SIGTERM)
        tracer.stderr.close()
        tracer.wait(PATIENCE)


@needs_strace
@pytest.mark.parametrize("error, word", [("EIO", "(?i)i/o|input/output"), ("ENOSPC", "(?i)full|space"),
                                         ("EROFS", "(?i)read-only|i/o|input/output")])
def test_writes_fail_until_the_end(sim, precheckd, tmp_path, error, word):
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    with injected(d, f"pwrite64:error={error}"):
        s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
        line = d.wait(rf"{TROUBLE}.*").group()
        assert re.search(word, line), line
        d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
        judged_again(s)
        assert len(d.find(TROUBLE, since=0)) == 1 and len(news(d)) == 3
        d.stop()
    d = precheckd(cfg)
    d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
    judged_again(s)
    assert len(news(d)) == 1
    assert not glob.glob(os.path.join(cfg.state_dir, "*.bad-*"))


@needs_strace
@slow
def test_a_disk_that_turns_read_only_and_back(sim, precheckd, tmp_path):
    """As after a remount; a real one is refused as long as a file is open for writing."""
    s, cfg = begin(sim, tmp_path, interval="1s")
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    calls = "pwrite64,ftruncate,fsync,fdatasync,openat,unlink:error=EROFS"
    with injected(d, calls):
        s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
        d.wait(TROUBLE)
        d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
    d.wait(OVER, timeout=RETRY + PATIENCE)
    d.stop()
    d = precheckd(cfg)
    judged_again(s)
    assert news(d) == []


@needs_strace
def test_syncs_fail(sim, precheckd, tmp_path):
    """They only matter to a power loss: all is said and kept, and the end is a good one."""
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    with injected(d, "fsync,fdatasync:error=EIO"):
        s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
        d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
        judged_again(s)
        d.stop()
    d = precheckd(cfg)
    judged_again(s)
    assert news(d) == []
    assert not glob.glob(os.path.join(cfg.state_dir, "*.bad-*"))


@needs_strace
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync"])
def test_a_first_start_that_cannot_write(sim, tmp_path, call):
    """Exit status 78 with the reason, and the next start is as good as the first."""
    s, cfg = begin(sim, tmp_path)
    done = subprocess.run(["strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=" + call, "-P",
                           cfg.state_dir + "/precheckd.db.new", "-P", cfg.state_dir + "/precheckd.db",
                           "-P", cfg.state_dir,
                           "-e", f"inject={call}:error=ENOSPC", binary(), "-c", cfg.path,
                           "--log-target", "stderr"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=60, text=True)
    assert done.returncode == REMEDY_STATUS, done.stderr
    assert re.search(r"err: can't make .*precheckd\.db", done.stderr), done.stderr
    assert s.log() == []  # nothing is done that could not be kept
    done = run("-c", cfg.path, "--log-target", "stderr", "--once")
    assert done.returncode == 2 and "job-1 (cloud otc): failed: " in done.stderr, done.stderr


# -- damage -----------------------------------------------------------------------------------------

def cut(path):
    os.truncate(path, os.path.getsize(path) // 2 + 100)


def garble(path):
    with open(path, "r+b") as f:
        for at in range(4096, os.path.getsize(path), 4096):
            f.seek(at)
            f.write(b"\xa5" * 64)


def replace(path):
    with open(path, "wb") as f:
        f.write(b"this is no database\n" * 500)


def foreign(path):
    os.unlink(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE somebody_elses(x)")
        db.commit()


@pytest.mark.parametrize("damage", [lambda p: os.truncate(p, 0), cut, garble, replace, foreign],
                         ids=["emptied", "cut", "garbled", "replaced", "foreign"])
def test_damaged_at_the_start(sim, precheckd, tmp_path, damage):
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    d.stop()
    path = os.path.join(cfg.state_dir, "precheckd.db")
    damage(path)
    with open(path, "rb") as f:
        damaged = f.read()
    d = precheckd(cfg)
    line = d.wait(r"err: .*precheckd\.db was damaged and is now (\S+); precheckd begins without memory")
    bad = line.group(1)
    assert re.fullmatch(re.escape(path) + r"\.bad-\d{8}T\d{6}Z", bad)
    with open(bad, "rb") as f:
        assert f.read() == damaged  # somebody may want its history
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    d.stop()
    d = precheckd(cfg)
    judged_again(s)
    assert news(d) == [] and d.find("was damaged", since=0) == []


def test_a_log_without_its_database_is_damage(sim, precheckd, tmp_path):
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg, expect=-9)
    d.wait_verdicts(["job-1"], "failed")
    d.stop("KILL")
    assert os.path.getsize(cfg.state_dir + "/precheckd.db-wal") > 0
    os.unlink(cfg.state_dir + "/precheckd.db")
    d = precheckd(cfg)
    d.wait(r"err: .* was damaged and is now ")
    d.wait_verdicts(["job-1"], "failed")
    assert len(glob.glob(cfg.state_dir + "/precheckd.db.bad-*-wal")) == 1
    assert s.violations() == []


# -- other versions ---------------------------------------------------------------------------------

def test_a_newer_schema_is_refused(sim, precheckd, tmp_path):
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.stop()
    with database(cfg) as db:
        db.execute("PRAGMA user_version = 999")
        db.commit()
    before, seq = stored_bytes(cfg), s.seq()
    done = run("-c", cfg.path, "--log-target", "stderr")
    assert done.returncode == REMEDY_STATUS
    assert re.search(r"err: .*precheckd\.db was made by a newer precheckd .*install that version again, or move the "
                     r"file away", done.stderr), done.stderr
    after = stored_bytes(cfg)
    assert {path: after[path] for path in before} == before and s.seq() == seq


# The columns of schema 1, as it was.
FIRST_SCHEMA = {
    "job_record": "id saved cloud report told_report drs task name status status_since seen gone refusal refusal_code "
                  "refusal_text refusal_since report_run reported confirmed run run_number run_submitted",
    "cloud_record": "saved iam drs user domain project trouble trouble_since trouble_call throttled_since refused_mark "
                    "trouble_code trouble_text",
}
LATER = {"job_record": {"run_slow", "reminded", "history", "flapping", "typical", "measured", "slowed", "created",
                        "aging_told"},
         "cloud_record": {"pace", "hold", "login_hold", "summarised"}}


def make_older(cfg):
    with database(cfg, isolation_level=None) as db:
        for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            db.execute(f"DROP VIEW {name}")
        for table, columns in LATER.items():
            present = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
            assert set(FIRST_SCHEMA[table].split()) <= present
            for column in columns & present:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")


def test_an_older_schema_is_brought_up(sim, precheckd, tmp_path):
    s, cfg = begin(sim, tmp_path)
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    d.wait_verdicts(["job-2"], "passed")
    d.stop()
    history = finished_runs(cfg)
    make_older(cfg)
    d = precheckd(cfg)
    judged_again(s)
    assert news(d) == [] and d.find(r"err: ", since=0) == []
    d.stop()
    assert finished_runs(cfg)[:len(history)] == history
    with database(cfg) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] >= 2


# -- places where nothing can be kept ---------------------------------------------------------------

def test_state_dir_is_no_directory(sim, tmp_path):
    (tmp_path / "file").write_text("")
    for where in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "not" / "there"):
        s, cfg = begin(sim, tmp_path, state_dir=where)
        done = run("-c", cfg.path, "--log-target", "stderr")
        assert done.returncode == REMEDY_STATUS
        assert re.search(rf"err: .*{re.escape(str(where))}.*; (make|set) .*state_dir", done.stderr), done.stderr
        assert s.log() == []


@needs_root
@pytest.mark.parametrize("there", [False, True], ids=["new", "with-a-store"])
def test_state_dir_is_read_only(sim, precheckd, tmp_path, there):
    s, cfg = begin(sim, tmp_path)
    if there:
        d = precheckd(cfg)
        d.wait_verdicts(["job-1"], "failed")
        d.stop()
    os.makedirs(cfg.state_dir, exist_ok=True)
    seq = s.seq()
    mount = f'mount --bind "{cfg.state_dir}" "{cfg.state_dir}" && mount -o remount,ro,bind "{cfg.state_dir}"'
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no mount namespaces here")
    before = stored_bytes(cfg)
    d = precheckd(cfg, prefix=["unshare", "-m", "sh", "-c", mount + ' && exec "$0" "$@"'], expect=REMEDY_STATUS)
    assert d.wait_end() == REMEDY_STATUS
    assert d.find(rf"err: .*{re.escape(cfg.state_dir)}.*(?i:read-only).*; ", since=0), d.text()
    assert s.seq() == seq and stored_bytes(cfg) == before


@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="needs root and setpriv(1)")
def test_state_dir_of_somebody_else(sim, precheckd, tmp_path):
    s, cfg = begin(sim, tmp_path)
    os.mkdir(cfg.state_dir, 0o755)
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_mode & 0o005 != 0o005:
            os.chmod(path, path.stat().st_mode | 0o005)
        if path.name == "tmp":
            break
    os.chmod(cfg.path, 0o644)
    os.chown(cfg.secret_path, 65534, 65534)
    d = precheckd(cfg, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], expect=REMEDY_STATUS)
    assert d.wait_end() == REMEDY_STATUS
    assert d.find(r"err: .*Permission denied; make state_dir a directory that user 65534 may write", since=0), d.text()
    assert s.log() == []


def test_somebody_elses_lock_is_waited_out(sim, precheckd, tmp_path):
    """A backup that holds the database for a moment is no reason to stop telling."""
    s, cfg = begin(sim, tmp_path, interval="1s")
    d = precheckd(cfg)
    d.wait_verdicts(["job-1"], "failed")
    with database(cfg, isolation_level=None) as db:
        db.execute("BEGIN IMMEDIATE")
        s.post("task", {"id": task_id(1), "items": [BINLOG_FIXED]})
        d.wait(rf"{TROUBLE}.*lock")
        d.wait(r"job-1 \(cloud otc\): failed -> passed: ")
        judged_again(s)
        db.execute("ROLLBACK")
    assert len(d.find(TROUBLE, since=0)) == 1
    assert runs(s)[task_id(1)] >= 2
    if SLOW:
        d.wait(OVER, timeout=RETRY + PATIENCE)
