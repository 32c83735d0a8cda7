"""The Debian packages: what is in them, how they are built, and their life on a clean machine."""

import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import package_kit as kit  # noqa: E402
from daemon import BINLOG, GOOD, jobs, scenario, task  # noqa: E402

MISSING = kit.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

# systemd's own, when a unit was started
UNIT_STARTED = "39f53479d3a045ac8e11786248231fbf"
FAILED = "609d9ff3d543493fba907267dde28635"

CONTENTS = {
    "precheckd": """
        -rw-r--r-- /etc/precheckd/jobs.d/shop.conf.example
        -rw-r--r-- /etc/precheckd/precheckd.conf
        -rw-r--r-- /lib/systemd/system/precheckd.service
        -rw-r--r-- /lib/systemd/system/precheckd@.service
        -rw-r--r-- /usr/lib/systemd/catalog/precheckd.catalog
        -rwxr-xr-x /usr/sbin/precheckd
        -rw-r--r-- /usr/share/doc/precheckd/NEWS.md
        -rw-r--r-- /usr/share/doc/precheckd/README.md
        -rw-r--r-- /usr/share/doc/precheckd/SECURITY.md
        -rw-r--r-- /usr/share/doc/precheckd/changelog.gz
        -rw-r--r-- /usr/share/doc/precheckd/copyright
        -rw-r--r-- /usr/share/man/man5/precheckd.conf.5.gz
        -rw-r--r-- /usr/share/man/man8/precheckd.8.gz
        """,
    "drs-simulator": """
        -rwxr-xr-x /usr/bin/drs-simulator
        -rw-r--r-- /usr/share/doc/drs-simulator/changelog.gz
        -rw-r--r-- /usr/share/doc/drs-simulator/copyright
        -rw-r--r-- /usr/share/doc/drs-simulator/examples/story.json
        -rw-r--r-- /usr/share/man/man1/drs-simulator.1.gz
        """,
}
# Names of Debian 12; those of Debian 13 end in t64.
DEPENDS = {
    "precheckd": "ca-certificates libc6 libconfuse2 libcurl4 libevent-core-2.1-7 libjson-c5 libsqlite3-0 libssl3 "
                 "libsystemd0 libyaml-0-2",
    "drs-simulator": "libc6 libevent-core-2.1-7 libevent-extra-2.1-7 libjson-c5 libssl3",
}
PROGRAMS = {"precheckd": "usr/sbin/precheckd", "drs-simulator": "usr/bin/drs-simulator"}


@pytest.fixture(scope="module")
def built():
    return kit.packages()


@pytest.fixture
def bed(possible, built):
    """Not that of the other tests: a clean one, in which nothing is installed yet."""
    with kit.CleanBed(built.root) as b:
        yield b


@pytest.fixture(params=list(PROGRAMS))
def program(request, built, tmp_path):
    """(package, its program as installed, unpacked)."""
    kit.run(["dpkg-deb", "-x", kit.deb(built.first, request.param), tmp_path])
    return request.param, os.path.join(tmp_path, PROGRAMS[request.param])


# -- as files ---------------------------------------------------------------------------------------

def test_the_same_bytes_each_time(built):
    """From the tree and from a copy elsewhere; another umask, time zone, locale, and flags in the environment."""
    debs = sorted(f for f in os.listdir(built.first) if f.endswith(".deb"))
    assert len(debs) == 4 and debs == sorted(f for f in os.listdir(built.again) if f.endswith(".deb"))
    for name in debs:
        one, other = (open(os.path.join(d, name), "rb").read() for d in (built.first, built.again))
        assert one == other, f"{name} differs"


