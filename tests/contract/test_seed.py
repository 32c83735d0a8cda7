"""The example of the public page on batch pre-checks, key by key, asked for with curl."""

import json
import os
import subprocess

from sim import CANARY_PASSWORD, Sim

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
REQUEST = ('{ "jobs" : [ { "job_id" : "140b5236-88ad-43c8-811c-1268453jb101",'
           ' "precheck_mode" : "forStartJob" } ] }')
RESPONSE = json.loads(
    '{ "results" : [ { "id" : "140b5236-88ad-43c8-811c-1268453jb101", "status" : "success",'
    ' "precheck_id" : "140b5236-88ad-43c8-811c-1268453jb101" } ], "count" : 1 }')


def test_the_public_example():
    with Sim(os.path.join(HERE, "seed.json")) as sim:
        token = sim.login("svc-drswatch", "OTC-EU-DE-0000000000100", CANARY_PASSWORD, PROJECT)
        out = subprocess.run(
            ["curl", "-sS", "-w", "\n%{http_code} %{content_type}", "-X", "POST",
             "-H", "Content-Type: application/json", "-H", f"X-Auth-Token: {token}",
             "-d", REQUEST, f"{sim.url}/v3/{PROJECT}/jobs/batch-precheck"],
            check=True, capture_output=True, timeout=30).stdout.decode()
    body, meta = out.rsplit("\n", 1)
    assert meta == "200 application/json"
    answer = json.loads(body)
    assert set(answer) == set(RESPONSE)
    assert answer["count"] == RESPONSE["count"]
    assert len(answer["results"]) == 1
    for key, value in RESPONSE["results"][0].items():
        assert answer["results"][0][key] == value, key
    assert answer == RESPONSE
