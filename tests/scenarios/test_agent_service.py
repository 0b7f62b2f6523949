"""What the service manager hears of the agent."""

import os
import re
import signal
import socket
import subprocess

import pytest

from data import fill, one_client
from servers import TOP, wait_for


@pytest.fixture
def manager(place):
    """hear("READY=1"): messages up to one that has the word."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(place / "notify"))
        s.settimeout(10)

        def hear(word):
            heard = []
            while not any(word in each for each in heard):
                heard.append(s.recv(4096).decode())
            return heard

        yield hear


def test_the_manager_hears_of_start_life_reload_and_end(
        place, serve, agent, manager):
    a = agent(serve(), begin=False)
    a.extra = {"NOTIFY_SOCKET": str(place / "notify"),
               "WATCHDOG_USEC": "100000"}
    a.start()
    manager("READY=1")
    manager("STATUS=")
    for _ in range(3):
        manager("WATCHDOG=1")
    a.process.send_signal(signal.SIGHUP)
    reload = manager("RELOADING=1")[-1]
    assert re.search(r"^MONOTONIC_USEC=\d+$", reload, re.M)
    manager("READY=1")
    a.process.terminate()
    manager("STOPPING=1")
    assert a.process.wait(timeout=10) == 0


def test_no_message_goes_where_nobody_asked_for_one(serve, agent):
    a = agent(serve(), begin=False, log_level="debug")
    a.wrap = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    a.start().wait_state("connected")
    held = [os.readlink(f"/proc/{a.pid}/fd/{fd}") for fd in range(3)]
    assert held == ["/dev/null"] * 3
    a.stop()


def test_a_child_is_told_nothing_of_the_manager(place, serve, agent, manager):
    a = agent(serve(), begin=False, hooks_on_event=f"env > {place}/env.part && "
              f"mv {place}/env.part {place}/env")
    a.extra = {"NOTIFY_SOCKET": str(place / "notify"),
               "WATCHDOG_USEC": "100000"}
    a.start()
    manager("READY=1")
    for _ in range(100):
        if os.path.exists(place / "env"):
            break
        manager("WATCHDOG=1")
    text = (place / "env").read_text()
    assert "REDKEEP_EVENT=" in text
    assert "NOTIFY_SOCKET" not in text and "WATCHDOG_USEC" not in text


def listed(group):
    """The system calls of a group, as this systemd has them."""
    lines = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], text=True, check=True,
        stdout=subprocess.PIPE).stdout.splitlines()[1:]
    words = [w.strip() for w in lines if w.strip() and w.strip()[0] != "#"]
    return set().union(*(listed(w) if w[0] == "@" else {w} for w in words))


def allowed():
    """What SystemCallFilter of the unit comes to."""
    calls = set()
    unit = (TOP / "packaging/systemd/redkeepd.service").read_text()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        words = line.lstrip("~").split()
        group = set().union(*(listed(w) if w[0] == "@" else {w}
                              for w in words))
        calls = calls - group if line[0] == "~" else calls | group
    return calls


def test_the_unit_allows_all_that_agent_and_jobs_do(place, serve, agent):
    server = serve(appendonly="yes")
    fill(one_client(server))
    trace = place / "trace"
    a = agent(
        server, wrap=["strace", "-D", "-f", "-qq", "-o", str(trace)],
        schedule_snapshot="every 1s", schedule_bgsave="every 1s",
        schedule_bgrewriteaof="every 2s", schedule_verify="every 1s",
        schedule_prune="after snapshot", retention_last="1",
        hooks_on_event="cat >/dev/null", hooks_webhook="http://localhost:1/",
        blocks={"dependency d": {"command": "true", "every": "1s"}})

    def done():
        jobs = {j["name"]: j for j in a.status()["jobs"]}
        return all(jobs[n]["runs"] and jobs[n]["last"]["result"] == "ok"
                   for n in ("snapshot", "bgsave", "bgrewriteaof", "verify",
                             "prune"))

    wait_for(done, "a good run of each job", 40)
    a.reload()
    a.stop()
    used = set(re.findall(r"^\d+ +([a-z]\w*)\(", trace.read_text(
        errors="replace"), re.M))
    assert {"execve", "setpriority", "ioprio_set"} <= used
    assert used - allowed() == set()
