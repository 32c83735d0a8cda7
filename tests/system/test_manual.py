"""The manual and the README say what is: their options, queries and configuration are tried, not believed."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from sim import CANARY_PASSWORD, Sim, build_dir  # noqa: E402

PRECHECKD = os.path.join(build_dir(), "precheckd")
TASK = "140b5236-88ad-43c8-811c-1268453jb101"


def page(name):
    """The manual page as a reader sees it, without formatting, in one long paragraph per line."""
    text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", os.path.join(ROOT, "man", name)],
                          capture_output=True, text=True, check=True).stdout
    return re.sub(".\b", "", text)


def test_each_option_of_help_is_in_the_manual():
    help_text = subprocess.run([PRECHECKD, "--help"], capture_output=True, text=True, check=True).stdout
    options = re.findall(r"--[a-z-]+", help_text.split("Signals:")[0])
    manual = page("precheckd.8")
    assert len(options) == len(set(options)) >= 8
    for option in options:
        assert re.search(re.escape(option) + r"\b", manual), option
    ours = manual.split("RUNNING UNDER SYSTEMD")[0]  # from there on there are other programs' too
    for option in set(re.findall(r"(?<![\w-])--[a-z-]+", ours)):
        assert option in options or option == "--help", option


def test_manual_fits_80_columns():
    for name in os.listdir(os.path.join(ROOT, "man")):
        text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=80", os.path.join(ROOT, "man", name)],
                              capture_output=True, text=True, check=True).stdout
        for line in re.sub(".\b", "", text).splitlines():
            assert len(line) <= 80, (name, line)


def test_configuration_of_the_readme_is_good(tmp_path):
    readme = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read()
    block = re.search(r"## A configuration\n(.*?)\n`precheckd --check-config`", readme, re.S).group(1)
    lines = [line[4:] for line in block.splitlines() if line.startswith("    ")]
    assert 8 <= len(lines) <= 12
    conf = tmp_path / "precheckd.conf"
    conf.write_text("\n".join(lines) + "\n")
    done = subprocess.run([PRECHECKD, "-c", conf, "--check-config"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 job in 1 cloud" in done.stdout


def test_queries_of_the_manual_answer(tmp_path):
    with open(os.path.join(ROOT, "tests", "contract", "seed.json"), encoding="utf-8") as f:
        scenario = f.read().replace('"result": "PASSED", "group": "network"}\n',
                                    '"result": "FAILED", "failed_reason": "X", "group": "network"}\n')
    (tmp_path / "seed.json").write_text(scenario)
    secret = tmp_path / "password"
    secret.touch(mode=0o600)
    secret.write_text(CANARY_PASSWORD)
    with Sim(tmp_path / "seed.json") as sim:
        (tmp_path / "precheckd.conf").write_text(f"""
state_dir = "{tmp_path}/state"
short_times = yes
cloud "otc" {{
\tiam = "{sim.url}"
\tdrs = "{sim.url}"
\tproject = "eu-de"
\tuser = "svc-drswatch"
\tdomain = "OTC-EU-DE-0000000000100"
\tsecret = "file:{secret}"
}}
job "shop-db" {{
\tcloud = "otc"
\tid = "{TASK}"
\tfirst_poll = 200ms
\tpoll = 100ms
\tsettle = 500ms
}}
""")
        once = subprocess.run([PRECHECKD, "-c", tmp_path / "precheckd.conf", "--once", "--log-target", "stderr"],
                              capture_output=True, text=True, timeout=60)
        assert once.returncode == 2, once.stderr
    source = open(os.path.join(ROOT, "man", "precheckd.8"), encoding="utf-8").read()
    literal = re.search(r"\.Sh THE STORE.*?\.Bd -literal[^\n]*\n(.*?)\.Ed", source, re.S).group(1)
    queries = re.split(r"\n(?=sqlite3 )", literal.strip())
    assert len(queries) == 4
    for query in queries:
        query = query.replace("\\e\n", "\\\n").replace("/var/lib/precheckd", f"{tmp_path}/state")
        done = subprocess.run(["bash", "-c", query], capture_output=True, text=True)
        assert done.returncode == 0, (query, done.stderr)
        assert done.stdout.strip(), query
    assert "srcDb" in done.stdout or "dstDb" in done.stdout  # the last one: open items
