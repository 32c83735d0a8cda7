"""A first start says in one line per cloud what is well, and in one line each what is not."""

from daemon import ALARM, BINLOG, Config, jobs, scenario, task


def test_one_summary_and_what_is_not_passed(sim, precheckd, tmp_path):
    s = sim(scenario(tasks=[task(n) for n in range(1, 9)] + [task(9, BINLOG), task(10, ALARM)]))
    d = precheckd(Config(tmp_path, s.url).write(jobs=jobs(10), top={"summary": None}))
    d.wait(r"info: cloud otc: 10 jobs: .*8 passed")
    d.wait_verdicts(["job-9"], "failed")
    d.wait_verdicts(["job-10"], "alarmed")
    assert len(d.find(r": job-\d+ \(cloud otc\): ")) == 2
    # A job that comes with a reload is told also if it passed.
    s.post("add-task", {"task": task(11)})
    Config(tmp_path, s.url).write(jobs=jobs(11), top={"summary": None})
    d.reload()
    d.wait_verdicts(["job-11"], "passed")
