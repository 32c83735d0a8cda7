"""The real precheckd as a Python object: started with a configuration of its own, watched line by line.

    cfg = Config(tmp_path, sim.url)
    cfg.write(jobs=jobs(3))
    with Daemon(cfg) as d:
        d.wait(r"job-1 .*: passed")      # from the first line on; never sleeps, never loses a line
        d.signal("HUP")

Ended by stop(): SIGTERM, and everything that must be true of every daemon is asserted there: it ends in time
with exit status 0, no sanitizer complained, no secret of the tests was printed.
"""

import collections
import hashlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

from process import wait_end
from sim import CANARY_PASSWORD, CANARY_TOKEN, build_dir

USER = "svc-drswatch"
DOMAIN = "OTC-EU-DE-0000000000100"
PROJECT = "eu-de"
# The longest that a test waits for something which takes no time at all: a busy machine is no failure.
PATIENCE = 30
# `make check-asan` builds elsewhere; what is measured by size or time is judged by other numbers there.
SANITIZED = "asan" in os.path.basename(build_dir().rstrip("/"))
SLOW = os.environ.get("CI") == "true" or os.environ.get("PRECHECKD_SLOW") == "1"

GOOD = {"item": "srcDbConnection", "result": "PASSED", "group": "network"}
BINLOG = {"item": "srcDbBinlogIsOff", "result": "FAILED", "group": "db_params",
          "failed_reason": "SOURCE_DB_BINLOG_IS_OFF_FOR_UP", "raw_error_msg": "log_bin is OFF"}
BINLOG_FIXED = {"item": "srcDbBinlogIsOff", "result": "PASSED", "group": "db_params"}
ALARM = {"item": "dstDbDiskSize", "result": "ALARM", "group": "db_disk_size",
         "failed_reason": "DST_DB_DISK_SIZE_UP_ALARM", "data": "{\"size\":\"1024\"}"}


# -- what both sides are told ---------------------------------------------------------------------

def task_id(n):
    """The n-th task id; like the seed's, its tail is not hexadecimal."""
    return f"{n:08x}-88ad-43c8-811c-{n:07d}jb101"


def project_id(name):
    return hashlib.md5(name.encode()).hexdigest()


def scenario(projects=None, tasks=None, defaults=None, **top):
    """A simulated cloud: {project name: [task, ...]}, or the tasks of one project; short times."""
    projects = projects or {PROJECT: tasks or []}
    return {
        "region": PROJECT,
        "defaults": dict({"duration": "300ms", "stale": "100ms", "linger": "50ms"}, **defaults or {}),
        "users": [{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD}],
        "projects": [{"id": project_id(name), "name": name, "domain": DOMAIN, "tasks": list(tasks)}
                     for name, tasks in projects.items()],
        **top,
    }


def task(n, *items, **more):
    """A task of the simulator whose every run ends with the items; none: one that passed."""
    if "runs" not in more:
        more["items"] = list(items) or [GOOD]
    return dict({"id": task_id(n)}, **more)


def jobs(numbers, cloud=None, **options):
    """{"job-N": options} for Config.write()."""
    if isinstance(numbers, int):
        numbers = range(1, numbers + 1)
    more = dict(options, **({"cloud": cloud} if cloud else {}))
    return {f"job-{n}": dict({"id": task_id(n)}, **more) for n in numbers}


def _value(v):
    if isinstance(v, bool):
        return "yes" if v else "no"
    return str(v) if isinstance(v, int) else '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _block(head, options, indent="\t"):
    lines = "".join(f"{indent}{k} = {_value(v)}\n" for k, v in options.items() if v is not None)
    return f"{head} {{\n{lines}}}\n" if head else lines


