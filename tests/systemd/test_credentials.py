"""Credentials: systemd hands them over, at a start only; who reloads keeps the old ones, as the manual says."""

import os
import re

from bed import CONF, PASSWORD, UNIT
from daemon import jobs, scenario, task
from sim import CANARY_PASSWORD, ROOT


def test_a_new_one_is_seen_after_a_restart_only(bed, sim):
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1), password="wrong-for-now-5521")
    bed.systemctl("start", UNIT)
    bed.wait_message("login refused")
    tries = s.state()["logins"], len(s.log(kind="login"))

    # the file is right now; a signal alone goes on with what systemd handed over
    bed.write(PASSWORD, CANARY_PASSWORD + "\n", 0o600)
    for signal in ("HUP", "USR1"):
        bed.systemctl("kill", "--kill-whom=main", "--signal=" + signal, UNIT)
    bed.wait_message("^1 credential handed over by systemd is as before; ")
    bed.wait_message("SIGUSR1: ")
    assert (s.state()["logins"], len(s.log(kind="login"))) == tries  # nor is the refused one tried again
    assert bed.show("StatusText").startswith("1 job: 1 unknown; 1 of 1 clouds in trouble")

    bed.systemctl("restart", UNIT)
    bed.wait_message(r"works again \(was login refused\)")
    bed.wait_message(r"^job-1 .*: passed")
    told = str(bed.journal())
    assert CANARY_PASSWORD not in told and "wrong-for-now" not in told


def test_systemctl_reload_shows_what_this_systemd_hands_over(bed, sim):
    """The manual says which release does what. If this turns red with a newer one, see whether it is true still."""
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1), password="wrong-for-now-5521")
    bed.systemctl("start", UNIT)
    bed.wait_message("login refused")
    bed.write(PASSWORD, CANARY_PASSWORD + "\n", 0o600)
    bed.systemctl("reload", UNIT)
    version = int(bed.sh("systemctl --version").split()[1])
    bed.wait_message(r"reloaded .*: 1 job")
    bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    if version == 252:
        bed.wait_message(r"works again \(was login refused\)")
    else:
        bed.wait_message("SIGUSR1: ")
        assert len(s.log(kind="login")) == 2


def test_it_can_be_encrypted(bed, sim):
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1))
    bed.sh(f"head -c -1 {PASSWORD} | systemd-creds encrypt --name=otc --with-key=host - /etc/precheckd/otc.cred && "
           f"rm {PASSWORD}")
    bed.drop_in("LoadCredential=\nLoadCredentialEncrypted=otc:/etc/precheckd/otc.cred")
    assert CANARY_PASSWORD not in bed.read("/etc/precheckd/otc.cred")
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-1 .*: passed")


def test_nobody_else_can_read_it(bed, sim):
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1))
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-1 .*: passed")
    pid = bed.main_pid()
    directory = "/run/credentials/precheckd.service"
    assert bed.run("setpriv", "--reuid=65534", "--clear-groups", "cat", f"{directory}/otc", check=False).returncode != 0
    # nor does it stand in what everybody may ask for, or in the process's own words
    told = bed.systemctl("show", UNIT).stdout + bed.sh(f"tr '\\0' '\\n' </proc/{pid}/environ; cat /proc/{pid}/cmdline")
    assert CANARY_PASSWORD not in told
    # and a command of the reload does not see it
    bed.drop_in("ExecReload=\nExecReload=/bin/sh -c 'ls $CREDENTIALS_DIRECTORY/otc'")
    assert bed.systemctl("reload", UNIT, check=False).returncode == 1


def test_secrets_are_locked_and_never_dumped(bed, sim):
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1))
    bed.drop_in("RestartSec=100ms")
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-1 .*: passed")
    pid = bed.main_pid()
    status = bed.read(f"/proc/{pid}/status")
    assert int(re.search(r"^VmLck:\s*(\d+) kB", status, re.M).group(1)) >= 4
    flags = re.findall(r"^VmFlags: (.*)$", bed.read(f"/proc/{pid}/smaps"), re.M)
    assert [f for f in flags if "lo" in f.split() and "dd" in f.split()]
    assert bed.read(f"/proc/{pid}/limits").split("Max core file size")[1].split()[:2] == ["0", "0"]
    bed.run("kill", "-ABRT", str(pid))
    bed.wait(lambda: bed.show("NRestarts") != "0")
    assert "code=killed, status=6/ABRT" in str(bed.journal("-u", UNIT))  # "dumped" otherwise
    assert not [f for f in os.listdir(bed.path("/")) if f.startswith("core")]


def test_check_config_needs_none(bed):
    bed.configure("http://127.0.0.1:9", jobs=jobs(1))
    done = bed.run("precheckd", "--check-config")
    assert done.stdout == f"{CONF}: good: 1 job in 1 cloud\n"


def test_a_login_with_it_is_tried(bed, sim):
    """The command that the manual names."""
    with open(os.path.join(ROOT, "man", "precheckd.8")) as f:
        manual = f.read()
    found = re.search(r"A login with such a credential is tried by\n\.Bd [^\n]*\n(.*?)\.Ed\n", manual, re.S)
    command = found.group(1).replace("\\e\n", "\\\n")
    assert PASSWORD in command
    s = sim(scenario(tasks=[task(1)]))
    bed.configure(s, jobs=jobs(1))
    told = bed.sh(command)
    assert re.search(r"^cloud \w+: works: user ", told, re.M), told
