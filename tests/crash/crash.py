#!/usr/bin/python3
"""The crash test: SIGKILL at random moments and at every write boundary, and all that should be told is told.

    tests/crash/crash.py --kills 1000 --seed 7      # and every boundary
    tests/crash/crash.py --kills 100 --boundaries 40

One state_dir lives through all of it. The journal is a socket of our own (journal.py), the cloud is the simulator,
and what must be told is worked out here (story.py, oracle.py). Prints what it saw; exit status 1 if anything was
lost, told twice, told wrongly, or submitted on top of a run; 77 where it can't be run.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]

from daemon import Config, binary, environment, scenario, task_id  # noqa: E402
from journal import Journal, private_run  # noqa: E402
from oracle import Book, Expected, judge_logins, judge_submits, outcome, verdict  # noqa: E402
from sim import Sim  # noqa: E402
from story import DURATION, Story, Tail  # noqa: E402

PATIENCE = 60
HAVE_STRACE = shutil.which("strace") is not None
TOP = {"summary": "1h"}
CLOUD = {"timeout": "500ms", "backoff_max": "100ms"}
DEFAULTS = {"interval": "250ms", "first_poll": "30ms", "settle": "400ms", "poll": "20ms", "stale_after": "1h",
            "remind": "never"}


class Life:
    """One process of the daemon; its diagnostics go to a file that is shown when something is wrong."""

    def __init__(self, config, prefix=()):
        self.log = open(os.path.join(config.directory, "stderr"), "ab")
        self.process = subprocess.Popen([*prefix, binary(), "-c", config.path, "--log-target", "journal"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
                                        env=environment())

    def end(self, sig):
        """Sends the signal; the exit status (negative: a signal's number)."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        self.log.close()
        return self.process.wait(PATIENCE)


class Failed(Exception):
    pass


class Judge:
    """Reads the journal on, hands every new piece of news to `on_news`, and stops at the first thing wrong."""

    def __init__(self, journal, sim, on_news):
        self.journal, self.sim, self.on_news = journal, sim, on_news
        self.book = Book()
        self.at = len(journal.entries)

    def read(self, timeout=0.0):
        """Judges what came, waiting for something to come; how many new ones there were."""
        self.journal.wait(self.at + 1, timeout)
        new = self.journal.entries[self.at:]
        self.at += len(new)
        for entry in new:
            entry = self.book.add(entry)
            wrong = self.on_news(entry, self.sim) if entry else ""
            if wrong:
                self.book.errors.append(wrong)
            if self.book.errors:
                raise Failed("\n".join(self.book.errors))
        return len(new)

    def until(self, done, what, process=None):
        end = time.monotonic() + PATIENCE
        while not done():
            self.read(0.05)
            if time.monotonic() > end:
                raise Failed(f"after {PATIENCE} s still not: {what()}")
            if process and process.poll() is not None:
                return


# -- killed at a system call ---------------------------------------------------------------------

# What changes a file, or the journal (diagnostics go there, too): between two of these nothing happens that a crash could leave behind.
CALLS = ["pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink", "openat", "sendmsg"]
MANY = ("pwrite64", "fdatasync", "openat")
FEWEST = {"pwrite64": 20, "sendmsg": 3}
FILES = ["", "/precheckd.db", "/precheckd.db-wal", "/precheckd.db-shm", "/precheckd.db-journal", "/precheckd.db.new",
         "/precheckd.db.new-journal"]


def strace(state_dir, call, k):
    """Kills the daemon when it enters this system call for the k-th time, on our files; it is not carried out."""
    paths = [] if call in ("sendmsg", "sendto", "recvfrom") else [a for f in FILES for a in ("-P", state_dir + f)]
    return ["strace", "-D", "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={call}", *paths,
            "-e", f"inject={call}:signal=KILL:when={k}"]


# -- random moments ---------------------------------------------------------------------------------

def begin_random(cfg, pick):
    """A life that ends at a system call of the seed's choosing, or, for most of them, from outside."""
    if HAVE_STRACE and pick.random() < 0.4:
        call, most = pick.choice([("sendmsg", 12), ("sendto", 12), ("recvfrom", 12), ("pwrite64", 90)])
        return Life(cfg, prefix=strace(cfg.state_dir, call, pick.randint(1, most)))
    return Life(cfg)


def live(life, judge, tail, pick):
    """Lets it live until a moment of the seed's choosing: after a time, some news, or a submit."""
    end = time.monotonic() + pick.uniform(0.01, 0.7)
    kind = pick.choice(["time", "news", "submit"])
    left = pick.randint(1, 4)
    tail.read()
    while time.monotonic() < end and left > 0 and life.process.poll() is None:
        n = judge.read(0.002 if kind == "submit" else min(0.02, max(0, end - time.monotonic())))
        if kind == "news":
            left -= n
        submits = sum(e["kind"] == "submit" for e in tail.read())
        if kind == "submit":
            left -= submits
    # What follows an event takes a millisecond or two: that is where it hurts.
    if left <= 0:
        time.sleep(pick.choice([0, 0, pick.uniform(0, 0.002), pick.uniform(0, 0.01)]))


def random_kills(journal, directory, kills, seed, report):
    pick = random.Random(seed)
    story = Story(pick, kills)
    log_file = os.path.join(directory, "requests")
    with Sim(story.scenario(), log_file=log_file) as sim:
        tail = Tail(log_file)
        cfg = Config(directory, sim.url).write(jobs=story.configured(), top=TOP, cloud=CLOUD, defaults=DEFAULTS)
        judge = Judge(journal, sim, story.on_news)
        try:
            for _ in range(kills):
                story.before_life(sim)
                life = begin_random(cfg, pick)
                peace = pick.random() < 0.1
                try:
                    live(life, judge, tail, pick)
                finally:
                    status = life.end(signal.SIGTERM if peace else signal.SIGKILL)
                journal.flush()
                judge.read()
                if status != -signal.SIGKILL and not (peace and status in (0, -signal.SIGTERM)):
                    raise Failed(f"precheckd ended by itself: {status}")
                judge.book.turn_over(in_peace=status == 0)
            story.end(sim)
            life = Life(cfg)
            try:
                judge.until(story.done, lambda: f"all told: {story}")
            finally:
                status = life.end(signal.SIGTERM)
            journal.flush()
            judge.read()
            if status != 0:
                raise Failed(f"exit status {status} on SIGTERM")
        except Failed as e:
            raise Failed(f"{e}\n{story}") from None
        finally:
            tail.read()
        book = judge.book
        errors = book.finish() + judge_logins(tail.entries, book) \
            + judge_submits(tail.entries, lambda _task, _n: DURATION)
        if errors:
            raise Failed("\n".join(errors[:20]))
        submits = sum(e["kind"] == "submit" and e["executed"] for e in tail.entries)
        report(f"{kills} kills at random moments, seed {seed}: {len(book.first)} news ({story.cloud.outages} outages), "
               f"{book.repeated} marked as repeated, {book.twice} of them told before; {submits} submits")


# -- every boundary ---------------------------------------------------------------------------------

OLD = {"job-1": outcome(srcDbBinlogIsOff="FAILED"), "job-2": outcome(dstDbDiskSize="ALARM")}
NEW = {"job-1": outcome(), "job-2": outcome(dstDbDiskSize="ALARM", srcUserPrivilege="FAILED")}
TASKS = {"job-1": task_id(1), "job-2": task_id(2)}
class Turn:
    """Both jobs differ from what is remembered (nothing, or OLD), which is told once for each."""

    def __init__(self, fresh):
        before = {} if fresh else OLD
        self.left = {job: Expected(verdict(items), verdict(before[job]) if job in before else None, items,
                                   before.get(job)) for job, items in NEW.items()}
        if fresh:
            # Passed, it is only counted in the summary; after a crash in the first start perhaps told by itself.
            self.optional = {"job-1": self.left.pop("job-1")}
        else:
            self.optional = {}

    def on_news(self, entry, _sim):
        job = entry.get("DRS_JOB")
        if not job:
            return "" if entry["DRS_EVENT"] in ("login", "summary") else f"unexpected: {entry}"
        expected = self.left.pop(job, None) or self.optional.pop(job, None)
        if not expected:
            return f"told once more: {entry}"
        wrong = expected.differs(entry)
        return f"{wrong}: {entry}" if wrong else ""


def one_boundary(call, k, fresh, journal, sim, tail, cfg, template):
    """True if it lived through."""
    shutil.rmtree(cfg.state_dir, ignore_errors=True)
    os.mkdir(cfg.state_dir, 0o700)
    if not fresh:
        shutil.copytree(template, cfg.state_dir, dirs_exist_ok=True)
    for job, task in TASKS.items():
        sim.post("task", {"id": task, "report": {"items": OLD[job]}, "items": NEW[job]})
    turn = Turn(fresh)
    judge = Judge(journal, sim, turn.on_news)
    judge.book.last_run.clear()
    if not fresh:
        judge.book = RestartBook(journal.template_last)
    tail.read()

    def over(least):
        """All is told, and each job was judged once more since."""
        over.seen += [t for e in tail.read() if e["kind"] == "submit" and e["executed"] for t in e["tasks"]]
        return not turn.left and all(over.seen.count(t) >= least for t in TASKS.values())

    over.seen = []
    life = Life(cfg, prefix=strace(cfg.state_dir, call, k))
    try:
        judge.until(lambda: over(2), lambda: f"all told under strace: {list(turn.left)}", life.process)
    finally:
        status = life.end(signal.SIGTERM)
    journal.flush()
    judge.read()
    if status == 0:
        return True
    if status != -signal.SIGKILL:
        raise Failed(f"exit status {status} at {call} {k}")
    judge.book.turn_over(in_peace=False)
    over.seen = []
    life = Life(cfg)
    try:
        judge.until(lambda: over(2), lambda: f"all told: {list(turn.left)} left, {over.seen}", life.process)
    finally:
        status = life.end(signal.SIGTERM)
    journal.flush()
    judge.read()
    if status != 0:
        raise Failed(f"exit status {status} after a crash at {call} {k}")
    return False


class RestartBook(Book):
    """Goes on from the numbers of the state that every turn begins with."""

    def __init__(self, last):
        super().__init__()
        self.start = last

    def add(self, entry):
        if int(entry.get("DRS_TRANSITION_ID", self.start + 1)) <= self.start:
            self.errors.append(f"news number {entry['DRS_TRANSITION_ID']} was given before: {entry}")
        return super().add(entry)


def make_template(journal, sim, cfg, template):
    for job, task in TASKS.items():
        sim.post("task", {"id": task, "items": OLD[job]})
    told = set()
    judge = Judge(journal, sim, lambda e, _sim: told.add(e.get("DRS_JOB", e["DRS_EVENT"])) or "")
    life = Life(cfg)
    try:
        judge.until(lambda: {"job-1", "job-2", "summary"} <= told, lambda: f"told at first: {told}", life.process)
    finally:
        life.end(signal.SIGTERM)
    journal.flush()
    judge.read()
    shutil.copytree(cfg.state_dir, template)
    journal.template_last = max(judge.book.first)


def sweep(call, fresh, most, stride, *args):
    """Every boundary, or every stride-th one; how many there were and how many were tried."""
    tried, k = 0, 1
    while k < most:
        try:
            tried += 1
            if one_boundary(call, k, fresh, *args):
                return k, tried
        except Failed as e:
            raise Failed(f"killed at {call} {k} of {'a first start' if fresh else 'a restart'}: {e}") from None
        k += stride
    raise Failed(f"{call}: more than {most} in so short a life")


def boundaries(journal, directory, stride, report):
    if not HAVE_STRACE:
        report("no strace(1) here: the write boundaries were left out")
        return
    log_file = os.path.join(directory, "requests")
    template = os.path.join(directory, "template")
    world = scenario(tasks=[{"id": t, "items": OLD[j]} for j, t in TASKS.items()],
                     defaults={"duration": f"{DURATION}ms", "stale": "20ms", "linger": "0"})
    with Sim(world, log_file=log_file) as sim:
        cfg = Config(directory, sim.url).write(jobs={j: {"id": t} for j, t in TASKS.items()}, top=TOP, cloud=CLOUD,
                                               defaults=dict(DEFAULTS, interval="150ms"))
        make_template(journal, sim, cfg, template)
        tail = Tail(log_file)
        for fresh in (True, False):
            counts = []
            for call in CALLS:
                step = stride if call in MANY else 1
                last, tried = sweep(call, fresh, 5000, step, journal, sim, tail, cfg, template)
                if last < FEWEST.get(call, 1):
                    raise Failed(f"only {last - 1} boundaries of {call}: strace does not kill as it should")
                counts.append(f"{call} {tried - 1}" + (f" of {last - 1}" if step > 1 else ""))
            report(f"killed at {'the first start' if fresh else 'a restart'}'s " + ", ".join(counts))
        tail.read()
        errors = judge_submits(tail.entries, lambda _task, _n: 0)
        if errors:
            raise Failed("\n".join(errors[:20]))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--kills", type=int, default=100, metavar="N", help="at random moments")
    p.add_argument("--seed", type=int, default=1, metavar="S")
    p.add_argument("--stride", type=int, default=1, metavar="N",
                   help="only every N-th write of the many; 0: no boundaries")
    p.add_argument("--keep", action="store_true", help="leave the directory for a look at it")
    o = p.parse_args()
    private_run()
    journal = Journal()
    top = tempfile.mkdtemp(prefix="precheckd-crash-")
    began = time.monotonic()

    def report(text):
        print(f"{text}; {time.monotonic() - began:.0f} s", flush=True)

    rc = 0
    for name, part in [("random", lambda d: random_kills(journal, d, o.kills, o.seed, report) if o.kills else None),
                       ("boundaries", lambda d: boundaries(journal, d, o.stride, report) if o.stride else None)]:
        directory = os.path.join(top, name)
        os.mkdir(directory)
        try:
            part(directory)
        except Failed as e:
            print(f"FAILED ({name}, seed {o.seed}): {e}", flush=True)
            with open(os.path.join(directory, "stderr"), errors="replace") as f:
                print("".join(f.readlines()[-20:]))
            rc = 1
    if o.keep:
        print(f"left in {top}")
    else:
        shutil.rmtree(top)
    sys.exit(rc)


if __name__ == "__main__":
    main()
