"""What an entry of clouds.yaml means is what openstacksdk makes of it.

Each case is a set of files. Debian's python3-openstacksdk reads it in a process of its own (it looks for files
when it is imported), ours reads it in a small C program, both with the same directory, home and environment. What
they would log in with must be the same; where ours refuses on purpose, the case says in which words.
"""

import json
import os
import pathlib
import re
import subprocess
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("PRECHECKD_BUILD", "build")
PYTHON = "/usr/bin/python3"
SECRET = "canary-Passw0rd-cy"

READER = r'''
#include "clouds_yaml.h"
#include <stdio.h>

static void put(const char *name, const char *value)
{
	if (value)
		printf("%s=%s\n", name, value);
}

int main(int argc, char **argv)
{
	_cleanup_(cloud_entry_done) struct cloud_entry e = {0};
	char why[400] = "";
	int r = clouds_yaml_read(*argv[1] ? argv[1] : NULL, argv[2], argc > 3 ? argv[3] : NULL, &e, why);

	if (r < 0) {
		printf("error=%s\n", why);
		return 1;
	}
	put("method", auth_method_name(e.method));
	put("auth_url", e.auth_url);
	put("region", e.region);
	put("user", e.user);
	put("user_id", e.user_id);
	put("domain", e.domain);
	put("project", e.project);
	put("project_id", e.project_id);
	put("access_key", e.access_key);
	put("secret", secret_bytes(e.secret));
	put("security_token", e.security_token ? secret_bytes(e.security_token) : NULL);
	put("cacert", e.ca_file);
	return 0;
}
'''

# Answers a line of JSON with another, each in a child that loads the module anew: it looks at directory and
# environment then. What keystoneauth's plugins make of the block `auth`: an id goes before a name.
ORACLE = r'''
import importlib, json, os, sys, warnings
from openstack.config import loader

def read(case):
    os.chdir(case["cwd"])
    os.environ.clear()
    os.environ.update(case["env"])
    entry = case["entry"]
    region = importlib.reload(loader).OpenStackConfig().get_one(
        cloud=entry, validate=entry != "keys", **({"region_name": case["region"]} if case["region"] else {}))
    c, auth = region.config, region.config["auth"]
    out = {"auth_url": auth.get("auth_url"), "region": region.region_name, "project_id": auth.get("project_id"),
           "project": None if auth.get("project_id") else auth.get("project_name")}
    verify, _ = region.get_requests_verify_args()
    out["cacert"] = verify if isinstance(verify, str) else None
    if not verify:
        out["verify"] = False
    if entry == "keys":  # as otcextensions.sdk.get_ak_sk() finds them
        out.update(method="aksk", access_key=c.get("access_key", c.get("ak")),
                   secret=c.get("secret_key", c.get("sk")), security_token=c.get("security_token"))
    elif c["auth_type"] in ("token", "v3token"):
        out.update(method="token-file", secret=auth.get("token"))
    else:
        out.update(method="password", secret=auth.get("password"), user_id=auth.get("user_id"),
                   user=None if auth.get("user_id") else auth.get("username"),
                   domain=auth.get("user_domain_name") or auth.get("default_domain_name"))
    return {k: v for k, v in out.items() if v not in (None, "")}

warnings.simplefilter("ignore")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            answer = json.dumps(read(json.loads(line)))
        except Exception as e:
            answer = json.dumps({"error": f"{type(e).__name__}: {e}"})
        print(answer, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
'''

URL = "https://iam.example/v3"


def one(body, name="otc", top="clouds"):
    """A clouds.yaml with one entry."""
    return f"{top}:\n  {name}:\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"


def auth(**more):
    """The block `auth` of a usual entry, a key left out by None."""
    keys = {"auth_url": URL, "username": "watch", "password": SECRET, "user_domain_name": "OTC-1",
            "project_name": "eu-de_shop"}
    keys.update(more)
    return "auth:\n" + "".join(f"  {k}: {v}\n" for k, v in keys.items() if v is not None)


