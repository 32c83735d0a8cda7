"""What the service manager is told, over a NOTIFY_SOCKET that the test owns."""

import os
import time

from daemon import BINLOG, Config, NotifySocket, jobs, scenario, task


def test_all_that_it_is_told(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1), task(2, BINLOG)]))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(2))
    notify = NotifySocket(tmp_path)
    d = precheckd(cfg, env={"NOTIFY_SOCKET": notify.path})
    assert notify.wait(lambda m: True) == {"READY": "1"}  # before anything else
    status = notify.wait(lambda m: "passed" in m.get("STATUS", ""))["STATUS"]
    assert status.startswith("2 jobs: 1 passed, 1 failed; next check "), status
    assert "; token until " in status

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    d.signal("HUP")
    message = notify.wait(lambda m: "RELOADING" in m)
    assert message.keys() == {"RELOADING", "MONOTONIC_USEC"} and message["RELOADING"] == "1"
    assert before <= int(message["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify.wait(lambda m: m == {"READY": "1"})

    # A bad file is a reload that has ended too: systemctl must not wait for ever.
    cfg.write_text("nonsense")
    d.signal("HUP")
    notify.wait(lambda m: "RELOADING" in m)
    notify.wait(lambda m: m == {"READY": "1"})

    s.post("down", {"what": "all"})
    d.signal("USR1")
    status = notify.wait(lambda m: "trouble" in m.get("STATUS", ""))["STATUS"]
    assert "1 of 1 clouds in trouble" in status
    d.signal("TERM")
    notify.wait(lambda m: m == {"STOPPING": "1"})
    assert d.wait_end() == 0
    assert not any("WATCHDOG" in m for m in notify.seen)


def test_the_watchdog_is_fed(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    notify = NotifySocket(tmp_path)
    # Meant for this process only, as systemd says it; the shell keeps its process id when it execs.
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)),
                  env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "300000"},
                  prefix=["sh", "-c", 'WATCHDOG_PID=$$ exec "$0" "$@"'])
    times = []
    for _ in range(4):
        notify.wait(lambda m: m == {"WATCHDOG": "1"})
        times.append(time.monotonic())
    assert times[3] - times[1] > 0.1  # at a third of the time, not all the while
    d.stop()


def test_a_daemon_that_does_not_start_is_never_ready(precheckd, tmp_path):
    cfg = Config(tmp_path, "http://127.0.0.1:9")
    cfg.write_text("nonsense")
    notify = NotifySocket(tmp_path)
    d = precheckd(cfg, env={"NOTIFY_SOCKET": notify.path}, expect=78)
    assert d.wait_end() == 78
    assert notify.seen == []


def test_a_manager_that_is_gone_does_no_harm(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(1)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1)),
                  env={"NOTIFY_SOCKET": os.path.join(tmp_path, "nobody")})
    d.wait_verdicts(["job-1"], "passed")
