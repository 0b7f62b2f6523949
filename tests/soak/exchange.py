#!/usr/bin/env python3
"""A restore that stops and starts the server, under live clients: how long they
have none, next to how long that server takes to load the same data by itself.
And a snapshot that does not load goes back; and it is killed at any moment.

usage: exchange.py [MEGABYTES [KILLS [SEED]]]      REDKEEP names the program
"""

import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from data import Writer, fill, one_client, state  # noqa: E402
from program import Program  # noqa: E402
from servers import Server, wait_for  # noqa: E402
from units import Supervisor  # noqa: E402

# What the server loads: a dump, an AOF with an RDB base, one of commands.
KINDS = {
    "dump": {"appendonly": "no", "save": "3600 1"},
    "AOF, RDB base": {"appendonly": "yes"},
    "AOF, commands": {"appendonly": "yes", "aof-use-rdb-preamble": "no"},
}
VALUE = 1000


def own_load(one):
    """Stopped and started by itself: away, and loading by its own log."""
    begin = time.monotonic()
    one.wanted.unlink()
    wait_for(lambda: not one.pid.exists(), "the end", 120)
    one.wanted.touch()
    wait_for(lambda: one.pid.exists() and one.server.answers(), "it", 600)
    away = time.monotonic() - begin
    loaded = re.findall(r"DB loaded from .*: ([\d.]+) seconds",
                        one.server.log_text())
    return away, float(loaded[-1])


def measure(place, kind, megabytes):
    settings = {"rdbcompression": "no", "enable-debug-command": "yes",
                **KINDS[kind]}
    server = Server(place / "server", **settings)
    keep = Program(place)
    one = Supervisor(place, server)
    try:
        one.start()
        client = server.client(socket_timeout=600)
        client.execute_command("DEBUG", "POPULATE", megabytes * 1000, "key",
                               VALUE)
        if settings["appendonly"] == "yes":
            server.rewrite()
        else:
            client.save()
        keep("snapshot", "--redis", server.url, seconds=600)
        keys = client.dbsize()
        away, load = own_load(one)
        client.set("later", 1)
        writers = [Writer(server, f"w{n}") for n in range(3)]
        for writer in writers:
            writer.start()
        done = keep("restore", "--to", server.data, "--redis", server.url,
                    "--json", *one.by_commands(), seconds=600).json
        for writer in writers:
            writer.join()
        assert client.dbsize() == done["keys"] == keys, (done, keys)
        down = done["down_seconds"]
        print(f"{kind}, {megabytes} MB: away for {down:.2f} s; by itself "
              f"{away:.2f} s, {load:.2f} s of that loading; "
              f"restore {done['seconds']:.1f} s, "
              f"{sum(w.acknowledged for w in writers)} writes meanwhile",
              flush=True)
        assert down < 2 * away + 3, "away for far longer than the load takes"
        kept_has_all(place, done["kept"], settings, writers)
    finally:
        one.end()


def kept_has_all(place, kept, settings, writers):
    """Every write that was acknowledged before the stop is in the kept set."""
    old = Server(place / "kept", data=kept, **settings)
    try:
        old.launch()
        wait_for(old.answers, "the kept set", 600)
        for writer in writers:
            writer.check(old.client(), writer.acknowledged)
    finally:
        old.kill()


def goes_back(place, megabytes):
    """The snapshot has a command that the target's server does not know."""
    source = Server(place / "source", appendonly="yes")
    target = Server(place / "target", appendonly="yes",
                    rename_command=("RPUSH", "no-rpush"))
    keep = Program(place)
    one = Supervisor(place, target)
    try:
        source.start().client().execute_command(
            "DEBUG", "POPULATE", megabytes * 1000, "key", VALUE)
        source.rewrite()
        source.client().rpush("queue", 1)
        keep("snapshot", "--redis", source.url, seconds=600)
        source.stop()
        one.start()
        target.client().set("old", "data")
        begin = time.monotonic()
        result = keep("restore", "--to", target.data, "--redis", target.url,
                      *one.by_commands(), exit=3, seconds=600)
        took = time.monotonic() - begin
        result.says("Unknown command 'RPUSH'", "old set is back")
        wait_for(one.answers, "the old data")
        assert target.client().get("old") == b"data"
        print(f"{megabytes} MB that do not load: back after {took:.1f} s in "
              "all, the old data serves")
    finally:
        source.kill()
        one.end()


def killed(place, kills, seed):
    """Whatever was done by then, --undo and --resume end as asked, and with a
    server that serves."""
    rng = random.Random(seed)
    keep = Program(place)
    one = Supervisor(place, Server(place / "server", appendonly="yes"))
    to = ["--to", one.server.data, "--redis", one.server.url]
    by_unit = ["--service", one.unit]
    try:
        one.start()
        fill(one_client(one.server))
        keep.snapshot(one.server)
        kept = state(one_client(one.server))
        for n in range(kills):
            one.server.client().set("later", n)
            now = state(one_client(one.server))
            way = rng.choice([by_unit, one.by_commands()])
            process = keep.begin("restore", *to, *way, env=one.env)
            time.sleep(rng.random() * 0.7)
            process.kill()
            process.communicate()
            then = rng.choice(["--undo", "--resume"])
            done = keep("restore", then, *to, "--json", env=one.env,
                        exit=None)
            if done.code == 4 and then == "--undo":
                # It was over, and a server that runs is stopped when asked.
                done = keep("restore", then, *to, *way, "--json", env=one.env)
            assert done.code == 0, done
            wait_for(one.answers, "the server")
            begun = done.json["journal"] != "none"
            want = kept if then == "--resume" and begun else now
            assert state(one_client(one.server)) == want, (n, then, done)
            assert not (one.home / "run").exists(), (n, then, done)
            keep("restore", "--forget", "--to", one.server.data)
        print(f"killed {kills} times (seed {seed}): as asked each time")
    finally:
        one.end()


def main(megabytes=500, kills=100, seed=None):
    seed = random.randrange(1 << 30) if seed is None else int(seed)
    size = int(megabytes)
    for work, *args in [*((measure, kind, size) for kind in KINDS),
                        (goes_back, size), (killed, int(kills), seed)]:
        place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
        try:
            work(place, *args)
        finally:
            shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
