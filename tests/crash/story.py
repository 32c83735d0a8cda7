"""The moving story that goes on while the daemon is killed and killed again: tasks whose checks change from run to
run, one that is led through statuses and refusals, and a cloud that is away now and then.

What is led moves on only when the last move was told: a piece of news that is lost stops the story for good.
"""

import json

from oracle import Expected, outcome, verdict
from daemon import scenario, task_id

DURATION = 80  # ms that every run takes
FINAL = outcome(srcUserPrivilege="FAILED", dstDbDiskSize="ALARM", srcDbBinlogIsOff="FAILED")
CYCLE = [
    outcome(srcDbBinlogIsOff="FAILED"),
    outcome(),
    outcome(dstDbDiskSize="ALARM"),
    outcome(srcDbBinlogIsOff="FAILED", srcUserPrivilege="FAILED"),
    outcome(srcUserPrivilege="FAILED"),
    outcome(dstDbDiskSize="ALARM", srcUserPrivilege="FAILED"),
]


class Tail:
    """The simulator's log as it grows, from its file."""

    def __init__(self, path):
        self.path = path
        self.entries = []
        self._file = None
        self._rest = ""

    def read(self):
        """The entries that have come since the last call."""
        if self._file is None:
            self._file = open(self.path)
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        new = [json.loads(line) for line in lines]
        self.entries += new
        return new


class Walk:
    """A task whose outcome changes after a handful of runs, by a script that the simulator was given before."""

    def __init__(self, number, blocks, random):
        self.id = task_id(number)
        self.blocks, self.first_run = [], []  # the first run of each block, counted from 1
        self.script = []
        for i in range(blocks):
            items = CYCLE[i % len(CYCLE)]
            self.blocks.append(items)
            self.first_run.append(len(self.script) + 1)
            # Not so few that it would be flapping: at most four changes in ten runs are told one by one.
            self.script += [{"items": items}] * random.randint(5, 8)
        self.told = 0
        self.final = False
        self.done = False

    def task(self):
        return {"id": self.id, "runs": self.script}

    def _expected(self, items):
        before = self.blocks[self.told - 1] if self.told else None
        return Expected(verdict(items), verdict(before) if before else None, items, before)

    def on_news(self, entry, sim):
        if self.done:
            return f"news after the last: {entry}"
        may_be_last = self.final and self.told >= self.needed
        if self.told < len(self.blocks) and not (self.final and self.told >= self.begun):
            wrong = self._expected(self.blocks[self.told]).differs(entry)
            if not wrong and sim.task(self.id)["runs"] < self.first_run[self.told]:
                return f"told before it happened: {entry}"
            if not wrong:
                self.told += 1
                return ""
        else:
            wrong = "no more blocks"
        if may_be_last:
            wrong = self._expected(FINAL).differs(entry)
            if not wrong:
                self.done = True
                return ""
        expected = self._expected(self.blocks[self.told]) if self.told < len(self.blocks) else "nothing"
        return f"{wrong}; expected {expected}, block {self.told}: {entry}"

    def end(self, sim):
        """No more changes after one that is different from all; called while no daemon runs."""
        runs = sim.task(self.id)["runs"]
        # A change that only the very last run brought may never have been seen: killed before it could be.
        self.needed = sum(first < runs for first in self.first_run)
        self.begun = sum(first <= runs for first in self.first_run)
        self.final = True
        sim.post("task", {"id": self.id, "items": FINAL})


class Led:
    """A task that is moved from here, one step whenever the last one was told."""

    def __init__(self, number):
        self.id = task_id(number)
        self.items = self.before = None
        self.verdict = None
        self.steps = self._steps()
        self.verb, self.expected = next(self.steps)
        self.ending = self.done = False

    def task(self):
        return {"id": self.id, "items": self.verb["items"]}

    def _report(self, items, **verb):
        step = dict(verb, items=items), Expected(verdict(items), self.verdict, items, self.items)
        self.verdict, self.items = verdict(items), items
        return step

    def _other(self, name, verb, code=None, status="CONFIGURATION"):
        step = verb, Expected(name, self.verdict, code=code, status=status)
        self.verdict = name
        return step

    def _steps(self):
        turn = 0
        yield self._report(CYCLE[0])
        while True:
            # Between two times of not being checked never more than four changes: it is not to be flapping.
            yield self._report(CYCLE[(turn + 1) % len(CYCLE)])
            yield self._report(CYCLE[(turn + 2) % len(CYCLE)])
            yield self._other("started", {"status": "STARTJOBING"}, status="STARTJOBING")
            yield self._report(CYCLE[(turn + 3) % len(CYCLE)], status="CONFIGURATION")
            yield self._report(CYCLE[(turn + 4) % len(CYCLE)])
            yield self._other("refused", {"connection_tested": False}, code="DRS.M00300")
            yield self._report(CYCLE[(turn + 4) % len(CYCLE)], connection_tested=True)
            turn += 1

    def on_news(self, entry, sim):
        if self.done:
            return f"news after the last: {entry}"
        wrong = self.expected.differs(entry)
        if wrong:
            return f"{wrong}; expected {self.expected}: {entry}"
        if self.ending:
            self.done = True
            return ""
        self.verb, self.expected = next(self.steps)
        sim.post("task", dict(self.verb, id=self.id))
        return ""

    def end(self, _sim):
        self.ending = True


class Cloud:
    """Away now and then; told once, and back again once."""

    def __init__(self):
        self.state = "up"  # -> "going" -> "down" -> "coming" -> "up"
        self.outages = 0
        self.summaries = 0

    def go(self, sim, random):
        if self.state == "up":
            self.state = "going"
            self.outages += 1
            sim.post("down", {"what": "drs", "mode": random.choice(["html", "reset"])})

    def on_news(self, entry, sim):
        event = entry["DRS_EVENT"]
        if event == "login":
            return ""
        if event == "summary":
            self.summaries += 1
            return "" if self.summaries == 1 else f"a second summary: {entry}"
        if (event, self.state) == ("cloud-down", "going"):
            self.state = "coming"
            sim.post("up")
            return ""
        if (event, self.state) == ("cloud-up", "coming"):
            self.state = "up"
            return ""
        return f"unexpected while the cloud is {self.state}: {entry}"


class Story:
    def __init__(self, random, kills):
        self.random = random
        # A life is too short for ten runs.
        self.walks = [Walk(n, 10 + kills * 2, random) for n in (1, 2)]
        self.led = Led(3)
        self.cloud = Cloud()
        self.jobs = {"walk-1": self.walks[0], "walk-2": self.walks[1], "led-1": self.led}

    def scenario(self):
        return scenario(tasks=[j.task() for j in self.jobs.values()],
                        defaults={"duration": f"{DURATION}ms", "stale": "30ms", "linger": "0"})

    def configured(self):
        return {name: {"id": j.id} for name, j in self.jobs.items()}

    def on_news(self, entry, sim):
        """Why this piece of news is wrong; "" if it is as it should be."""
        job = entry.get("DRS_JOB")
        return self.jobs[job].on_news(entry, sim) if job else self.cloud.on_news(entry, sim)

    def before_life(self, sim):
        if self.random.random() < 0.08:
            self.cloud.go(sim, self.random)

    def end(self, sim):
        for job in self.jobs.values():
            job.end(sim)

    def done(self):
        return all(j.done for j in self.jobs.values()) and self.cloud.state == "up"

    def __str__(self):
        return (f"{sum(w.told for w in self.walks)} changes of two jobs, {self.cloud.outages} outages; "
                f"cloud {self.cloud.state}, led expects {self.led.expected}, "
                f"walks at block {[w.told for w in self.walks]}")
