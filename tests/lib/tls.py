"""Certificates for a test: a private CA made with openssl(1), good and bad ones signed by it.

    ca = CA(tmp_path)
    key, crt = ca.server("localhost", "127.0.0.1")
    ca.server("localhost", days=(-3, -1))       # expired yesterday
    CA(tmp_path / "other").server("localhost")  # by somebody whom nobody knows
"""

import datetime
import os
import shutil
import subprocess

OPENSSL = shutil.which("openssl")

CONFIG = """
[ca]
default_ca = this
[this]
dir = {dir}
database = {dir}/index
new_certs_dir = {dir}
serial = {dir}/serial
certificate = {dir}/ca.pem
private_key = {dir}/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
"""


def missing():
    """Why it can't be used here, or None."""
    return None if OPENSSL else "openssl is not installed (tests/lib/deps.sh peers)"


def _openssl(*args):
    done = subprocess.run([OPENSSL, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args}: {done.stdout.decode(errors='replace')}")


def _moment(days):
    """As openssl-ca(1) wants it; days from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


class CA:
    """An authority of this test only; ca.path is what a client has to trust."""

    def __init__(self, directory, name="Test authority"):
        self.directory = os.fspath(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.path = self._at("ca.pem")
        self._n = 0
        with open(self._at("cnf"), "w") as f:
            f.write(CONFIG.format(dir=self.directory))
        with open(self._at("index"), "w"):
            pass
        with open(self._at("serial"), "w") as f:
            f.write("01\n")
        _openssl("req", "-x509", "-config", self._at("cnf"), "-extensions", "authority", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-keyout", self._at("ca.key"), "-out", self.path,
                 "-subj", f"/CN={name}", "-days", "30")

    def _at(self, name):
        return os.path.join(self.directory, name)

    def server(self, *names, days=(-1, 30)):
        """(key, certificate): paths; for names or IPv4 addresses, valid from and until so many days from now."""
        self._n += 1
        key, csr, crt, ext = (self._at(f"{self._n}.{what}") for what in ("key", "csr", "crt", "ext"))
        kinds = ["IP:" + n if n.replace(".", "").isdigit() else "DNS:" + n for n in names]
        with open(ext, "w") as f:
            f.write(f"subjectAltName={','.join(kinds)}\nextendedKeyUsage=serverAuth\n")
        # RSA, which TLS 1.1 knows too
        _openssl("req", "-new", "-config", self._at("cnf"), "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr,
                 "-subj", f"/CN={names[0]}")
        _openssl("ca", "-batch", "-notext", "-config", self._at("cnf"), "-in", csr, "-out", crt, "-extfile", ext,
                 "-startdate", _moment(days[0]), "-enddate", _moment(days[1]))
        return key, crt
