"""A redirect is not followed: the token goes where the configuration says, and nowhere else."""

import socket
import threading

import pytest

from daemon import Config, jobs, scenario, task


@pytest.mark.parametrize("kind", ["login", "status", "submit", "result"])
@pytest.mark.parametrize("status", [302, 307])
def test_not_followed(sim, precheckd, tmp_path, kind, status):
    trap = socket.create_server(("127.0.0.1", 0))
    caught = []

    def accept():
        try:
            caught.append(trap.accept())
        except OSError:
            pass

    waiting = threading.Thread(target=accept, daemon=True)
    waiting.start()
    s = sim(scenario(tasks=[task(1)]))
    elsewhere = f"http://127.0.0.1:{trap.getsockname()[1]}/v3/auth/tokens"
    s.post("fault", {"kind": kind, "do": "redirect", "status": status, "location": elsewhere, "count": -1})
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(1), cloud={"backoff_max": "100ms"}))
    d.wait(rf"err: cloud otc: http://127\.0\.0\.1:{s.port} can't be used as configured: .*"
           rf"127\.0\.0\.1:{trap.getsockname()[1]}")
    s.wait(kind, 2, timeout=30)
    d.stop()
    trap.shutdown(socket.SHUT_RDWR)
    trap.close()
    waiting.join(10)
    assert caught == []
