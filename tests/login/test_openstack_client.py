"""`openstack token issue`, which nobody here wrote, against the simulator's IAM, and against a Keystone as the control:
what both are asked is the same, and so is what both say."""

import json
import os
import shutil
import subprocess

import pytest

from daemon import DOMAIN, PROJECT, USER, project_id, scenario, task
from sim import CANARY_PASSWORD

CLIENT = shutil.which("openstack", path="/usr/bin:/bin")


class Peer:
    """An IAM with one account."""

    def __init__(self, url, user_id, project, check):
        self.url, self.user_id, self.project_id, self.check = url, user_id, project, check


@pytest.fixture(params=["keystone", "simulator"])
def peer(request, sim):
    if not CLIENT:
        pytest.skip("python3-openstackclient is not installed (tests/lib/deps.sh peers)")
    if request.param == "keystone":
        k = request.getfixturevalue("keystone")
        a = k.account(DOMAIN, USER, CANARY_PASSWORD, PROJECT)
        return Peer(k.url, a.user_id, a.project_id, lambda token: k.valid(token)["user"]["name"] == USER)
    s = sim(scenario(tasks=[task(1)], users=[{"name": USER, "domain": DOMAIN, "password": CANARY_PASSWORD,
                                              "id": "f" * 32}]))

    def check(token):
        return s.call(token, project_id(PROJECT), "batch-status", {"jobs": []})[0] not in (401, 403)

    return Peer(s.url, "f" * 32, project_id(PROJECT), check)


def issue(peer, **options):
    """The finished `openstack token issue`; its options as the environment has them."""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "OS_AUTH_URL": peer.url + "/v3",
           "OS_IDENTITY_API_VERSION": "3", "OS_PASSWORD": CANARY_PASSWORD}
    env.update({"OS_" + k.upper(): v for k, v in options.items()})
    return subprocess.run([CLIENT, "token", "issue", "-f", "json"], env=env, cwd=os.path.dirname(CLIENT), timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_by_names(peer):
    done = issue(peer, username=USER, user_domain_name=DOMAIN, project_name=PROJECT, project_domain_name=DOMAIN)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["project_id"] == peer.project_id
    assert peer.check(answer["id"])


def test_by_ids(peer):
    done = issue(peer, user_id=peer.user_id, project_id=peer.project_id)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["project_id"], answer["user_id"]) == (peer.project_id, peer.user_id)
    assert peer.check(answer["id"])


@pytest.mark.parametrize("wrong", [{"password": "not-it"}, {"username": "nobody"}, {"user_domain_name": "nowhere"},
                                   {"project_name": "nothing"}])
def test_refused(peer, wrong):
    done = issue(peer, **{**dict(username=USER, user_domain_name=DOMAIN, project_name=PROJECT,
                                 project_domain_name=DOMAIN), **wrong})
    assert done.returncode != 0 and "HTTP 401" in done.stderr, done.stderr
