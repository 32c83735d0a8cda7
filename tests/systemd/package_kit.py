"""The Debian packages, built three times, and a clean Debian to install them in.

    p = packages()              # built once in a session
    p.first, p.again            # the tree as it is; and again, from elsewhere and under other circumstances
    p.next                      # as the version after this one, with another sample configuration
    p.root                      # a Debian that has their dependencies and nothing else
    with CleanBed(p.root) as bed:
        bed.install(p.first)    # with dpkg

Nothing outside the build directory is written, no process or mount stays behind.
"""

import collections
import concurrent.futures
import glob
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import urllib.parse

from bed import PATIENCE, Bed
from sim import ROOT, build_dir

VERSION = re.search(r"^VERSION := (\S+)$", open(os.path.join(ROOT, "Makefile")).read(), re.M).group(1)
NEXT_VERSION = re.sub(r"\d+$", lambda m: str(int(m.group()) + 1), VERSION)
TOOLS = ("dpkg-buildpackage", "dh", "lintian", "mmdebstrap")
BASE = os.path.join(build_dir(), "package")

Packages = collections.namedtuple("Packages", "first again next root")


def run(argv, **more):
    """CompletedProcess with both outputs in stdout; AssertionError with them if the exit status is not 0."""
    check = more.pop("check", True)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=more.pop("stderr", subprocess.STDOUT), errors="replace", **more)
    assert not check or done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout[-3000:]}"
    return done


def missing():
    """Why none of this can be done here, or None."""
    if os.geteuid() != 0:
        return "needs root: a clean Debian is made and booted"
    lacking = [t for t in TOOLS if not shutil.which(t)]
    return "not here: " + ", ".join(lacking) + "; tests/lib/deps.sh bed installs them" if lacking else None


# -- building -------------------------------------------------------------------------------------

def copy_tree(target):
    """The tree as somebody has it who unpacked it from an old archive: without .git, and of another day."""
    def ignore(folder, names):
        top = os.path.samefile(folder, ROOT)
        return [n for n in names if n == "__pycache__" or top and (n == ".git" or n.startswith("build"))]
    shutil.copytree(ROOT, target, ignore=ignore, symlinks=True)
    for path in listing(target):
        os.utime(path, (10**9, 10**9))
    return target


def listing(tree):
    """{path: (size, mode, time of change)} of all files of a tree."""
    found = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            s = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (s.st_size, s.st_mode, s.st_mtime_ns)
    return found


def build(tree, out, version, **environment):
    """`make deb`; returns where the packages are."""
    run(["make", "-s", "-C", tree, f"O={out}", f"VERSION={version}", "deb"],
        env={**os.environ, **environment})
    return os.path.join(out, "deb")


def deb(folder, name, version=VERSION):
    """The file of one package."""
    found = glob.glob(os.path.join(folder, f"{name}_{version}_*.deb"))
    assert len(found) == 1, (folder, name, version, os.listdir(folder))
    return found[0]


def depends(path):
    """The names of the packages that a .deb depends on; one for each group of alternatives."""
    text = run(["dpkg-deb", "--field", path, "Depends"]).stdout
    return [re.match(r"\s*([a-z0-9.+-]+)", group).group(1) for group in text.split(",")]


# -- a clean Debian -------------------------------------------------------------------------------

def codename():
    return re.search(r"^VERSION_CODENAME=(\w+)", open("/etc/os-release").read(), re.M).group(1)


def mirrors():
    """What this machine's apt is told of Debian itself, as two files that mmdebstrap reads."""
    suite, lines, stanzas = codename(), [], []
    for path in glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*.list"):
        lines += [line for line in open(path)
                  if re.match(rf"deb\s.*\s{suite}(-updates|-security)?\s.*\bmain\b", line)]
    for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
        stanzas += [s for s in re.split(r"\n\s*\n", open(path).read())
                    if re.search(rf"^Suites:(.*\s){suite}\b", s, re.M)
                    and re.search(r"^Components:.*\bmain\b", s, re.M)]
    files = []
    for name, parts, between in (("mirror.list", lines, ""), ("mirror.sources", stanzas, "\n\n")):
        if parts:
            files.append(os.path.join(BASE, name))
            with open(files[-1], "w") as f:
                f.write(between.join(parts) + "\n")
    assert files, "no sources of Debian in /etc/apt"
    return files


