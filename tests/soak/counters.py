#!/usr/bin/env python3
"""100 applications of 500 chats each, in PostgreSQL and in SQLite: the server
loses all their counters, a restart of the agent gives them back, and while
eight clients count through that no number is given twice, of a million.

usage: counters.py [NUMBERS]      REDKEEP names the program
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from agents import Agent  # noqa: E402
from counting import Postgres, Sqlite  # noqa: E402
from recounts import Recount  # noqa: E402
from servers import Server  # noqa: E402

APPLICATIONS, CHATS = 100, 500


def run(name, place, database, numbers):
    server = Server(place / "server")
    agent = Agent(place / "agent", server)
    try:
        server.start()
        one = Recount(place, database, server, agent, APPLICATIONS, CHATS)
        begun = time.monotonic()
        one.fills_an_empty_server()
        one.tells_a_flush_and_mends_it_at_a_restart()
        print(f"{name}: {len(one.keys)} counters lost, told, and back after a "
              f"restart, twice in {time.monotonic() - begun:.1f} s; the next "
              "numbers are max + 1")
        kept = one.lets_clients_count_who_lost_nothing(numbers)
        lost = one.lets_clients_count_who_lost_all(numbers)
        print(f"{name}: 8 clients through rebuilds: {kept} numbers of counters "
              f"that were there, {lost} of some that were raised meanwhile; "
              "none twice")
        agent.stop()
    except AssertionError:
        shutil.copy(agent.log, f"/tmp/soak-counters-{name}.log")
        print(f"the log is /tmp/soak-counters-{name}.log", file=sys.stderr)
        raise
    finally:
        agent.kill()
        server.kill()


def main(numbers=1_000_000):
    place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    place.chmod(0o755)
    postgres = Postgres(place / "pg")
    try:
        for name in "postgresql", "sqlite":
            folder = place / name
            folder.mkdir()
            run(name, folder, postgres.start() if name == "postgresql"
                else Sqlite(folder / "chats.db"), int(numbers))
    finally:
        postgres.stop()
        shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
