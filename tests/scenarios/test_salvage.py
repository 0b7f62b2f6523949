"""redkeep repair on the damaged dump of a real server: what lay undamaged is
there again, in a server that loads it, and what is lost is told."""

import os
import random
import re
import resource
from collections import namedtuple

import pytest

from program import STOPPED
from repairs import command
from servers import SYSTEM, Server

KEYS = 20000
SEEDS = range(int(os.environ.get("SALVAGE_SEEDS", 2)))
BLOCKS, BLOCK = 10, 4096
YEAR = 365 * 86400
HEAD = b"REDIS0010"
EXPIRES = 7  # each so many-th key does
NAME = re.compile(rb"(?:text|hash|set|zset|list|ids|bin|count|mail|log):(\d{6})")

Made = namedtuple("Made", "data digests extents")


def add(pipe, rng, i):
    """One key, of a kind that goes by its number."""
    kind = [
        lambda k: pipe.set(k, "abc" * rng.randrange(200)),
        lambda k: pipe.hset(k, mapping={"name": f"n{i}", "visits": 0, "at": i}),
        lambda k: pipe.sadd(k, *[f"t{rng.randrange(99)}" for _ in range(9)]),
        lambda k: pipe.zadd(k, {f"m{j}": rng.random() for j in range(9)}),
        lambda k: pipe.rpush(k, *[f"job {j}" for j in range(i % 30 + 1)]),
        lambda k: pipe.sadd(k, *[rng.randrange(10**6) for _ in range(20)]),
        lambda k: pipe.set(k, rng.randbytes(rng.randrange(1, 200))),
        lambda k: pipe.incrby(k, rng.getrandbits(rng.choice([7, 15, 40]))),
        lambda k: pipe.hset(k, mapping={"data": "x" * (65 + i % 200)}),
        lambda k: pipe.xadd(k, {"a": i, "b": "text"}),
    ][i % 10]
    word = ["text", "hash", "set", "zset", "list", "ids", "bin", "count",
            "mail", "log"][i % 10]
    name = b"%s:%06d" % (word.encode(), i)
    kind(name)
    if i % EXPIRES == 0:
        pipe.expire(name, YEAR)


def digests(client):
    """Every key of database 0 and what the server makes of its value."""
    names = list(client.scan_iter(count=2000))
    found = {}
    for i in range(0, len(names), 2000):
        part = names[i:i + 2000]
        found.update(zip(part, client.execute_command(
            "DEBUG", "DIGEST-VALUE", *part)))
    return found


def extents(data):
    """Where each key lies: from its expiry, or its type, to the next one's."""
    places = [(m.start() - (11 if int(m[1]) % EXPIRES == 0 else 2), m[0])
              for m in NAME.finditer(data)]
    ends = [begin for begin, _ in places[1:]] + [len(data) - 9]
    assert all(data[begin] == (0xfc if int(name[-6:]) % EXPIRES == 0 else
                               data[begin]) for begin, name in places)
    return {name: (begin, end) for (begin, name), end in zip(places, ends)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("made"), SYSTEM).start()
    try:
        client, rng = server.client(), random.Random(1)
        pipe = client.pipeline(transaction=False)
        for i in range(KEYS):
            add(pipe, rng, i)
        pipe.execute()
        client.save()
        held = digests(client)
    finally:
        server.kill()
    data = (server.data / "dump.rdb").read_bytes()
    found = extents(data)
    assert data.startswith(HEAD) and held.keys() == found.keys()
    assert len(held) == KEYS
    return Made(data, held, found)


class Case:
    """A damaged copy, to be mended and loaded."""

    def __init__(self, keep, place, boot, made):
        self.keep, self.place, self.boot, self.made = keep, place, boot, made
        self.data = place / "data"
        self.data.mkdir()
        self.dump = self.data / "dump.rdb"
        self.told = None

    def repair(self, path=None, appendonly="no"):
        """Mends it; gives what a real server then holds."""
        self.told = self.keep(
            "repair", path or self.dump, "--redis",
            f"unix://{self.place}/nobody", *STOPPED, "--yes", "--json").json
        assert self.told["verdict"] == "sound", self.told
        assert self.told["server"] == "loads"
        server = self.boot(self.data, appendonly=appendonly)
        found = digests(server.client())
        server.stop()
        return found

    def assert_all(self, found, wanted, hurt=()):
        """Each wanted key, of the value that it had, and none invented.

        Nothing covers a single key: one that is hurt in its name, and has
        letters there, has another name to anybody."""
        missing = [n for n in wanted if n not in found]
        assert not missing, (missing[:5], self.told["plan"])
        other = [n for n in wanted if found[n] != self.made.digests[n]]
        assert not other, other[:5]
        odd = found.keys() - self.made.digests.keys()
        lost = [n for n in hurt if n not in found]
        assert len(odd) <= (1 if hurt else 0), odd
        assert all(any(len(n) == len(o) and (n[:3] == o[:3] or n[-3:] == o[-3:])
                       for n in lost) for o in odd), odd

    def assert_most(self, found, wanted):
        there = [n for n in wanted if n in found]
        assert len(there) >= 0.99 * len(wanted)
        self.assert_all(found, there, self.made.digests.keys() - set(wanted))

    def assert_told(self, found, data):
        """Whatever is not there lies where the plan says that some is lost,
        or in a value that it calls doubtful; if such a place begins with a
        key whose name can be read, it is named."""
        steps = {s["offset"]: s["offset"] + s["bytes_lost"]
                 for s in self.told["plan"] if s["bytes_lost"]}
        for step in self.told["plan"]:
            name = NAME.match(step["text"].encode())
            if name and "kept" in step["text"]:
                steps[self.made.extents[name[0]][0]] = step["offset"]
        for name in self.made.digests.keys() - found.keys():
            begin, end = self.made.extents[name]
            if begin >= len(data):
                continue
            assert any(a < end and begin < b for a, b in steps.items()), name
            head = data.find(name, begin, begin + 11 + len(name))
            if begin in steps and head != -1 and \
                    data[begin:head] == self.made.data[begin:head]:
                assert name.decode() in self.told["lost"]


