"""Waiting for the end of a process that a test has started.

LeakSanitizer stops the world at exit by a tracer of its own. On some kernels the SIGSTOP of its attach gets lost
now and then: the tracer waits for a stop, the process spins for the tracer, for ever. A second SIGSTOP is what
the tracer waits for; it is sent only to a process that is being traced and has not ended for a while.
"""

import os
import re
import signal
import subprocess
import time

PATIENT = 2  # seconds that a leak check may take before it is helped


def _traced(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return re.search(r"^TracerPid:\s*[1-9]", f.read(), re.M) is not None
    except OSError:
        return False


def wait_end(process, timeout):
    """The exit status of a subprocess.Popen; subprocess.TimeoutExpired if it does not end in time."""
    end = time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        try:
            return process.wait(max(0.01, min(PATIENT, left)))
        except subprocess.TimeoutExpired:
            if left <= PATIENT:
                raise
            if _traced(process.pid):
                os.kill(process.pid, signal.SIGSTOP)
                try:
                    return process.wait(0.2)
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGCONT)
