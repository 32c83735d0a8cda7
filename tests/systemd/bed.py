"""A machine with a real systemd as a Python object, by bed.sh; and precheckd installed in it by `make install`.

    with Bed() as bed:
        bed.install()
        with bed.sim(scenario(...)) as sim:
            bed.configure(sim, jobs=jobs(2))
            bed.systemctl("start", "precheckd")
            bed.wait_journal(lambda e: e.get("DRS_EVENT") == "passed")

Raises Impossible, with the reason, where there can be none.
"""

import contextlib
import ctypes
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from daemon import Config  # noqa: E402
from sim import CANARY_PASSWORD, Sim, build_dir  # noqa: E402

SCRIPT = os.path.join(HERE, "bed.sh")
BEDS = os.environ.get("BED_DIR", "/tmp/precheckd-beds")
UNIT = "precheckd.service"
CONF = "/etc/precheckd/precheckd.conf"
PASSWORD = "/etc/precheckd/otc.password"
# What takes no time at all is given this much on a busy machine.
PATIENCE = 30
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_number = itertools.count(1)


class Impossible(Exception):
    """There can be no bed here."""


def remove_stale():
    """The beds of test runs that were killed before they could clean up."""
    for name in os.listdir(BEDS) if os.path.isdir(BEDS) else []:
        owner = re.fullmatch(r"t(\d+)-\d+", name)
        if owner and not os.path.exists(f"/proc/{owner.group(1)}"):
            subprocess.run([SCRIPT, "stop", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def install_tree(directory):
    """`make install` of the build under test, as a package would, below directory."""
    build = os.path.relpath(build_dir(), ROOT)
    # nothing of a make that runs these tests
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "-C", ROOT, f"O={build}", f"DESTDIR={directory}", "PREFIX=/usr", "install"],
                          capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


class BedSim(Sim):
    """A simulator on the bed's loopback, and a test that talks to it there."""

    def __init__(self, bed, *args, **kwargs):
        self.bed = bed
        with bed.network():
            super().__init__(*args, **kwargs)

    def control(self, *args, **kwargs):
        with self.bed.network():
            return super().control(*args, **kwargs)

    def request(self, *args, **kwargs):
        with self.bed.network():
            return super().request(*args, **kwargs)


class Bed:
    """One running bed. Use as a context manager, or call stop()."""

    def __init__(self, *options):
        self.name = f"t{os.getpid()}-{next(_number)}"
        self.children = []
        with tempfile.TemporaryFile() as out:  # no pipe: what runs inside would hold it open
            rc = subprocess.run([SCRIPT, "boot", self.name, *options], stdout=out, stderr=out).returncode
            out.seek(0)
            said = out.read().decode(errors="replace").strip()
        if rc == 77:
            raise Impossible(said.split("skipped: ")[-1])
        assert rc == 0, said
        self.pid = int(subprocess.run([SCRIPT, "pid", self.name], capture_output=True, check=True).stdout)

    def stop(self):
        for child in self.children:
            child.kill()
            child.wait()
        subprocess.run([SCRIPT, "stop", self.name], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    # -- inside -----------------------------------------------------------------------------------

    def run(self, *args, check=True, timeout=120, **kwargs):
        """Runs a command inside to its end: CompletedProcess, with text."""
        done = subprocess.run([SCRIPT, "run", self.name, *map(os.fspath, args)], text=True, capture_output=True,
                              timeout=timeout, **({"stdin": subprocess.DEVNULL} if "input" not in kwargs else {}),
                              **kwargs)
        if check and done.returncode != 0:
            raise AssertionError(f"{args}: exit status {done.returncode}: {done.stdout}{done.stderr}\n{self.tail()}")
        return done

    def sh(self, script, **kwargs):
        """The standard output of a shell script inside."""
        return self.run("bash", "-c", script, **kwargs).stdout

    def spawn(self, *args, **kwargs):
        """Starts a command inside; it is killed with the bed at the latest."""
        self.children.append(subprocess.Popen([SCRIPT, "run", self.name, *args], stdin=subprocess.DEVNULL, **kwargs))
        return self.children[-1]

    @contextlib.contextmanager
    def network(self):
        """This thread's sockets, and its children, are in the bed's network."""
        with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{self.pid}/ns/net") as theirs:
            if _libc.setns(theirs.fileno(), CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                assert _libc.setns(ours.fileno(), CLONE_NEWNET) == 0

    def sim(self, *args, **kwargs):
        return BedSim(self, *args, **kwargs)

    # -- files ------------------------------------------------------------------------------------

    def path(self, path):
        """A path inside, as seen from outside."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text, mode=0o644):
        """Replaces the file in one step."""
        target = self.path(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(os.open(target + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)
        os.chmod(target + ".new", mode)
        os.replace(target + ".new", target)

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as f:
            return f.read()

    def copy(self, tree):
        # not the directory itself, whose mode would become that of /
        subprocess.run(["cp", "-a", *(os.path.join(tree, name) for name in os.listdir(tree)), self.path("/")],
                       check=True)

    # -- systemd ----------------------------------------------------------------------------------

    def systemctl(self, *args, **kwargs):
        return self.run("systemctl", *args, **kwargs)

    def show(self, name, unit=UNIT):
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def main_pid(self, unit=UNIT):
        """As seen inside."""
        return int(self.show("MainPID", unit))

    def drop_in(self, text, unit=UNIT, name="test"):
        """[Service] lines over the unit's own."""
        self.write(f"/etc/systemd/system/{unit}.d/{name}.conf", "[Service]\n" + text.strip() + "\n")
        self.systemctl("daemon-reload")

    def wait(self, predicate, timeout=PATIENCE, step=0.05):
        """Until the predicate is true; its value."""
        end = time.monotonic() + timeout
        while True:
            value = predicate()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not true within {timeout} s\n{self.tail()}")
            time.sleep(step)

    # -- the journal ------------------------------------------------------------------------------

    def journal(self, *matches):
        """The entries as dicts; values that come twice are lists."""
        out = self.run("journalctl", "--no-pager", "--all", "-o", "json", *matches, check=False).stdout
        return [json.loads(line) for line in out.splitlines()]

    def wait_journal(self, wanted, *matches, count=1, timeout=PATIENCE):
        """The entries that wanted() is true of, when there are `count`."""
        def look():
            found = [e for e in self.journal(*matches) if wanted(e)]
            return found if len(found) >= count else None

        return self.wait(look, timeout)

    def wait_message(self, pattern, *matches, **kwargs):
        """The entries of the unit whose message matches."""
        return self.wait_journal(lambda e: re.search(pattern, str(e.get("MESSAGE"))), "-u", UNIT, *matches, **kwargs)

    def tail(self):
        """What a failed test wants to see."""
        done = subprocess.run([SCRIPT, "run", self.name, "journalctl", "--no-pager", "-n", "30", "-o", "short-precise"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.stdout

    # -- precheckd --------------------------------------------------------------------------------

    def configure(self, sim, unit=UNIT, conf=CONF, password=CANARY_PASSWORD, **kwargs):
        """precheckd.conf for a simulator, the password as a credential of the unit; Config.text()'s arguments."""
        with tempfile.TemporaryDirectory() as directory:
            config = Config(directory, sim if isinstance(sim, str) else sim.url)
        config.top["state_dir"] = None
        config.cloud["secret"] = "credential:otc"
        text = config.text(**kwargs)
        self.write(conf, text)
        self.write(PASSWORD, password + "\n", 0o600)
        self.drop_in(f"LoadCredential=otc:{PASSWORD}", unit, "credential")
        return text
