"""A journal of our own: journald's socket, in a mount namespace of its own; what is news is kept.

A datagram that the kernel took is told, also if its sender died right after: it waits in the queue. So what is in
Journal.entries is exactly what a journald would have. The native protocol is decoded here, from its documentation
(systemd.io/JOURNAL_NATIVE_PROTOCOL), not by any code of ours.
"""

import array
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

SOCKET = "/run/systemd/journal/socket"
INSIDE = "PRECHECKD_CRASH_INSIDE"


def private_run():
    """Runs this program again with a /run of its own; returns in the inner process. Exit status 77: it can't be
    done here, which is a failure in CI."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
        return
    missing = ""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        missing = "needs root and unshare(1)"
    elif subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        missing = "no mount namespaces here"
    if missing:
        print(f"crash test skipped: {missing}", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    env = dict(os.environ, **{INSIDE: "1"})
    os.execvpe("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv], env)


def decode(data):
    """A datagram as {field: value}; a field that occurs several times as a list, in order."""
    entry = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[:8], "little")
            value, data = data[8:8 + size], data[8 + size + 1:]
        entry.setdefault(name.decode(), []).append(value.decode())
    return {name: v[0] if len(v) == 1 else v for name, v in entry.items()}


class Journal:
    """Listens; every entry is in self.entries as soon as it was read."""

    def __init__(self, path=SOCKET):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(path)
        self.entries = []
        self.flushed = 0
        self.more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
            for level, kind, blob in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fd = array.array("i", blob)[0]
                    data = os.pread(fd, os.fstat(fd).st_size, 0)
                    os.close(fd)
            if data == b"":  # flush()
                with self.more:
                    self.flushed += 1
                    self.more.notify_all()
                continue
            entry = decode(data)
            if "DRS_EVENT" not in entry:  # diagnostics
                continue
            entry["at"] = time.monotonic()
            with self.more:
                self.entries.append(entry)
                self.more.notify_all()

    def flush(self):
        """Returns when everything that was sent before is in self.entries: the queue is a queue."""
        with self.more:
            wanted = self.flushed + 1
        out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        out.sendto(b"", self.socket.getsockname())
        out.close()
        with self.more:
            assert self.more.wait_for(lambda: self.flushed >= wanted, 30), "the journal's reader has died"

    def wait(self, count, timeout):
        """Blocks until there are that many entries; False after timeout seconds."""
        with self.more:
            return self.more.wait_for(lambda: len(self.entries) >= count, timeout)