CWD, HOME = "cwd/clouds.yaml", "home/.config/openstack/clouds.yaml"
SECURE = one("auth: {password: " + SECRET + "}")
BARE = auth(password=None)
PUBLIC = "public-clouds:\n  corp:\n    auth:\n      auth_url: https://iam.{region_name}.corp.example/v3\n" \
         "      user_domain_name: CORP\n    cacert: /etc/corp.pem\n    regions: [a-1, a-2]\n"
REGIONS = """
regions:
- eu-de
- name: eu-nl
  values:
    auth: {project_name: eu-nl_shop}
    cacert: /etc/nl.pem
"""

# name: files, and what else is not as usual
SAME = {
    "plain": {CWD: one(auth())},
    "home": {HOME: one(auth())},
    "cwd before home": {CWD: one(auth()), HOME: one(auth(username="other"))},
    "yml": {"cwd/clouds.yml": one(auth())},
    "yaml before yml": {"cwd/clouds.yml": one(auth(username="other")), CWD: one(auth())},
    "json": {"cwd/clouds.json": json.dumps({"clouds": {"otc": {"auth": {
        "auth_url": URL, "username": "w\u00e4tch", "password": SECRET, "user_domain_name": "D",
        "project_name": "p/q"}, "regions": ["eu-de"]}}}, indent="\t")},
    "xdg": {"xdg/openstack/clouds.yaml": one(auth()), HOME: one(auth(username="other")),
            "env": {"XDG_CONFIG_HOME": "{root}/xdg"}},
    "xdg dirs": {"site/openstack/clouds.yaml": one(auth()), "env": {"XDG_CONFIG_DIRS": "{root}/site"}},
    "xdg dirs, two": {"site/openstack/clouds.yaml": one(auth(username="other")), HOME: one(auth()),
                      "env": {"XDG_CONFIG_DIRS": "{root}/site:{root}/none"}},
    "named": {"else/where.yaml": one(auth()), CWD: one(auth(username="other")),
              "env": {"OS_CLIENT_CONFIG_FILE": "{root}/else/where.yaml"}},
    "named, missing": {CWD: one(auth()), "env": {"OS_CLIENT_CONFIG_FILE": "{root}/none.yaml"}},
    "a directory is passed over": {"cwd/clouds.yaml/x": "", HOME: one(auth())},
    "secure": {CWD: one(BARE), "cwd/secure.yaml": SECURE},
    "secure elsewhere": {CWD: one(BARE), "home/.config/openstack/secure.yml": SECURE},
    "secure named": {CWD: one(BARE), "cwd/secure.yaml": one("auth: {password: other}"), "s.yaml": SECURE,
                     "env": {"OS_CLIENT_SECURE_FILE": "{root}/s.yaml"}},
    "secure over": {CWD: one(auth(password="other")), "cwd/secure.yaml": SECURE},
    "secure only": {"cwd/secure.yaml": one(auth())},
    "secure adds another entry": {CWD: one(BARE, "b"), "cwd/secure.yaml": one(auth())},
    "secure replaces lists": {CWD: one(BARE + "regions: [a, b]"),
                              "cwd/secure.yaml": SECURE + "    regions: [c, d]\n"},
    "ids": {CWD: one(auth(username=None, user_domain_name=None, user_id="0aaf", project_name=None,
                          project_id="0123456789abcdef0123456789abcdef"))},
    "id before name": {CWD: one(auth(user_id="u-1", project_id="p-1", user_domain_name=None))},
    "tenant": {CWD: one(auth(project_name=None, tenant_name="t"))},
    "project before tenant": {CWD: one(auth(tenant_name="t"))},
    "tenant id": {CWD: one(auth(project_name=None, tenant_id="t-1"))},
    "domain name": {CWD: one(auth(user_domain_name=None, domain_name="D"))},
    "domain name and its own": {CWD: one(auth(domain_name="OTC-1"))},
    "default domain": {CWD: one(auth(user_domain_name=None, default_domain_name="D"))},
    "both domains": {CWD: one(auth(project_domain_name="OTC-1"))},
    "domain beside auth": {CWD: one(auth(user_domain_name=None) + "user_domain_name: D")},
    "project beside auth": {CWD: one(auth(project_name=None) + "project_name: p")},
    "project in three spellings": {CWD: one(auth(tenant_name="t", **{"project-name": "dash"}))},
    "domain in two spellings": {CWD: one(auth(**{"user-domain-name": "dash"}))},
    "all beside auth": {CWD: one("username: u\npassword: " + SECRET + "\nuser_domain_name: D\n"
                                 "project_name: p\nauth_url: " + URL)},
    "auth before what is beside it": {CWD: one(auth() + "username: other\nproject_name: other")},
    "user-name": {CWD: one(auth(username=None, **{"user-name": "dash"}))},
    "dashes": {CWD: one("auth:\n  auth-url: " + URL + "\n  username: u\n  password: " + SECRET +
                        "\n  user-domain-name: D\n  project-name: p\nregion-name: eu-de")},
    "region": {CWD: one(auth() + "region_name: eu-nl")},
    "regions": {CWD: one(auth() + REGIONS)},
    "regions, the second": {CWD: one(auth() + REGIONS), "region": "eu-nl"},
    "regions, none": {CWD: one(auth() + "regions: []\n")},
    "region names": {CWD: one(auth() + "region_name: 'a,b'"), "region": "b"},
    "region wanted, none known": {CWD: one(auth()), "region": "eu-nl"},
    "cacert": {CWD: one(auth() + "cacert: ~/ca.pem")},
    "verify": {CWD: one(auth() + "verify: true\ncacert: /ca.pem\ninsecure: no")},
    "url with region": {CWD: one(auth(auth_url="https://iam.{region_name}.x/v3") + REGIONS), "region": "eu-nl"},
    "url with braces": {CWD: one(auth(auth_url="'https://x/{{a}}'"))},
    "profile": {CWD: one(auth(auth_url=None) + "profile: otc")},
    "profile, its region": {CWD: one(auth(auth_url=None) + "profile: otc\nregion_name: eu-nl")},
    "profile, a region of its": {CWD: one(auth(auth_url=None) + "profile: otc"), "region": "eu-nl"},
    "profile by its old name": {CWD: one(auth(auth_url=None) + "cloud: otc")},
    "profile overruled": {CWD: one(auth() + "profile: otc")},
    "profile of ours": {CWD: one(auth(auth_url=None) + "profile: corp"), "cwd/clouds-public.yaml": PUBLIC},
    "profile of ours, overruled": {CWD: one(auth(auth_url=None, user_domain_name="E") +
                                            "profile: corp\ncacert: /x.pem"),
                                   "home/.config/openstack/clouds-public.yml": PUBLIC, "region": "a-2"},
    "profile of ours named as a known one": {CWD: one(auth(auth_url=None) + "profile: otc"),
                                             "cwd/clouds-public.yaml": PUBLIC.replace("corp", "otc")},
    "profile not in the file": {CWD: one(auth(auth_url=None) + "profile: otc"),
                                "cwd/clouds-public.yaml": PUBLIC},
    "profile that nobody knows": {CWD: one(auth() + "profile: nobody")},
    "v3password": {CWD: one(auth(project_domain_name="OTC-1") + "auth_type: v3password")},
    "token": {CWD: one(auth(username=None, password=None, user_domain_name=None, token=SECRET) +
                       "auth_type: token")},
    "v3token": {CWD: one(auth(username=None, password=None, user_domain_name=None, token=SECRET,
                              project_domain_name="OTC-1") +
                         "auth_type: v3token")},
    "old word for a token": {CWD: one(auth(username=None, password=None, user_domain_name=None,
                                           auth_token=SECRET) + "auth_type: token")},
    "keys": {CWD: one("auth: {auth_url: " + URL + ", project_name: p}\nauth_type: aksk\naccess_key: AK\n"
                      "secret_key: " + SECRET + "\nsecurity_token: T", "keys"), "entry": "keys"},
    "keys, short": {CWD: one("auth: {auth_url: " + URL + ", project_name: p}\nauth_type: aksk\nak: AK\n"
                             "sk: " + SECRET, "keys"), "entry": "keys"},
    "last of two keys": {CWD: one(auth() + "region_name: a\nregion_name: b")},
    "anchors": {CWD: "x: &base\n  auth: &a {auth_url: " + URL + ", user_domain_name: D, username: u}\n"
                     "  region_name: r\nclouds:\n  otc:\n    <<: *base\n    auth:\n      <<: *a\n"
                     "      username: own\n      password: " + SECRET + "\n      project_name: p\n"},
    "merges of a list": {CWD: "a: &a {region_name: a, cacert: /a}\nb: &b {region_name: b, cacert: /b}\n" +
                              one(auth() + "<<: [*b, *a]\ncacert: /own")},
    "merges, two": {CWD: "a: &a {region_name: a, cacert: /a}\nb: &b {region_name: b}\n" +
                         one(auth() + "<<: *a\n<<: *b")},
    "a merge key in quotes": {CWD: "a: &a {region_name: a}\n" + one(auth() + '"<<": *a')},
    "digits": {CWD: one(auth(password="12345678", username="42", project_name="-7"))},
    "quoted digits": {CWD: one(auth(password="'0123'", project_name='"yes"'))},
    "almost a number": {CWD: one(auth(password="0899", username="1e5", project_name="12_ab"))},
    "tag": {CWD: one(auth(password="!!str 0123"))},
    "folded": {CWD: one(auth(password=">-\n    two\n    words"))},
    "escapes": {CWD: one(auth(password=r'"\x41\u00e4\U0001F600\/"'))},
    "null": {CWD: one(auth(user_id="", project_id="\"\""))},
    "comment": {CWD: "%YAML 1.1\n---\n# x\n" + one(auth()) + "...\n"},
    "mark of byte order": {CWD: "\ufeff" + one(auth())},
    "empty secure": {CWD: one(auth()), "cwd/secure.yaml": "# nothing\n"},
}

