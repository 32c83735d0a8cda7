"""What should be told, and whether it was: from what the simulator was made to do and its log of requests.

Nothing of precheckd's is used here, neither its store nor its journal fields' code: outcomes are written down as
DRS has them, and what an operator must read is derived from two of them by the rules of the manual.
"""

import collections

NETWORK = "srcDbConnection"
ITEMS = ("srcDbBinlogIsOff", "srcUserPrivilege", "dstDbDiskSize")
REASONS = {"srcDbBinlogIsOff": "SOURCE_DB_BINLOG_IS_OFF_FOR_UP", "srcUserPrivilege": "SRC_USER_PRIVILEGE",
           "dstDbDiskSize": "DST_DB_DISK_SIZE_UP_ALARM"}


def outcome(**bad):
    """The items of a run: those named are bad (FAILED, ALARM), the others passed."""
    items = [{"item": NETWORK, "result": "PASSED", "group": "network"}]
    for name in ITEMS:
        result = bad.get(name, "PASSED")
        items.append({"item": name, "result": result, "group": "db_params",
                      **({"failed_reason": REASONS[name]} if result != "PASSED" else {})})
    return items


def bad_items(items):
    return {i["item"]: i["result"] for i in items or [] if i["result"] != "PASSED"}


def verdict(items):
    results = bad_items(items).values()
    return "failed" if "FAILED" in results else "alarmed" if "ALARM" in results else "passed"


def values(entry, field):
    v = entry.get(field, [])
    return sorted(v if isinstance(v, list) else [v])


class Expected:
    """One piece of news of a job: its verdict, the one before (None: none told yet), and the items."""

    def __init__(self, verdict, previous=None, items=None, before=None, code=None, status="CONFIGURATION"):
        self.fields = {"DRS_VERDICT": verdict, "DRS_PREVIOUS_VERDICT": previous, "DRS_ERROR_CODE": code,
                       "DRS_TASK_STATUS": status, "DRS_STALE": "0"}
        self.fields["DRS_EVENT"] = verdict if verdict != previous else verdict + "-items"
        if items is None:  # verdicts that do not come of a report
            self.lists = {}
            return
        now, then = bad_items(items), bad_items(before)
        self.lists = {"DRS_ITEM_NEW": sorted(set(now) - set(then)), "DRS_ITEM_FIXED": sorted(set(then) - set(now)),
                      "DRS_ITEM_STILL": sorted(set(now) & set(then)), "DRS_ITEM_UNCHECKED": []}

    def differs(self, entry):
        """Why the entry is not this piece of news; "" if it is."""
        for name, value in self.fields.items():
            if entry.get(name) != value:
                return f"{name} is {entry.get(name)!r}, expected {value!r}"
        for name, value in self.lists.items():
            if values(entry, name) != value:
                return f"{name} is {values(entry, name)}, expected {value}"
        return ""

    def __str__(self):
        return f"{self.fields['DRS_PREVIOUS_VERDICT']} -> {self.fields['DRS_VERDICT']} {self.lists}"


class Book:
    """All that was told, in the order in which the journal took it; says at once what is wrong."""

    def __init__(self):
        self.first = {}        # id: entry, without what tells a repetition
        self.repeated = 0      # entries with DRS_REPEATED
        self.twice = 0         # of these, how many had been told before
        self.last_run = collections.Counter()
        self.errors = []
        self.told_here = set()  # ids told or repeated in the present life
        self.new_here = False  # some of them for the first time
        self.excused = set()   # ids that may be repeated in it: told in the life before, which was cut off

    @staticmethod
    def content(entry):
        return {k: v for k, v in entry.items() if k not in ("DRS_REPEATED", "at")}

    def add(self, entry):
        """The entry, if it is new to the reader; None if it repeats one."""
        if "DRS_TRANSITION_ID" not in entry:
            if entry.get("DRS_EVENT") != "state":
                self.errors.append(f"news without an id: {entry}")
            return None
        number = int(entry["DRS_TRANSITION_ID"])
        again = entry.get("DRS_REPEATED") == "1"
        self.repeated += again
        self.told_here.add(number)
        if number in self.first:
            self.twice += 1
            if number not in self.excused:
                self.errors.append(f"news {number} repeated though it was marked as told long ago: {entry}")
            if not again:
                self.errors.append(f"news {number} told twice without DRS_REPEATED: {entry}")
            if self.content(entry) != self.content(self.first[number]):
                self.errors.append(f"news {number} was {self.first[number]}, and is now {entry}")
            return None
        if self.first and number <= max(self.first):
            self.errors.append(f"news {number} after {max(self.first)}: {entry}")
        self.first[number] = entry
        self.new_here = self.new_here or not again
        self._judge_run(entry)
        return entry

    def turn_over(self, in_peace):
        """The life is over. Only what the next one was not told of may be repeated there."""
        if in_peace:
            self.excused = set()
        elif self.new_here:
            self.excused = self.told_here
        else:  # it may not have come as far as to repeat what the one before had left
            self.excused |= self.told_here
        self.told_here = set()
        self.new_here = False

    def _judge_run(self, entry):
        if "DRS_RUN_ID" in entry:
            run, task = int(entry["DRS_RUN_ID"]), entry["DRS_TASK_ID"]
            if run <= self.last_run[task]:
                self.errors.append(f"run {run} after run {self.last_run[task]}: {entry}")
            self.last_run[task] = run

    def events(self, name):
        return [e for e in self.first.values() if e["DRS_EVENT"] == name]

    def finish(self):
        """Ids are given without gaps, each of them to something told: one that is missing was lost."""
        missing = set(range(1, max(self.first, default=0) + 1)) - set(self.first)
        if missing:
            self.errors.append(f"news {sorted(missing)} were never told")
        return self.errors


def judge_logins(log, book):
    """Between the logins whose token was used (told before the first call) and those that IAM answered."""
    used = {e["serial"] for e in log if e["kind"] in ("status", "submit", "result") and e.get("serial")}
    answered = sum(e["kind"] == "login" and e.get("status") == 201 for e in log)
    told = len(book.events("login"))
    if not len(used) <= told <= answered:
        return [f"{told} logins told; {len(used)} were used, {answered} answered"]
    return []


def judge_submits(log, durations):
    """No submit while the run before is going on. durations(task, n): ms that the task's n-th run takes."""
    errors = [f"the simulator disapproves: {v} ({e})" for e in log for v in e.get("violations", [])]
    last, count = {}, collections.Counter()
    for e in log:
        if e["kind"] != "submit" or not e["executed"]:
            continue
        for task in e["tasks"]:
            if task in last and e["ms"] - last[task] < durations(task, count[task]):
                errors.append(f"run {count[task]} of {task} was {e['ms'] - last[task]} ms old at the next submit: {e}")
            last[task] = e["ms"]
            count[task] += 1
    return errors
