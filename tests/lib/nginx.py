"""A real nginx in front of whatever a test wants: its own configuration, its own directory, no fixed port.

    with Nginx(tmp_path, f"server {{ listen 127.0.0.1:{PORT}; location / {{ proxy_pass {sim.url}; }} }}") as n:
        n.url(0)
        n.requests()            # what has been answered so far, as dicts of the access log

The sockets are bound here and inherited by nginx (as in an upgrade of its binary), so that no port is guessed;
"{0}", "{1}" ... in the text stand for the address of the first, second ... of them. They may come from another
network namespace.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time

from process import wait_end

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")

CONFIG = """
daemon off;
master_process on;
user root;
worker_processes 1;
pid nginx.pid;
error_log error.log info;
events {{ worker_connections 512; }}
http {{
	log_format all escape=json '{{"method":"$request_method","uri":"$request_uri","status":"$status",'
		'"body":"$request_body","auth":"$http_x_auth_token","subject":"$upstream_http_x_subject_token",'
		'"connection":"$connection","protocol":"$ssl_protocol"}}';
	access_log access.log all;
	client_body_temp_path tmp;
	proxy_temp_path tmp;
	fastcgi_temp_path tmp;
	uwsgi_temp_path tmp;
	scgi_temp_path tmp;
	client_body_buffer_size 1m;
	client_max_body_size 8m;
	proxy_buffer_size 256k;
	proxy_buffers 8 256k;
	proxy_busy_buffers_size 512k;
	proxy_http_version 1.1;
	proxy_set_header Host $http_host;
	proxy_connect_timeout 3s;
	{text}
}}
"""


def missing():
    """Why it can't be used here, or None."""
    return None if PROGRAM else "nginx is not installed (tests/lib/deps.sh peers)"


def listening(address="127.0.0.1", port=0):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(128)
    return s


class Nginx:
    """One running nginx: a master, which alone takes inherited sockets without crashing, and one worker."""

    def __init__(self, directory, text, sockets=1):
        self.directory = os.fspath(directory)
        os.makedirs(os.path.join(self.directory, "tmp"), exist_ok=True)
        self.sockets = [listening() for _ in range(sockets)] if isinstance(sockets, int) else list(sockets)
        self.addresses = ["%s:%d" % s.getsockname() for s in self.sockets]
        for n, address in enumerate(self.addresses):
            text = text.replace("{%d}" % n, address)
        self.path = os.path.join(self.directory, "nginx.conf")
        with open(self.path, "w") as f:
            f.write(CONFIG.format(text=text))
        self.process = None
        self.start()

    def start(self):
        fds = [s.fileno() for s in self.sockets]
        self.process = subprocess.Popen(
            [PROGRAM, "-p", self.directory, "-c", self.path, "-e", os.path.join(self.directory, "stderr.log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=fds,
            env={"PATH": "/usr/bin:/bin", "NGINX": "".join(f"{fd};" for fd in fds)}, start_new_session=True)
        # The sockets are ours, so a connection says nothing: it is up when its pid file is written.
        end = time.monotonic() + 20
        while not os.path.exists(os.path.join(self.directory, "nginx.pid")):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise RuntimeError("nginx: " + self.process.communicate()[1].decode())
            time.sleep(0.01)

    def url(self, n=0, scheme="http", host=None):
        address, port = self.sockets[n].getsockname()
        return f"{scheme}://{host or address}:{port}"

    def requests(self):
        """The access log; a request stands there when it has been answered."""
        try:
            with open(os.path.join(self.directory, "access.log"), encoding="utf-8", errors="replace") as f:
                return [json.loads(line) for line in f.read().splitlines()]
        except FileNotFoundError:
            return []

    def errors(self):
        with open(os.path.join(self.directory, "error.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def pause(self):
        """Connections are taken by the kernel, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def reload(self):
        """New certificates and the like, for connections from now on."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                wait_end(self.process, 20)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait()
        if self.process:
            self.process.stderr.close()
        for s in self.sockets:
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