def test_lintian_is_content(built):
    changes = [f for f in os.listdir(built.first) if f.endswith(".changes")]
    done = kit.run(["lintian", "--fail-on", "error,warning", "--info", *changes], cwd=built.first, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", list(CONTENTS))
def test_contents(built, package):
    path = kit.deb(built.first, package)
    found = []
    for line in kit.run(["dpkg-deb", "--contents", path]).stdout.splitlines():
        mode, owner, _, _, _, name = line.split(None, 5)
        assert owner == "root/root", line
        if mode.startswith("d"):
            assert mode == "drwxr-xr-x", line
        else:
            # Debian 13 has no /lib of its own any more; long documents are compressed
            name = name[1:].replace("/usr/lib/systemd/system", "/lib/systemd/system").replace(".md.gz", ".md")
            found.append(f"{mode} {name}")
    assert sorted(found) == sorted(line.strip() for line in CONTENTS[package].strip().splitlines())

    control = kit.run(["dpkg-deb", "--info", path, "control"]).stdout
    assert f"\nVersion: {kit.VERSION}\n" in control
    assert [d.removesuffix("t64") for d in kit.depends(path)] == DEPENDS[package].split()
    conffiles = kit.run(["dpkg-deb", "--info", path, "conffiles"], check=False).stdout
    wanted = [line.split()[1] for line in CONTENTS[package].split("\n") if " /etc/" in line]
    assert [f for f in conffiles.split() if f.startswith("/etc")] == sorted(wanted)


def test_program_is_hardened(program):
    """What hardening-check(1) looks for."""
    _, path = program
    header = kit.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", path]).stdout
    symbols = kit.run(["readelf", "--wide", "--dyn-syms", path]).stdout
    assert re.search(r"FLAGS_1.*\bPIE\b", header), "no PIE"
    assert "GNU_RELRO" in header, "no RELRO"
    assert re.search(r"FLAGS_1.*\bNOW\b", header), "no BIND_NOW"
    assert re.search(r"GNU_STACK .* RW ", header), "the stack can be executed"
    assert not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", header)
    assert "__stack_chk_fail" in symbols, "no stack protector"
    assert re.search(r"\b__\w+_chk@", symbols), "not fortified"


def test_program_is_stripped_and_its_symbols_are_aside(program, built, tmp_path):
    package, path = program
    assert ".symtab" not in kit.run(["readelf", "--wide", "--sections", path]).stdout
    build_id = re.search(r"Build ID: (\w+)", kit.run(["readelf", "--notes", path]).stdout).group(1)
    aside = kit.run(["dpkg-deb", "--contents", kit.deb(built.first, package + "-dbgsym")]).stdout
    assert f"/.build-id/{build_id[:2]}/{build_id[2:]}.debug" in aside


def test_build_needs_what_deps_sh_installs():
    """debian/control and tests/lib/deps.sh name the same libraries."""
    control = open(os.path.join(kit.ROOT, "etc/debian/control")).read()
    script = open(os.path.join(kit.ROOT, "tests/lib/deps.sh")).read()
    needed = set(re.findall(r"^ ([a-z0-9.+-]+-dev),?$", control, re.M))
    installed = set(re.findall(r"\S+-dev", re.search(r'^build="(.*?)"', script, re.M | re.S).group(1)))
    assert needed == installed - {"libc6-dev"}


# -- on a clean machine -----------------------------------------------------------------------------

def configure(bed):
    """As an administrator would: one job fails, one passes; a password as a credential; enabled and started."""
    url = bed.cloud(scenario(tasks=[task(1, GOOD, BINLOG), task(2)]))
    bed.configure(url, jobs=jobs(2, "otc", interval="1s"))
    bed.write("/etc/precheckd/jobs.d/later.conf", "# to come\n")
    bed.systemctl("enable", "--quiet", "--now", "precheckd")
    bed.wait(lambda: told(bed) == TOLD)


TOLD = {"job-1": ["failed"], "job-2": ["passed"]}


def told(bed):
    """{job: events} of the whole life."""
    events = {}
    for entry in bed.journal("-t", "precheckd"):
        if "DRS_JOB" in entry:
            events.setdefault(entry["DRS_JOB"], []).append(entry["DRS_EVENT"])
    return events


def starts(bed):
    return len(bed.journal("UNIT=precheckd.service", f"MESSAGE_ID={UNIT_STARTED}"))


def store(bed):
    """What identifies the store: a new one would be another file."""
    return os.stat(bed.path("/var/lib/private/precheckd/precheckd.db")).st_ino


def test_installed_but_not_started(bed, built):
    before = bed.files()
    bed.install(built.first)
    assert bed.run("precheckd", "--version").stdout.startswith(f"precheckd {kit.VERSION} ")
    assert bed.run("drs-simulator", "--version").stdout == f"drs-simulator {kit.VERSION}\n"
    for program in PROGRAMS.values():
        assert "not found" not in bed.run("ldd", "/" + program).stdout
    assert "good: 0 jobs" in bed.run("precheckd", "--check-config").stdout
    assert bed.systemctl("is-enabled", "precheckd", check=False).stdout == "disabled\n"
    assert bed.show("ActiveState") == "inactive" and starts(bed) == 0
    assert bed.show("LoadState", "precheckd@other.service") == "loaded"
    assert FAILED in bed.run("journalctl", "--list-catalog").stdout

    bed.dpkg("--purge", "precheckd", "drs-simulator")
    left_behind(bed, before)
    assert FAILED not in bed.run("journalctl", "--list-catalog").stdout


def test_smoke_test_of_the_package(bed, built):
    """What autopkgtest would run."""
    bed.install(built.first)
    bed.write("/root/smoke", open(os.path.join(kit.ROOT, "etc/debian/tests/smoke")).read(), 0o755)
    bed.run("/root/smoke")


def test_upgrade_keeps_configuration_and_memory(bed, built):
    bed.install(built.first)
    configure(bed)
    known = store(bed)
    assert starts(bed) == 1

    bed.install(built.next, kit.NEXT_VERSION, ("--force-confold",))

    assert bed.show("ActiveState") == "active"
    assert starts(bed) == 2, "restarted, once"
    bed.wait_message(f"^precheckd {re.escape(kit.NEXT_VERSION)} ")
    # two rounds of both jobs later all would have been told again
    bed.next_round(4)
    assert told(bed) == TOLD
    assert store(bed) == known
    assert "job-1" in bed.read("/etc/precheckd/precheckd.conf")
    assert "sample of the next version" in bed.read("/etc/precheckd/precheckd.conf.dpkg-dist")
    assert bed.sh("stat -c %a /etc/precheckd/otc.password") == "600\n"


def test_upgrade_brings_an_unchanged_sample_up_to_date_and_starts_nothing(bed, built):
    bed.install(built.first)
    bed.install(built.next, kit.NEXT_VERSION)
    assert "sample of the next version" in bed.read("/etc/precheckd/precheckd.conf")
    assert bed.show("ActiveState") == "inactive" and starts(bed) == 0


def test_what_was_stopped_stays_stopped_over_an_upgrade(bed, built):
    bed.install(built.first)
    configure(bed)
    bed.systemctl("stop", "precheckd")
    bed.install(built.next, kit.NEXT_VERSION, ("--force-confold",))
    assert bed.show("ActiveState") == "inactive" and starts(bed) == 1
    assert bed.systemctl("is-enabled", "precheckd").stdout == "enabled\n"


def test_a_bad_configuration_does_not_stop_an_upgrade(bed, built):
    """The service says what is wrong; dpkg is through with the package, and apt with all the others."""
    bed.install(built.first)
    configure(bed)
    bed.write("/etc/precheckd/jobs.d/later.conf", "nonsense\n")
    bed.install(built.next, kit.NEXT_VERSION, ("--force-confold",))
    assert bed.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "precheckd").stdout == "installed"
    assert bed.show("ActiveState") == "failed" and bed.show("ExecMainStatus") == "78"
    bed.wait_message("later.conf:1: ")


