"""Nothing is changed and nothing is left behind, whenever redkeep ends."""

import random
import subprocess
import time

import pytest

from data import fill, one_client
from program import leftovers, tree


def settings(server):
    return server.client().config_get("*")


@pytest.mark.parametrize("aof,args", [
    ("yes", []), ("yes", ["--bgsave"]), ("no", []), ("no", ["--bgsave"])])
def test_no_setting_and_no_file_of_the_server_changes(keep, serve, aof, args):
    server = serve(appendonly=aof, save=("3600", "1"))
    fill(one_client(server))
    server.rest()
    before = settings(server)
    names = {p.name for p in server.data.iterdir()}
    for _ in range(3):
        keep.snapshot(server, "--full", *args)
    assert settings(server) == before
    names |= {"dump.rdb"} if aof == "no" or args else set()
    assert {p.name for p in server.data.iterdir()} == names
    assert leftovers(keep.repo) == []
    for entry in keep.list():
        assert entry["bound"] is True and entry["verdict"] == "sound"


def bulky(server, megabytes, seed):
    """Enough that a snapshot lasts long enough to be killed in."""
    rng = random.Random(seed)
    pipe = server.client().pipeline(transaction=False)
    for i in range(megabytes * 10):
        pipe.set(f"bulk:{seed}:{i}", rng.randbytes(100000))
    pipe.execute()
    server.drain()


def seconds_of(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


class Killer:
    """Kills runs at seeded moments of their usual time; a run that ended
    before its moment does not count, and makes the next moments earlier."""

    def __init__(self, seed, usual):
        self.rng, self.usual, self.kills = random.Random(seed), usual, 0

    def kill(self, process):
        try:
            process.communicate(timeout=self.rng.uniform(0, self.usual))
            self.usual *= 0.8
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.kills += 1


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_snapshot_leaves_a_valid_repository(keep, serve, seed):
    server = serve(appendonly="yes")
    bulky(server, 5, seed)
    killer = Killer(seed, seconds_of(lambda: keep.snapshot(server)))
    while killer.kills < 8:
        killer.kill(keep.begin("snapshot", "--redis", server.url))
        listed = keep.list()
        keep("verify", "--all")
        assert [p.name for p in server.data.iterdir()] == ["appendonlydir"]
        keep.snapshot(server)
        assert leftovers(keep.repo) == []
        assert len(keep.list()) == len(listed) + 1


def test_reading_commands_change_nothing(place, keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server))
    keep.snapshot(server)
    server.stop()
    before = tree(server.data)
    keep("check", server.data, exit=None)
    keep("snapshot", "--data-dir", server.data, "--redis",
         f"unix://{place}/nobody")
    assert tree(server.data) == before
    before = tree(keep.repo)
    keep("list")
    keep.restore(place / "to")
    after = tree(keep.repo)
    assert {k: v for k, v in after.items() if "/locks/" not in k} == \
        {k: v for k, v in before.items() if "/locks/" not in k}