@pytest.fixture
def case(keep, place, boot, made):
    return Case(keep, place, boot, made)


def outside(made, holes):
    """The keys that no hole touches."""
    return [n for n, (begin, end) in made.extents.items()
            if not any(begin < b and a < end for a, b in holes)]


def overwrite(rng, data):
    """Some blocks of random bytes; where they are."""
    data, holes = bytearray(data), []
    for _ in range(BLOCKS):
        at = rng.randrange(100, len(data) - BLOCK)
        data[at:at + BLOCK] = rng.randbytes(BLOCK)
        holes.append((at, at + BLOCK))
    return bytes(data), holes


@pytest.mark.parametrize("seed", SEEDS)
def test_one_damaged_value_costs_its_key(case, made, seed):
    """A byte of a value; where only a checksum can tell that it changed, the
    key stays and the plan says so."""
    rng = random.Random(seed)
    name = rng.choice(sorted(made.extents))
    begin, end = made.extents[name]
    at = rng.randrange(made.data.index(name, begin) + len(name), end)
    data = bytearray(made.data)
    data[at] ^= rng.randrange(1, 256)
    case.dump.write_bytes(data)
    found = case.repair()
    case.assert_all(found, made.digests.keys() - {name})
    if name not in found:
        assert name.decode() in case.told["lost"]
    elif found[name] != made.digests[name]:
        assert "may have changed" in case.told["plan"][0]["text"]


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_blocks_cost_what_they_lie_on(case, made, seed):
    data, holes = overwrite(random.Random(seed), made.data)
    case.dump.write_bytes(data)
    found = case.repair()
    case.assert_most(found, outside(made, holes))
    case.assert_told(found, data)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cut_dump_gives_all_before(case, made, seed):
    cut = random.Random(seed).randrange(200, len(made.data))
    case.dump.write_bytes(made.data[:cut])
    found = case.repair()
    case.assert_all(found, outside(made, [(cut, len(made.data))]))
    case.assert_told(found, made.data[:cut])


@pytest.mark.parametrize("size", [1, len(HEAD), 64])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_destroyed_head_costs_no_key(case, made, seed, size):
    data = random.Random(seed).randbytes(size) + made.data[size:]
    case.dump.write_bytes(data)
    case.assert_all(case.repair(), made.digests)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_base_of_an_aof_with_an_incr_behind(case, made, seed):
    """Of the base as of a dump; all that the incr holds is written anew."""
    rng = random.Random(seed)
    data, holes = overwrite(rng, made.data)
    folder = case.data / "appendonlydir"
    folder.mkdir()
    (folder / "appendonly.aof.1.base.rdb").write_bytes(data)
    names = sorted(made.digests)
    gone = rng.sample(names, 20)
    later = {b"later:%d" % i: b"value %d" % i for i in range(50)}
    (folder / "appendonly.aof.1.incr.aof").write_bytes(b"".join(
        [command("SELECT", 0), command("DEL", *gone)] +
        [command("SET", k, v) for k, v in later.items()]))
    (folder / "appendonly.aof.manifest").write_text(
        "file appendonly.aof.1.base.rdb seq 1 type b\n"
        "file appendonly.aof.1.incr.aof seq 1 type i\n")
    found = case.repair(case.data, appendonly="yes")
    assert later.keys() <= found.keys()
    found = {n: d for n, d in found.items() if n not in later}
    assert not found.keys() & set(gone)
    case.assert_most(found, set(outside(made, holes)) - set(gone))
    case.assert_told({**found, **dict.fromkeys(gone)}, data)


# What is large and holds nothing: seconds of the processor that it may take.

FRONT = (HEAD + b"\xfa\x09redis-ver\x067.0.15\xfe\x00\xfb\x40\x64\x00" +
         b"".join(b"\x00\x08user:%03d\x05value" % i for i in range(50)))
REST = b"".join(b"\x00\x08user:%03d\x05value" % i for i in range(50, 100))


def fill_hole(file):
    file.seek(100 << 30)


def fill_zeros(file):
    file.write(bytes(256 << 20))


def fill_junk(file):
    file.write(random.Random(1).randbytes(16 << 20))


@pytest.mark.parametrize("end", ["end", "no-end"])
@pytest.mark.parametrize("fill", [fill_hole, fill_zeros, fill_junk])
def test_keys_behind_much_that_is_none(keep, place, fill, end):
    """Those behind are found, and that none is there, too."""
    path = place / "dump.rdb"
    with open(path, "wb") as file:
        file.write(FRONT)
        fill(file)
        if end == "end":
            file.write(REST + b"\xff" + bytes(8))
        else:
            file.truncate(file.tell())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = keep("repair", path, "--redis", f"unix://{place}/nobody", *STOPPED,
                "--dry-run", "--json", exit=1).json
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - \
        (before.ru_utime + before.ru_stime) < 5
    (step,) = [s for s in told["plan"] if s["bytes_lost"]]
    assert step["offset"] == len(FRONT)
    size = path.stat().st_size
    behind = len(REST) + 9 if end == "end" else 0
    assert step["bytes_lost"] == size - len(FRONT) - behind
