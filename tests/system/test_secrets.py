"""Password and tokens are seen by IAM and DRS, and nowhere else. Daemon.stop() searches all that is printed."""

import os
import resource
import shutil
import stat
import tempfile

from daemon import BINLOG, Config, Daemon, binary, jobs, run, scenario, task
from sim import CANARY_PASSWORD, CANARY_TOKEN


def test_nowhere_at_log_level_debug(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1, BINLOG), task(2)], tokens={"life": "4s"}, defaults={"duration": "100ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(2, interval="200ms"), cloud={"backoff_max": "100ms"},
                                        top={"log_level": "debug"})
    d = precheckd(cfg, "--log-level", "debug")
    d.wait(r"debug: call \d+ ", 10)
    s.post("tokens", {"revoke": True})
    s.wait("login", 3, timeout=30)
    for fault in ("html", "reset", "nul", "big", "deep", "drip", "cut"):
        s.post("fault", {"kind": "status", "do": fault, "size": 2000000, "chunk": 200})
        s.wait("status", 3, since=s.seq(), timeout=30)
    d.signal("USR2")
    d.reload()
    s.wait("submit", 1, since=s.seq(), timeout=30)

    for name in ("cmdline", "environ", "comm", "status"):
        text = d.proc(name)
        assert CANARY_PASSWORD.encode() not in text and CANARY_TOKEN.encode() not in text, name
    for where, _, files in os.walk(cfg.state_dir):
        for name in files:
            with open(os.path.join(where, name), "rb") as f:
                text = f.read()
            assert CANARY_PASSWORD.encode() not in text and CANARY_TOKEN.encode() not in text, name
    # No children that could inherit anything.
    assert d.proc(f"task/{d.pid}/children").split() == []
    printed = run("-c", cfg.path, "--print-config")
    assert CANARY_PASSWORD not in printed.stdout and cfg.secret_path in printed.stdout


def test_no_core_and_no_reading_of_its_memory(sim):
    """Not dumpable: its /proc entries belong to root, whoever it runs as, and no core is ever written."""
    directory = tempfile.mkdtemp(prefix="precheckd-test.")
    try:
        s = sim(scenario(tasks=[task(1)]))
        # The build directory may be closed to others.
        program = shutil.copy(binary(), os.path.join(directory, "precheckd"))
        os.chmod(directory, 0o755)
        os.makedirs(os.path.join(directory, "own"))
        cfg = Config(os.path.join(directory, "own"), s.url).write(jobs=jobs(1))
        for name in (cfg.directory, cfg.secret_path, cfg.path):
            os.chown(name, 65534, 65534)
        # A leak check reads the process's memory, which is what must not be possible.
        asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))
        d = Daemon(cfg, env={"ASAN_OPTIONS": asan}, user=65534, group=65534, extra_groups=[], executable=program,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
        with d:
            d.wait_verdicts(["job-1"], "passed")
            assert os.stat(f"/proc/{d.pid}").st_uid == 65534 or os.stat(f"/proc/{d.pid}/mem").st_uid == 0
            mem = os.stat(f"/proc/{d.pid}/mem")
            assert (mem.st_uid, stat.S_IMODE(mem.st_mode)) == (0, 0o600)
            assert os.stat(f"/proc/{d.pid}/environ").st_uid == 0
            limits = d.proc("limits").decode()
            assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]
    finally:
        shutil.rmtree(directory)
