#!/usr/bin/env python3
"""Ten minutes with an agent, as installed, that has nothing to do: its memory,
its processor time, and every wake-up, counted by strace and told by its cause.

usage: idle.py [SECONDS]        REDKEEP names the program (build/redkeep)
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from agents import Agent  # noqa: E402
from data import fill  # noqa: E402
from idleness import MIB, Idleness  # noqa: E402
from servers import Server, wait_for  # noqa: E402

WAIT = re.compile(r"epoll_p?wait2?\(.*\) += (\d+)")

# What the loop did when it was woken, and so what woke it.
CAUSES = {
    "the server is asked": r"writev?\(.*(PING|INFO|CONFIG)",
    "the server answers": r"readv?\(.*(PONG|\\r\\n)",
    "the keeper tells": r"readv?\(.*look",
}


def trace(pid, path):
    """strace of one process, once it is attached."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-s", "40", "-o", str(path), "-e",
         "trace=epoll_wait,epoll_pwait,epoll_pwait2,read,readv,write,writev",
         "-p", str(pid)],
        stderr=subprocess.PIPE, text=True)
    assert "attached" in tracer.stderr.readline()
    return tracer


def causes(path):
    """Wake-ups of the loop by cause; "unknown" should be none."""
    found, did = Counter(), None
    for line in path.read_text(errors="replace").splitlines() + ["end"]:
        woken = WAIT.search(line)
        if not woken and line != "end":
            did = did and did + line + "\n"
            continue
        if did:
            found[next((name for name, done in CAUSES.items()
                        if re.search(done, did)), "unknown")] += 1
        did = None
        if woken and woken[1] == "0":
            found["timer"] += 1
        elif woken:
            did = "\n"
    return found


def measure(place, seconds):
    server = Server(place / "server", appendonly="yes").start()
    agent = Agent(place / "agent", server, schedule_snapshot="every 1h",
                  schedule_prune="after snapshot",
                  **dict.fromkeys(["connection_delays",
                                   "connection_command_timeout",
                                   "connection_ping_interval",
                                   "connection_info_interval"]))
    try:
        fill(server.client())
        agent.start()
        wait_for(lambda: agent.job("prune")["last"], "the first snapshot")
        time.sleep(2)
        idle = Idleness(agent)
        time.sleep(seconds)
        cost = idle.cost(seconds)
        traced = min(60, seconds)
        path = place / "strace"
        tracer = trace(agent.pid, path)
        time.sleep(traced)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=10)
        found = causes(path)
        agent.stop()
    finally:
        agent.kill()
        server.kill()
    return cost, found, traced


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    try:
        cost, found, traced = measure(place, seconds)
    finally:
        shutil.rmtree(place)
    for name, p in zip(["redkeepd"] + ["a child"] * len(cost), cost):
        print(f"{name}: RSS {p['rss'] / MIB:.1f} MiB, of its own "
              f"{p['own'] / MIB:.1f} MiB, CPU {p['cpu']:.3f} %, "
              f"{p['wakes']:.2f} wake-ups a second")
    print(f"strace, {traced} s of redkeepd: " + ", ".join(
        f"{count} {name}" for name, count in sorted(found.items())))
    # Beside timers only answers; those of the children are the keeper's.
    good = (cost[0]["rss"] < 10 * MIB and
            sum(p["own"] for p in cost) < 10 * MIB and
            sum(p["cpu"] for p in cost) < 0.1 and found["timer"] > 0 and
            found["unknown"] == 0)
    print("idle: as it should be" if good else "idle: IT COSTS TOO MUCH")
    sys.exit(0 if good else 1)


main()
