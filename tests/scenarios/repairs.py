"""Datasets to be damaged, and what every repair must keep to."""

import shutil

import pytest

from program import STOPPED, journal, tree

BASE, LATER = 40, 60  # keys in the base, keys in the incr


def command(*words):
    """As a server writes it."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"".join([b"*%d\r\n" % len(words)] +
                    [b"$%d\r\n%s\r\n" % (len(w), w) for w in words])


def keys(first, count):
    return {f"k{i}".encode(): f"value {i}".encode()
            for i in range(first, first + count)}


def write(server, wanted):
    client = server.client()
    for key, value in wanted.items():
        client.set(key, value)
    server.drain()


def held(server):
    """The strings of the server by key; of other keys, their types."""
    client = server.client()
    types = {k: client.type(k) for k in client.scan_iter(count=500)}
    return {k: client.get(k) if t == b"string" else t
            for k, t in types.items()}


class Set:
    """A stopped server's AOF: keys in its base and in its last incr."""

    def __init__(self, keep, place, boot, data):
        self.keep, self.place, self.boot = keep, place, boot
        self.data = data
        self.folder = data / "appendonlydir"
        self.all = {**keys(0, BASE), **keys(BASE, LATER)}

    @property
    def manifest(self):
        return self.folder / "appendonly.aof.manifest"

    @property
    def base(self):
        return max(self.folder.glob("appendonly.aof.*.base.*"))

    @property
    def incr(self):
        return max(self.folder.glob("appendonly.aof.*.incr.aof"))

    def change(self, path, change):
        path.write_bytes(change(path.read_bytes()))

    def run(self, *args, path=None, **options):
        return self.keep("repair", path or self.data, "--redis",
                         f"unix://{self.place}/nobody", *STOPPED, *args,
                         **options)

    def repair(self, *args, path=None, exit=0):
        """Mends it, and sees that nothing of what was there is gone, that
        the plan was told before, and that there is no more to do."""
        before = tree(self.data)
        planned = self.run("--dry-run", "--json", *args, path=path, exit=1)
        assert tree(self.data) == before, "a dry run changed something"
        told = self.run("--yes", "--json", *args, path=path, exit=exit).json
        assert told["plan"] == planned.json["plan"] != []
        self.assert_kept(before, told["kept"])
        assert journal(self.data) in ("none", "placed")
        if exit == 0:
            assert told["verdict"] == "sound" and told["server"] == "loads"
            after = tree(self.data)
            path = path if path and path.exists() else self.data
            again = self.run("--yes", "--json", *args, path=path).json
            assert again["plan"] == [] and again["kept"] is None
            assert tree(self.data) == after
        return told

    def assert_kept(self, before, kept):
        """Every byte of before is in kept, or where it was."""
        kept = self.place / kept
        now, old = tree(self.data), tree(kept)
        for name, what in before.items():
            assert name.startswith(".redkeep") or \
                old.get(name, now.get(name)) == what, name
        for name in old:
            assert name in before, name

    def start(self, **settings):
        server = self.boot(self.data, **settings)
        found = held(server)
        server.stop()
        return found

    def assert_holds(self, wanted, **settings):
        """Loads without a cut, twice, and keeps what is written between."""
        server = self.boot(self.data, **settings)
        assert held(server) == wanted
        server.client().set("later", 1)
        server.drain()
        server.stop()
        assert self.start(**settings) == {**wanted, b"later": b"1"}


@pytest.fixture
def aof(place, keep, serve, boot):
    server = serve("made", appendonly="yes")
    write(server, keys(0, BASE))
    server.rewrite()
    write(server, keys(BASE, LATER))
    server.stop()
    data = place / "data"
    shutil.copytree(server.data, data)
    return Set(keep, place, boot, data)