class Config:
    """A precheckd.conf with a secret file and a state_dir in a directory of its own."""

    def __init__(self, directory, url, password=CANARY_PASSWORD):
        self.directory = os.fspath(directory)
        self.path = os.path.join(self.directory, "precheckd.conf")
        self.state_dir = os.path.join(self.directory, "state")
        self.secret_path = os.path.join(self.directory, "secret")
        # Without a summary the first passed verdict of a job is told by itself.
        self.top = {"state_dir": self.state_dir, "short_times": True, "summary": "never"}
        self.cloud = {"iam": url, "drs": url, "project": PROJECT, "user": USER, "domain": DOMAIN,
                      "secret": "file:" + self.secret_path, "pace": 600, "backoff_max": "1s",
                      "timeout": "10s"}
        # One round and no second one, unless a test asks for it.
        self.defaults = {"interval": "1h", "first_poll": "100ms", "settle": "600ms", "poll": "50ms"}
        self.set_password(password)

    def set_password(self, password):
        with open(os.open(self.secret_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(password + "\n")

    def text(self, jobs=None, clouds=None, defaults=None, top=None, cloud=None):
        """jobs: {name: options}; clouds: {name: options over the usual ones}; default: one cloud "otc"."""
        clouds = clouds or {"otc": {}}
        parts = [_block("", dict(self.top, **top or {}), "")]
        for name, options in clouds.items():
            parts.append(_block(f"cloud {_value(name)}", {**self.cloud, **(cloud or {}), **options}))
        usual = dict(self.defaults, **defaults or {})
        if len(clouds) == 1:
            usual = dict({"cloud": next(iter(clouds))}, **usual)
        parts.append(_block("defaults", usual))
        parts += [_block(f"job {_value(name)}", options) for name, options in (jobs or {}).items()]
        return "\n".join(parts)

    def write(self, *args, **kwargs):
        """Replaces the file in one step, as an editor would: a reload never sees half of it."""
        self.write_text(self.text(*args, **kwargs))
        return self

    def write_text(self, text):
        with open(self.path + ".new", "w") as f:
            f.write(text)
        os.replace(self.path + ".new", self.path)

    def write_extra(self, name, jobs):
        """A file of jobs below jobs.d."""
        os.makedirs(os.path.join(self.directory, "jobs.d"), exist_ok=True)
        with open(os.path.join(self.directory, "jobs.d", name), "w") as f:
            f.write("\n".join(_block(f"job {_value(j)}", options) for j, options in jobs.items()))


# -- the service manager's end --------------------------------------------------------------------

class NotifySocket:
    """What systemd would listen on: NOTIFY_SOCKET, each message as a dict, in self.seen."""

    def __init__(self, directory):
        self.path = os.path.join(os.fspath(directory), "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.seen = []
        self._at = 0
        self._more = threading.Condition()
        # A thread, as sd_notify(3) blocks when nobody reads.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            text = self.socket.recv(65536).decode()
            message = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
            with self._more:
                self.seen.append(message)
                self._more.notify_all()

    def wait(self, wanted, timeout=PATIENCE):
        """The next message that wanted() is true of; those before it are passed over."""
        end = time.monotonic() + timeout
        with self._more:
            while True:
                while self._at < len(self.seen):
                    self._at += 1
                    if wanted(self.seen[self._at - 1]):
                        return self.seen[self._at - 1]
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no such message within {timeout} s; seen: {self.seen}")
                self._more.wait(left)


# -- the daemon -----------------------------------------------------------------------------------

def environment(extra=None):
    """The tests' environment without what would reach the daemon by accident."""
    unwanted = ("NOTIFY_SOCKET", "JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID", "STATE_DIRECTORY", "RUNTIME_DIRECTORY",
                "CREDENTIALS_DIRECTORY", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY",
                "HTTPS_PROXY", "ALL_PROXY")
    env = {k: v for k, v in os.environ.items() if k not in unwanted}
    env.update(extra or {})
    return env


def binary(build=None):
    return os.path.join(build or build_dir(), "precheckd")


def check_output(text):
    """What must be true of everything that a precheckd ever prints."""
    assert "Sanitizer" not in text and "runtime error" not in text, text
    assert CANARY_PASSWORD not in text, "the password was printed"
    assert CANARY_TOKEN not in text, "a token was printed"


def run(*args, timeout=60, env=None, **kwargs):
    """Runs precheckd to its end: CompletedProcess with text in stdout and stderr."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = subprocess.Popen([binary(), *map(os.fspath, args)], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=err, env=environment(env), **kwargs)
        try:
            wait_end(started, timeout)
        finally:
            if started.poll() is None:
                started.kill()
                started.wait()
            out.seek(0)
            err.seek(0)
            done = subprocess.CompletedProcess(started.args, started.returncode, out.read().decode(errors="replace"),
                                               err.read().decode(errors="replace"))
    check_output(done.stdout + done.stderr)
    return done


class Daemon:
    """One running precheckd. Use as a context manager, or call stop()."""

    def __init__(self, config, *args, env=None, target="stderr", expect=0, prefix=(), **kwargs):
        path = config.path if isinstance(config, Config) else os.fspath(config)
        self.args = [*prefix, binary(), "-c", path]
        if target:
            self.args += ["--log-target", target]
        self.args += args
        self.expect = expect
        self.lines = []
        self.times = []
        self._more = threading.Condition()
        self._ended = False
        self._mark = 0
        self.started = time.monotonic()
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        kwargs.setdefault("stdout", subprocess.DEVNULL)
        self.process = subprocess.Popen(self.args, stderr=subprocess.PIPE, env=environment(env),
                                        **kwargs)
        # A thread, so that the daemon is never held up by a pipe which nobody empties.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for raw in self.process.stderr:
            with self._more:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self.times.append(time.monotonic())
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    # -- lines

    def mark(self):
        """From here on: wait() and find() forget the lines that have come so far."""
        with self._more:
            self._mark = len(self.lines)
        return self._mark

    def find(self, pattern, since=None):
        """All matches so far."""
        with self._more:
            lines = self.lines[self._mark if since is None else since:]
        return [m for m in (re.search(pattern, line) for line in lines) if m]

    def wait(self, pattern, count=1, timeout=PATIENCE, since=None):
        """Blocks until `count` lines match; the last of these matches."""
        end = time.monotonic() + timeout
        with self._more:
            at = self._mark if since is None else since
            found = 0
            while True:
                while at < len(self.lines):
                    m = re.search(pattern, self.lines[at])
                    at += 1
                    found += bool(m)
                    if m and found == count:
                        return m
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    why = "precheckd ended" if self._ended else f"{timeout} s passed"
                    raise AssertionError(f"{why}, {found} of {count} lines match {pattern!r}:\n"
                                         + "\n".join(self.lines[-60:]))
                self._more.wait(left)

    def wait_verdicts(self, names, verdict, timeout=PATIENCE, since=None):
        """Blocks until each job was told to have the verdict."""
        for name in names:
            self.wait(rf": {name} \(cloud [^)]*\): (\w+ -> )?{verdict}: ", timeout=timeout, since=since)

    def text(self):
        with self._more:
            return "\n".join(self.lines)

    # -- signals and the end

    def signal(self, name):
        self.process.send_signal(getattr(signal, "SIG" + name))

    def reload(self, since=None):
        """SIGHUP, and waits until it has been acted on, well or badly; the line that says so."""
        at = len(self.lines) if since is None else since
        self.signal("HUP")
        return self.wait(r"\b(reloaded|reload of|reload failed)\b.*", since=at).group()

    def wait_end(self, timeout=PATIENCE):
        """Waits for the process's end; its exit status."""
        try:
            status = wait_end(self.process, timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.text()}") from None
        self._reader.join(PATIENCE)
        return status

    def stop(self, name="TERM", within=PATIENCE):
        """Ends it and asserts what must be true of every end; the seconds that it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.signal(name)
        try:
            status = self.wait_end(within)
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise
        took = time.monotonic() - began
        check_output(self.text())
        assert status == self.expect, f"exit status {status}, expected {self.expect}:\n{self.text()}"
        return took

    def kill(self):
        """For the end of a test that has failed already."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    # -- what the kernel knows

    def proc(self, name):
        with open(f"/proc/{self.pid}/{name}", "rb") as f:
            return f.read()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_kb(self):
        return int(re.search(rb"VmRSS:\s+(\d+)", self.proc("status")).group(1))


# -- reading the simulator's log --------------------------------------------------------------------

def runs(sim):
    """How many pre-checks of each task the simulator has begun."""
    return {t["id"]: t["runs"] for p in sim.state()["projects"] for t in p["tasks"]}


def submits(log):
    """How often each task was in a submit that DRS acted on, refusing single tasks perhaps."""
    count = collections.Counter()
    for e in log:
        if e["kind"] == "submit" and e["executed"]:
            count.update(e["tasks"])
    return count


def overlap(log, duration_ms):
    """The most runs at once that the log's submits can have caused, each taking duration_ms."""
    edges = []
    for e in log:
        if e["kind"] == "submit" and e["executed"]:
            edges.append((e["ms"], len(e["tasks"])))
            edges.append((e["ms"] + duration_ms, -len(e["tasks"])))
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


def busiest_minute(log):
    """The most DRS calls within any 60 s of the log."""
    times = sorted(e["ms"] for e in log if e["kind"] in ("status", "submit", "result"))
    most = first = 0
    for last, t in enumerate(times):
        while times[first] <= t - 60000:
            first += 1
        most = max(most, last - first + 1)
    return most
