"""An agent that has nothing to do costs next to nothing (the ten minutes of
it are in tests/soak/idle.py)."""

import time

from data import fill
from idleness import MIB, Idleness
from servers import wait_for

SECONDS = 12


def settled(agent, server, home, **settings):
    """An agent as installed, that has taken its first snapshot."""
    intervals = dict.fromkeys([
        "connection_delays", "connection_command_timeout",
        "connection_ping_interval", "connection_info_interval"])
    one = agent(server, home=home, schedule_snapshot="every 1h",
                schedule_prune="after snapshot", **{**intervals, **settings})
    wait_for(lambda: one.job("prune")["last"], "the first snapshot and prune")
    return one


def test_idle_costs_next_to_nothing_and_wakes_only_at_timers(agent, serve):
    server = serve(appendonly="yes")
    fill(server.client())
    usual = settled(agent, server, "usual")
    rare = settled(agent, server, "rare", connection_ping_interval="1h",
                   connection_info_interval="1h")
    time.sleep(1)  # what follows a first snapshot is over
    measured = [Idleness(usual), Idleness(rare)]
    time.sleep(SECONDS)
    usual, rare = [each.cost(SECONDS) for each in measured]
    for one in (usual, rare):
        assert one[0]["rss"] < 10 * MIB, one
        assert sum(p["own"] for p in one) < 10 * MIB, one
        assert sum(p["cpu"] for p in one) < 0.2, one  # on a busy machine
    # A PING is a timer, a write and an answer, and so is INFO; the alarms are
    # looked at each second, files and repository each 5 s.
    assert sum(p["wakes"] for p in usual) < 10, usual
    assert sum(p["wakes"] for p in rare) < 3, rare
