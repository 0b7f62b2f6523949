"""What every scenario has: a place, a program, servers, and their end."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import servers
from agents import Agent
from program import Program
from terminals import Terminal


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "need(*what): root, mount, unshare, or a server's name")


def can_mount():
    with tempfile.TemporaryDirectory() as folder:
        rc = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder],
                            capture_output=True).returncode
        if rc == 0:
            subprocess.run(["umount", folder], check=True)
    return rc == 0


def can_unshare():
    return subprocess.run([*servers.APART, "true"],
                          capture_output=True).returncode == 0


ABLE = {"root": servers.is_root, "mount": can_mount, "unshare": can_unshare}


def pytest_runtest_logreport(report):
    """Their names, for who runs them again; of the run's head alone."""
    names = os.environ.get("FAILED_SCENARIOS")
    if report.failed and names and "PYTEST_XDIST_WORKER" not in os.environ:
        with open(names, "a") as f:
            print(report.nodeid, file=f)


def pytest_runtest_setup(item):
    for mark in item.iter_markers("need"):
        for what in mark.args:
            if what in ABLE and not ABLE[what]():
                pytest.skip(f"needs {what}")
            if what in servers.NAMES:
                require(what)


def require(name):
    try:
        servers.binary(name)
    except servers.Missing as e:
        pytest.fail(str(e), pytrace=False)


@pytest.fixture
def place():
    """A short path that other users can enter, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    path.chmod(0o755)
    yield path
    if not os.environ.get("REDKEEP_TEST_KEEP"):
        shutil.rmtree(path)


@pytest.fixture
def keep(place):
    return Program(place)


@pytest.fixture
def terminal(keep):
    return Terminal(keep)


@pytest.fixture
def serve(place):
    """serve("a", appendonly="yes") starts a server in the folder a."""
    running = []

    def start(home="server", name=servers.SYSTEM, begin=True, **settings):
        require(name)
        server = servers.Server(place / home, name, **settings)
        running.append(server)
        return server.start() if begin else server

    yield start
    for server in running:
        server.kill()


@pytest.fixture
def boot(serve):
    """Starts a server on a folder as it is; one that was cut fails."""
    count = [0]

    def start(data, name=servers.SYSTEM, whole=True, **settings):
        count[0] += 1
        settings.setdefault("appendonly", "yes")
        settings.setdefault("aof_load_truncated", "no")
        server = serve(f"boot{count[0]}", name, data=data, **settings)
        assert not whole or not server.truncated(), server.truncated()
        return server

    return start


@pytest.fixture
def agent(place):
    """agent(server, connection_delays="1ms") starts an agent for it, of its
    own home; begin=False leaves that to the scenario. One that still runs when
    the scenario is over must end well."""
    running = []

    def start(redis, home="agent", begin=True, **settings):
        one = Agent(place / home, redis, **settings)
        running.append(one)
        return one.start() if begin else one

    yield start
    try:
        for one in running:
            if one.process and one.runs():
                one.stop()
    finally:
        for one in running:
            one.kill()


@pytest.fixture
def mounts(place):
    """mounts("-t", "tmpfs", "tmpfs", path): undone before the place goes."""
    done = []

    def mount(*words):
        subprocess.run(["mount", *map(str, words)], check=True)
        if not any("remount" in str(w) for w in words):
            done.append(str(words[-1]))

    yield mount
    for path in reversed(done):
        subprocess.run(["umount", "-l", path], check=True)


def remove(folder):
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


@pytest.fixture
def group():
    """A control group with 48 MiB of memory, of version 1 or 2: the file that
    takes its processes."""
    for base, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                        ("/sys/fs/cgroup", "memory.max")):
        folder = Path(base) / f"redkeep-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / limit).exists():
            try:
                (folder / limit).write_text(str(48 << 20))
                yield folder / "cgroup.procs"
            finally:
                servers.wait_for(lambda: remove(folder), f"{folder} to be left")
            return
        folder.rmdir()
    pytest.skip("needs a control group with a memory limit")
