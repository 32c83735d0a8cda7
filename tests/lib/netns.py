"""A network and a view of /etc/hosts of a test's own, where names lead to addresses that are not of the loopback.

    with Netns(tmp_path, {"cloud.test": "192.0.2.1"}) as ns:
        s = ns.listening("192.0.2.1", 443)      # a socket in there, for a server that runs out here
        Daemon(cfg, prefix=ns.prefix)           # a program that runs in there

Nothing is mounted or named outside: all of it ends with the process that holds it.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading

from nginx import listening

CLONE_NEWNET = 0x40000000


def missing():
    """Why it can't be used here, or None."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    for program in ("unshare", "nsenter", "ip"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None


class Netns:
    """A network namespace with the addresses on its lo, and a mount namespace with a hosts file."""

    def __init__(self, directory, hosts):
        path = os.path.join(os.fspath(directory), "hosts")
        with open(path, "w") as f:
            f.write("127.0.0.1 localhost\n" + "".join(f"{a} {name}\n" for name, a in hosts.items()))
        addresses = " ".join(sorted(set(hosts.values())))
        # Its own resolver too: a name that is not in the file must not be asked of anybody.
        script = f"""set -e
            mount --bind {path} /etc/hosts
            ip link set lo up
            for a in {addresses}; do ip address add $a/32 dev lo; done
            echo ready
            read -r _ || :"""
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        first = self.process.stdout.readline()
        if first != b"ready\n":
            self.process.kill()
            raise RuntimeError("no network namespace: " + (first + self.process.communicate()[0]).decode())
        self.prefix = ["nsenter", "-t", str(self.process.pid), "--net", "--mount", "--"]

    def inside(self, function):
        """What the function returns, called by a thread that is in the network in there."""
        result = []

        def work():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/proc/{self.process.pid}/ns/net") as f:
                if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                    result.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                result.append(function())
            except Exception as e:
                result.append(e)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def listening(self, address, port=0):
        return self.inside(lambda: listening(address, port))

    def stop(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
