"""A configuration with just the job of the published example brings it to a verdict."""

import os

from daemon import Config
from sim import ROOT

TASK = "140b5236-88ad-43c8-811c-1268453jb101"


def test_the_published_job_gets_a_verdict(sim, precheckd, tmp_path):
    s = sim(os.path.join(ROOT, "tests", "contract", "seed.json"))
    d = precheckd(Config(tmp_path, s.url).write(jobs={"mysql-migration": {"id": TASK}}))
    d.wait(r"notice: mysql-migration \(cloud otc\): passed: all items of the pre-check are fine$")
    [submit] = s.log(kind="submit")
    assert submit["tasks"] == [TASK]
    assert submit["modes"] == ["forStartJob"]
    assert submit["path"] == "/v3/054ba152d480d55b2f5dc0069e7ddef0/jobs/batch-precheck"
    assert s.violations() == []