# Refused on purpose; `sdk`: what openstacksdk would have logged in with instead
REFUSED = {
    "octal": ({CWD: one(auth(password="0123"))}, "put it into quotes", {"secret": "83"}),
    "hex": ({CWD: one(auth(username="0x1F"))}, "put it into quotes", {"user": "31"}),
    "sixty": ({CWD: one(auth(password="12:30:45"))}, "put it into quotes", {"secret": "45045"}),
    "grouped": ({CWD: one(auth(password="1_000"))}, "put it into quotes", {"secret": "1000"}),
    "plus": ({CWD: one(auth(password="+5"))}, "put it into quotes", {"secret": "5"}),
    "minus zero": ({CWD: one(auth(password="-0"))}, "put it into quotes", {"secret": "0"}),
    "float": ({CWD: one(auth(password="1.50"))}, "put it into quotes", {"secret": "1.5"}),
    "exponent": ({CWD: one(auth(password="1.0e+3"))}, "put it into quotes", {"secret": "1000.0"}),
    "yes": ({CWD: one(auth(password="yes"))}, "yes or no", {"secret": True}),
    "date": ({CWD: one(auth(project_name="2026-1-1T10:00:00"))}, "put it into quotes",
             {"project": "2026-01-01 10:00:00"}),
    "verify": ({CWD: one(auth() + "verify: false")}, "turns off the verification", {"verify": False}),
    "insecure": ({CWD: one(auth() + "insecure: true")}, "turns off the verification", {"verify": False}),
    "two lines": ({CWD: one(auth(password='"a\\nb"'))}, "second line", {"secret": "a\nb"}),
}