def test_instances_are_restarted_and_stopped_too(bed, built):
    bed.install(built.first)
    bed.write("/etc/precheckd/two/precheckd.conf", "")
    bed.systemctl("enable", "--quiet", "--now", "precheckd@two")
    first = bed.show("InvocationID", "precheckd@two.service")
    bed.install(built.next, kit.NEXT_VERSION)
    assert bed.show("ActiveState", "precheckd@two.service") == "active"
    assert bed.show("InvocationID", "precheckd@two.service") != first
    bed.dpkg("--remove", "precheckd")
    assert bed.show("ActiveState", "precheckd@two.service") == "inactive"


def test_remove_keeps_configuration_and_memory_and_a_reinstall_goes_on(bed, built):
    bed.install(built.first)
    configure(bed)
    known = store(bed)

    bed.dpkg("--remove", "precheckd")
    assert bed.show("ActiveState") == "inactive"
    assert not os.path.exists(bed.path("/usr/sbin/precheckd"))
    assert bed.read("/etc/precheckd/jobs.d/later.conf") == "# to come\n"
    assert store(bed) == known

    bed.install(built.first)
    assert bed.show("ActiveState") == "active"
    bed.next_round(4)
    assert told(bed) == TOLD
    assert "job-1" in bed.read("/etc/precheckd/precheckd.conf")


def test_purge_leaves_nothing(bed, built):
    before = bed.files()
    bed.install(built.first)
    configure(bed)
    bed.write("/etc/precheckd/two/precheckd.conf", "")
    bed.systemctl("enable", "--quiet", "--now", "precheckd@two")
    bed.install(built.next, kit.NEXT_VERSION, ("--force-confold",))
    bed.systemctl("stop", "cloud")

    bed.dpkg("--purge", "precheckd", "drs-simulator")
    assert bed.show("ActiveState") == "inactive"
    # What the test wrote there itself is the administrator's.
    bed.run("rm", "-r", "/etc/systemd/system/precheckd.service.d")
    left_behind(bed, before)


def left_behind(bed, before):
    """Nothing is there that was not before, but for what systemd and dpkg keep for themselves."""
    own = re.compile(r"/var/log/|/run/(log|systemd|credentials|dbus|user|lock)(/|$)|/root(/|$)|/var/lib/private$|"
                     r"/var/cache/|/var/lib/dpkg/|/var/lib/systemd/|/var/tmp/systemd-private|/tmp/")
    left = sorted(p for p in bed.files() - before if not own.match(p))
    assert left == []
    ours = [p for p in bed.files() if re.search("precheckd|drs-simulator", p)
            and not re.match(r"/root/|/var/log/|/run/systemd/", p)]
    assert ours == [], "in places of systemd or dpkg"
    lost = sorted(p for p in before - bed.files() if not own.match(p))
    assert lost == []
