#!/usr/bin/env python3
"""Five minutes of 200 slow clients and malformed requests; /health/live minds
neither, and neither memory nor descriptors are lost.

usage: abuse.py [SECONDS [SEED]]        REDKEEP names the program
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from agents import Agent  # noqa: E402
from http_abuse import Noise, Slow, percentile, watch_live  # noqa: E402
from servers import Server, wait_for  # noqa: E402


def measure(place, seconds, seed):
    server = Server(place / "server", appendonly="yes").start()
    agent = Agent(place / "agent", server, schedule_snapshot="every 1m",
                  http_request_timeout="2s", http_idle_timeout="2s")
    try:
        agent.start()
        with Noise(agent.port, f"{seed}.0"):  # what it needs for that at all
            time.sleep(5)
        descriptors, rss = agent.descriptors(), agent.rss_kib()
        with Slow(agent.port) as slow, Noise(agent.port, seed) as noise:
            took, other = watch_live(agent, seconds)
        wait_for(lambda: agent.descriptors() <= descriptors,
                 "its descriptors back")
        print(f"abuse: {noise.count} malformed conversations, {slow.ended} "
              f"slow clients ended; /health/live {len(took)} times, p99 "
              f"{percentile(took, 99) * 1000:.1f} ms, longest "
              f"{max(took) * 1000:.1f} ms, {len(other)} refused; "
              f"memory {rss} KiB before, {agent.rss_kib()} KiB after")
        assert percentile(took, 99) < 0.1
        assert len(other) < len(took) / 5
        assert agent.rss_kib() < rss + 4096
        agent.stop()
    finally:
        agent.kill()
        server.kill()


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = sys.argv[2] if len(sys.argv) > 2 else str(time.time_ns())
    print(f"abuse: seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        measure(Path(place), seconds, seed)


if __name__ == "__main__":
    main()