# Both refuse, each in its words
NEITHER = {
    "not YAML": ({CWD: "clouds: [\n"}, r"not YAML"),
    "two documents": ({CWD: one(auth()) + "---\n" + one(auth())}, r"second document"),
    "anchor twice": ({CWD: "a: &a 1\nb: &a 2\n" + one(auth())}, r"anchor"),
    "alias of nothing": ({CWD: one(auth(password="*a"))}, r"alias"),
    "unknown tag": ({CWD: one(auth(password="!secret x"))}, r"tag"),
    "merge of a text": ({CWD: one(auth() + "<<: x")}, r"merge"),
    "no entry": ({CWD: one(auth(), "b")}, r'no entry "otc" in .*, only: "b"'),
    "no region": ({CWD: one(auth() + REGIONS), "region": "x"}, r"no region x, only: eu-de, eu-nl"),
    "region with more": ({CWD: one(auth() + "regions: [{name: a, cacert: /x}]")}, r"name and values"),
    "no such kind": ({CWD: one(auth() + "auth_type: nothing")}, r"auth_type nothing"),
    "kind inside of auth": ({CWD: one(auth(auth_type="token"))}, r"inside of auth"),
    "tab": ({CWD: "clouds:\n\totc: {}\n"}, r"not YAML"),
}


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """Our reader as a program."""
    out = tmp_path_factory.mktemp("reader")
    (out / "reader.c").write_text(READER)
    if not (BUILD / "libprecheckd.a").exists():
        pytest.skip(f"{BUILD}/libprecheckd.a is not built")
    libs = "libcurl json-c libevent_core libsystemd libconfuse libcrypto sqlite3 yaml-0.1"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *libs.split()], check=True,
                           capture_output=True, text=True).stdout.split()
    sanitize = ["-fsanitize=address,undefined"] if str(BUILD).endswith("-asan") else []
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{ROOT}/include", *sanitize, "-o",
                    str(out / "reader"), str(out / "reader.c"), str(BUILD / "libprecheckd.a"), *flags], check=True)
    return out / "reader"


