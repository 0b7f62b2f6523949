"""Real servers: found by name, started in folders of their own, waited for,
and ended by the process that was started, never by a name."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis

# For a message about a connection that was reset redis-py wants these, also of a
# unix socket, and fails with an AttributeError where it should say what happened.
redis.UnixDomainSocketConnection.host = "unix"
redis.UnixDomainSocketConnection.port = 0

TOP = Path(__file__).resolve().parents[2]
NAMES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"]
SYSTEM = "redis-7.0"  # the one Debian 12 has itself


# A process namespace of one's own, as a container has it. Only /proc is made
# private: in a chroot / is no mount that could be.
APART = ["unshare", "-m", "--propagation", "unchanged", "-p", "-f",
         "--kill-child", "sh", "-c", "mount --make-private /proc && "
         "mount -t proc proc /proc && exec \"$@\"", "sh"]


class Missing(Exception):
    """A server that the scenarios need is not on this machine."""


def wait_for(condition, what, seconds=20):
    """The first true value of condition(); fails by the name `what`, which may
    be a function that tells how it stands then."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            what = what() if callable(what) else what
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.005)


def binary(name):
    """The program of that server, or Missing with what to do."""
    if name != SYSTEM:
        path = TOP / "build" / "servers" / name / "server"
        if not path.exists():
            raise Missing(f"server {name} is missing: tests/servers/fetch "
                          f"{name}")
        return str(path)
    path = shutil.which("redis-server")
    text = path and subprocess.run([path, "--version"], text=True,
                                   stdout=subprocess.PIPE).stdout
    if not text or not re.search(r"v=7\.0\.", text):
        raise Missing("server redis-7.0 is missing: install redis-server of "
                      "Debian 12")
    return path


def path_of(place, name):
    """An environment whose PATH has that server first."""
    folder = place / f"bin-{name}"
    folder.mkdir(exist_ok=True)
    program = f"{name.split('-')[0]}-server"
    if not (folder / program).exists():
        (folder / program).symlink_to(binary(name))
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def quoted(value):
    """A word of redis.conf, by the rules of the server's own splitter."""
    text = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else
                   "".join(f"\\x{b:02x}" for b in c.encode())
                   for c in str(value))
    return f'"{text}"'


def write_conf(path, settings):
    """A str is one word, a tuple several, a list several lines."""
    lines = []
    for key, value in settings.items():
        for each in value if isinstance(value, list) else [value]:
            words = each if isinstance(each, tuple) else (each,)
            lines.append(" ".join([key] + [quoted(w) for w in words]))
    path.write_text("\n".join(lines) + "\n")


def setting(name):
    """setting("aof_use_rdb_preamble") is the key as redis.conf has it."""
    return name.replace("_", "-")


class Server:
    """One server. Its data is in home/data, or where `dir` says."""

    def __init__(self, home, name=SYSTEM, data=None, wrap=(), auth=None,
                 **settings):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.data = Path(data or self.home / "data")
        self.data.mkdir(parents=True, exist_ok=True)
        self.socket = self.home / "s"
        self.log = self.home / "log"
        self.wrap = list(wrap)
        self.auth = auth or {}
        self.process = None
        self.settings = {
            "dir": str(self.data), "port": "0",
            "unixsocket": str(self.socket), "unixsocketperm": "777",
            "logfile": str(self.log), "save": "", "appendonly": "no",
            "appendfsync": "everysec", "daemonize": "no",
            "auto-aof-rewrite-percentage": "0",
        }
        if name != "redis-6.0":
            self.settings["enable-debug-command"] = "yes"
        self.settings.update((setting(k), v) for k, v in settings.items())

    @property
    def url(self):
        return f"unix://{self.socket}"

    def launch(self, anew=True):
        """Starts the process and waits for nothing; anew: its log, too."""
        conf = self.home / "redis.conf"
        write_conf(conf, self.settings)
        if anew:
            self.log.write_text("")
        self.log.chmod(0o666)
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            self.wrap + [binary(self.name), str(conf)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.home)
        return self

    def start(self):
        """Starts it and waits until it has loaded and answers."""
        self.launch()
        wait_for(self.answers, f"{self.name} in {self.home}")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended: {self.log_text()}")
        try:
            return self.client().info("persistence")["loading"] == 0
        except redis.exceptions.RedisError:
            return False

    def ended(self, seconds=20):
        """Waits for an end of its own accord; the exit status."""
        return self.process.wait(timeout=seconds)

    def client(self, **options):
        return redis.Redis(unix_socket_path=str(self.socket),
                           **{**self.auth, **options})

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        return self

    def stop(self):
        """An orderly end, that saves nothing more."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            try:
                self.client().shutdown(nosave=True)
            except redis.exceptions.RedisError:
                pass
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.kill()

    def log_text(self):
        if not self.log.exists():
            return ""
        return self.log.read_text(errors="replace")

    def truncated(self):
        """What the log says of data that was cut at the start."""
        return re.findall(r".*(?:[Tt]runcat|short read|loaded anyway|"
                          r"Revert incomplete|CRITICAL|Bad file).*",
                          self.log_text())

    def persistence(self):
        return self.client().info("persistence")

    def rewrite(self):
        """A BGREWRITEAOF, followed to its end."""
        self.client().bgrewriteaof()
        self.rest()
        assert self.persistence()["aof_last_bgrewrite_status"] == "ok"

    def rest(self):
        """Waits until no child of the server runs or is to run."""
        def idle():
            info = self.persistence()
            return not (info["aof_rewrite_in_progress"] or
                        info["aof_rewrite_scheduled"] or
                        info["rdb_bgsave_in_progress"])
        wait_for(idle, "the server's children")

    def drain(self):
        """Waits until every acknowledged write is in the file."""
        wait_for(lambda: self.persistence().get("aof_buffer_length", 0) == 0,
                 "the AOF buffer")


def free_port():
    """A loopback port that was free just now."""
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def localhost():
    """A name for 127.0.0.1; a bare system has no /etc/hosts with one."""
    import socket
    try:
        socket.getaddrinfo("localhost", None)
    except socket.gaierror:
        return "127.0.0.1"
    return "localhost"


def unprivileged(uid=65534, gid=65534):
    """A wrapper that runs a command as somebody who owns nothing here."""
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups",
            "--"]


def is_root():
    return os.geteuid() == 0