def make_root(wanted):
    """A root folder with systemd, D-Bus and the packages `wanted`; that of an earlier run if it is the same."""
    sources = mirrors()
    key = hashlib.sha256(repr((sorted(wanted), [open(s).read() for s in sources])).encode()).hexdigest()
    root = os.path.join(BASE, "root-" + key[:12])
    if os.path.isdir(root):
        return root
    for old in glob.glob(os.path.join(BASE, "root-*")):
        shutil.rmtree(old)
    making = root.replace("root-", "making-")
    shutil.rmtree(making, ignore_errors=True)
    # Without other packages' documentation, but ours is to be unpacked.
    exclude = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("doc", "locale", "man")]
    run(["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io", *exclude,
         "--include=" + ",".join(["systemd", "dbus", *sorted(wanted)]),
         '--customize-hook=rm "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"', codename(), making, *sources])
    os.rename(making, root)
    return root


_packages = None


def packages():
    """All of it, once in a session: 10 s for the first build, 20 to 30 for the rest, side by side."""
    global _packages
    if _packages:
        return _packages
    os.makedirs(BASE, exist_ok=True)
    for old in ("first", "again", "next", "tree", "tree-next"):
        shutil.rmtree(os.path.join(BASE, old), ignore_errors=True)
    first = build(ROOT, os.path.join(BASE, "first"), VERSION)
    wanted = {d for name in ("precheckd", "drs-simulator") for d in depends(deb(first, name))}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        root = pool.submit(make_root, wanted)
        both = pool.submit(_build_others)
        again, following = both.result()
        _packages = Packages(first, again, following, root.result())
    return _packages


def _build_others():
    tree = copy_tree(os.path.join(BASE, "tree"))
    before = listing(tree)
    old_mask = os.umask(0o077)
    try:
        again = build(tree, os.path.join(BASE, "again"), VERSION, TZ="Asia/Kathmandu", LC_ALL="C",
                      CFLAGS="-O0 -DNONSENSE", DEB_BUILD_OPTIONS="terse", MAKEFLAGS="V=1")
    finally:
        os.umask(old_mask)
    assert listing(tree) == before, "make deb touched the tree"
    with open(os.path.join(tree, "etc/precheckd.conf"), "a") as f:
        f.write("# The sample of the next version.\n")
    return again, build(tree, os.path.join(BASE, "next"), NEXT_VERSION)


# -- the clean Debian, booted -----------------------------------------------------------------------

class CleanBed(Bed):
    """A bed of that Debian, in which everything comes from the packages, the simulator too."""

    # The bed's network is its own, so nobody else has these.
    CLOUD, CONTROL = 8080, 8081

    def __init__(self, root):
        super().__init__("-r", root)

    def dpkg(self, *argv):
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *argv).stdout

    def install(self, folder, version=VERSION, options=()):
        """dpkg -i of both packages."""
        inside = []
        for name in ("precheckd", "drs-simulator"):
            inside.append(f"/root/{name}.deb")
            shutil.copy(deb(folder, name, version), self.path(inside[-1]))
        return self.dpkg(*options, "-i", *inside)

    def files(self):
        """Every path of the bed's disk and of its /run."""
        return set(self.sh("find / /run -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp \\) "
                           "-prune -o -print").splitlines())

    def cloud(self, scenario):
        """The simulator as a service of the bed; its address."""
        self.write("/root/scenario.json", json.dumps(scenario), 0o600)
        self.run("systemd-run", "--quiet", "--unit=cloud", "/usr/bin/drs-simulator", "--scenario",
                 "/root/scenario.json", "--listen", f"127.0.0.1:{self.CLOUD}", "--control-port", str(self.CONTROL))
        self.wait(lambda: any("control on" in e["MESSAGE"] for e in self.journal("-u", "cloud")))
        return f"http://127.0.0.1:{self.CLOUD}"

    def control(self, path, **query):
        """One question to the simulator's control port."""
        with self.network():
            con = http.client.HTTPConnection("127.0.0.1", self.CONTROL, timeout=2 * PATIENCE)
            try:
                con.request("GET", f"/_sim/{path}?{urllib.parse.urlencode(query)}")
                answer = con.getresponse()
                body = answer.read()
            finally:
                con.close()
        assert answer.status == 200, (path, query, body)
        return json.loads(body)

    def next_round(self, runs):
        """Waits until the cloud was asked for so many more pre-checks."""
        seq = self.control("log")[-1]["seq"]
        self.control("wait", kind="submit", count=runs, since=seq, timeout=f"{PATIENCE}s")
