#!/usr/bin/env python3
"""Numbers of 100 applications with 500 chats each, given out by eight clients
while the server forgets all of them and the agent raises them again, a million
of them: with SQLite and with PostgreSQL.

usage: counters.py [NUMBERS [DATABASE...]]      REDKEEP names the program
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

import tallies  # noqa: E402


def main(numbers=1000000, *databases):
    for name in databases or ("sqlite3", "postgresql"):
        place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
        place.chmod(0o755)
        begin = time.monotonic()
        try:
            given, refused = tallies.give_out(place, name, 100, 500,
                                              int(numbers))
        finally:
            shutil.rmtree(place)
        print(f"{name}: {given} numbers given out, none twice; {refused} more "
              f"were too low, before the agent had raised their counters "
              f"({time.monotonic() - begin:.0f} s)")


if __name__ == "__main__":
    main(*sys.argv[1:])
