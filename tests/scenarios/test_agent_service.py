"""What the service manager hears of the agent."""

import os
import re
import signal
import socket

import pytest


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