@pytest.fixture(scope="session")
def sdk():
    """openstacksdk, in a process that is asked by lines."""
    if subprocess.run([PYTHON, "-c", "import openstack.config"], capture_output=True, check=False).returncode:
        pytest.skip("python3-openstacksdk is not installed (tests/lib/deps.sh peers)")
    with subprocess.Popen([PYTHON, "-c", ORACLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        yield p
        p.stdin.close()


class Place:
    """The files of a case, and both readers in the middle of them."""

    def __init__(self, root, reader, sdk, case):
        case = dict(case)
        self.reader, self.process, self.cwd = reader, sdk, root / "cwd"
        self.env = {"HOME": str(root / "home"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.env.update({k: v.format(root=root) for k, v in case.pop("env", {}).items()})
        self.entry, self.region = case.pop("entry", "otc"), case.pop("region", None)
        for name in ("cwd", "home"):
            (root / name).mkdir()
        for name, text in case.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)

    def ours(self):
        """What ours says, as a dictionary; {"error": ...} for a refusal."""
        done = subprocess.run([self.reader, "", self.entry, *([self.region] if self.region else [])], cwd=self.cwd,
                              env=self.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1) and done.stderr == "", done.stderr
        return dict(line.split("=", 1) for line in done.stdout.rstrip("\n").split("\n"))

    def theirs(self):
        """The same of openstacksdk."""
        case = {"cwd": str(self.cwd), "env": self.env, "entry": self.entry, "region": self.region}
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.mark.parametrize("name", SAME)
def test_same(name, reader, sdk, tmp_path):
    """Both log in with the same."""
    place = Place(tmp_path, reader, sdk, SAME[name])
    assert "error" not in place.theirs()
    assert place.ours() == place.theirs()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, reader, sdk, tmp_path):
    """Ours refuses what they would take for something that was not written, or not safe."""
    files, words, theirs = REFUSED[name]
    place = Place(tmp_path, reader, sdk, files)
    error = place.ours()["error"]
    assert words in error
    assert SECRET not in error
    assert theirs.items() <= place.theirs().items()


@pytest.mark.parametrize("name", NEITHER)
def test_neither(name, reader, sdk, tmp_path):
    """Neither finds something to log in with."""
    files, words = NEITHER[name]
    place = Place(tmp_path, reader, sdk, files)
    error = place.ours()["error"]
    assert re.search(words, error)
    assert SECRET not in error
    assert "error" in place.theirs()
