#!/usr/bin/env python3
"""A file system that stands still under the repository, again and again: the
agent says so, turns on, and is whole when it moves again; no keeper is left
behind, no descriptor, no memory. Needs root, loop devices and fsfreeze.

usage: frozen.py [ROUNDS]        REDKEEP names the program
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from agents import Agent, Pulse  # noqa: E402
from servers import Server, wait_for  # noqa: E402


def is_up(agent):
    checks = agent.get("/health/ready").json["checks"]
    return checks["repository"]["status"] == "up"


def freeze_once(agent, disk):
    subprocess.run(["fsfreeze", "-f", disk], check=True)
    try:
        agent.reload()  # an event: there is something to write
        with Pulse(agent):
            wait_for(lambda: not is_up(agent), "a word that it hangs", 15)
    finally:
        subprocess.run(["fsfreeze", "-u", disk], check=True)
    wait_for(lambda: is_up(agent), "the repository again", 60)
    wait_for(lambda: len(agent.children()) == 1, "the keeper alone")


def measure(place, rounds):
    disk = place / "disk"
    disk.mkdir()
    with (place / "image").open("wb") as image:
        image.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", place / "image"], check=True)
    subprocess.run(["mount", "-o", "loop", place / "image", disk], check=True)
    server = Server(place / "server").start()
    agent = Agent(place / "agent", server, repo=str(disk / "repo"))
    try:
        agent.start()
        freeze_once(agent, disk)  # what it needs for that at all
        descriptors, rss = agent.descriptors(), agent.rss_kib()
        for _ in range(rounds):
            freeze_once(agent, disk)
        print(f"frozen: {rounds} times; {descriptors} descriptors before, "
              f"{agent.descriptors()} after; memory {rss} KiB before, "
              f"{agent.rss_kib()} KiB after")
        assert agent.descriptors() <= descriptors
        assert agent.rss_kib() < rss + 1024
        agent.stop()
        assert (disk / "repo/main/agent/state.json").exists()
    finally:
        agent.kill()
        server.kill()
        subprocess.run(["umount", "-l", disk], check=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        measure(Path(place), rounds)


if __name__ == "__main__":
    main()
