"""Our signer against the vendor's own: 10,000 random requests, signed to the same byte.

The vendor's client for Node signs them and is stopped where it would write to the network. Ours is given what
would be written there.
"""

import difflib
import json
import os
import shutil
import subprocess
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), d) for d in ("../lib", "vendor")]

from npm import HERE, run_node  # noqa: E402
from sim import ROOT, build_dir  # noqa: E402

CASES = 10000
SEED = 20261125


def read_lines(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        return f.read().split("\n")[:-1]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    where = tmp_path_factory.mktemp("cases")
    run_node("sign_cases.js", SEED, CASES, where)
    return where


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """sign(lines): our answers to them."""
    program = tmp_path_factory.mktemp("signer") / "sign_cases"
    archive = os.path.join(build_dir(), "libprecheckd.a")
    assert os.path.exists(archive), "build first"
    compiler = shutil.which(os.environ.get("CC", "gcc")) or "gcc"
    subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I",
                    os.path.join(ROOT, "include"), os.path.join(HERE, "sign_cases.c"), archive, "-lcrypto", "-o",
                    program], check=True)

    def sign(lines):
        p = subprocess.run([program], input="".join(line + "\n" for line in lines), stdout=subprocess.PIPE,
                           encoding="utf-8", timeout=120, check=True)
        return p.stdout.split("\n")[:-1]

    return sign


def words(answer):
    """An answer, line by line."""
    parts = answer.split("\t")
    return parts[:-1] + bytes.fromhex(parts[-1]).decode().split("\n") if len(parts) == 4 else [answer]


def differing(given, expected, answer):
    lines = difflib.unified_diff(words(expected), words(answer), "vendor", "ours", n=0, lineterm="")
    return "\n".join(["", given[:400], *(line[:400] for line in lines)])


@pytest.mark.parametrize("spelling", ["cases", "escaped"])
def test_same_bytes(drawn, signer, spelling):
    """URL as the vendor's transport sends it; every byte of it percent-encoded."""
    given, expected = read_lines(drawn / f"{spelling}.tsv"), read_lines(drawn / "expected.tsv")
    answers = signer(given)
    assert len(given) == len(expected) == len(answers) == CASES
    assert len(set(given)) == CASES
    wrong = [i for i in range(CASES) if answers[i] != expected[i]]
    first = "".join(differing(given[i], expected[i], answers[i]) for i in wrong[:3])
    assert not wrong, f"{len(wrong)} of {CASES} differ{first}"


def test_all_kinds_are_drawn(drawn):
    """What the comparison is worth."""
    with open(drawn / "counts.json", encoding="utf-8") as f:
        counts = json.load(f)
    print(json.dumps(counts, indent=1))
    assert len(counts) == 21
    assert {what: n for what, n in counts.items() if n < CASES // 100} == {}


def test_known_deviations(drawn, signer):
    """Where the vendor signs another path than it sends, we sign the one that is sent; we leave out the port that
    is the scheme's own. None of these is in a request to DRS or IAM. Fails when the vendor changes its mind."""
    with open(drawn / "deviations.json", encoding="utf-8") as f:
        deviations = json.load(f)
    assert len(deviations) == 14
    for d in deviations:
        given = "\t".join(["GET", d["endpoint"] + d["sent"], "-", "1500000000000", "AK", "00"])
        _, _, host, canonical = signer([given])[0].split("\t")
        path = bytes.fromhex(canonical).decode().split("\n")[1]
        if d["url"] == "/a":
            assert (path, d["signed"]) == ("/a/", "/a/")
            assert (host, d["host"]) == ("h.example", d["endpoint"].split("//")[1])
        else:
            assert path.count("%") == 1 and d["signed"] == path.replace("%", "%25"), d
