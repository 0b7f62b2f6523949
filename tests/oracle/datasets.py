"""Datasets that real servers wrote, small and of every kind: folders, and the
settings of the server they belong to."""

import os
import re
import sys
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
import servers  # noqa: E402
from pieces import read_command  # noqa: E402

SET_NAME = "appendonly.aof"
ON = {"appendonly": "yes"}
RESP = {**ON, "aof-use-rdb-preamble": "no"}
STAMPED = {**RESP, "aof-timestamp-enabled": "yes"}
OTHER_NAMES = {"appendfilename": "my data.aof", "appenddirname": "log files",
               "dbfilename": "saved"}
# Everything as tables, nothing packed, nothing compressed.
TABLES = {"rdbcompression": "no", "hash-max-ziplist-entries": "1",
          "zset-max-ziplist-entries": "1", "set-max-intset-entries": "2",
          "list-max-ziplist-size": "3"}
# What a server is told that reads a folder.
READING = ["appendonly", *OTHER_NAMES]

Made = namedtuple("Made", "folder settings")


def write(client, name, first):
    """Commands of all kinds, into two databases; `first` tells rounds apart."""
    for db in (0, 3):
        client.execute_command("SELECT", db)
        for i in range(6):
            key = f"{first}:{i}"
            client.set(f"s:{key}", "v" * i, px=None if i % 2 else 10 ** 9)
            client.hset(f"h:{key}", mapping={"a": i, "b": "x" * 70})
            client.zadd(f"z:{key}", {"m": i * 0.5, "n": -i})
            client.rpush(f"l:{key}", *range(i + 1))
            client.sadd(f"i:{key}", *range(0, 40, i + 1))
            client.sadd(f"t:{key}", "one", "two", f"three{i}")
        client.set("big" + first, "abc" * 900)
        client.incrbyfloat("float", 1.25)
        client.append("log", "line\r\n*1\r\n$4\r\nPING\r\n")
        client.setrange("range", 3, "x")
        client.pfadd("hll", *range(30))
        client.geoadd("geo", (13.36, 38.11, "Palermo"))
        client.delete(f"s:{first}:1")
        client.execute_command("SET", b"bin\x00\xff", b"\xfe\r\n\x00")
        for i in range(4):
            client.xadd("stream", {"n": i})
        if not client.exists("grouped" + first):
            client.xgroup_create("stream", "g" + first, id="0")
            client.set("grouped" + first, 1)
        client.xreadgroup("g" + first, "c", {"stream": ">"}, count=2)
        pipe = client.pipeline(transaction=True)
        pipe.set("in", first).incr("count").lpush("queue", first).execute()
        client.eval("redis.call('set', KEYS[1], 1) "
                    "return redis.call('incr', KEYS[1])", 1, "scripted")
    write_functions(client, name, first)
    client.execute_command("SELECT", 0)


def write_functions(client, name, first):
    if name != "redis-6.0":
        client.execute_command(
            "FUNCTION", "LOAD", "REPLACE", f"#!lua name=f{first}\n"
            f"redis.register_function('f{first}', function() return 1 end)")


def write_streams(client, name, first):
    """Groups with several consumers, entries deleted, taken over, answered."""
    for n in range(4):
        key = f"x:{first}:{n}"
        ids = [client.xadd(key, {"n": i, **({"more": "y" * 9} if i % 3 else
                                           {})}) for i in range(4 + 9 * n)]
        client.xdel(key, *ids[1:3])
        client.xtrim(key, maxlen=3 + 7 * n, approximate=False)
        for group in ("g", "h")[:n]:
            client.xgroup_create(key, group, id="0")
            for consumer in ("a", "b"):
                client.xreadgroup(group, consumer, {key: ">"}, count=2)
            client.xack(key, group, ids[-1])
        if n == 3:
            client.xclaim(key, "g", "c", 0, ids[-9:])
            client.xgroup_create(key, "empty", id="$")
    write_functions(client, name, first)


def write_fields(client, name, first):
    """Times of hash fields; where there are none, hashes and long lists."""
    for n in (2, 9, 200):
        key = f"f:{first}:{n}"
        client.hset(key, mapping={f"a{i}": i for i in range(n)})
        client.rpush(f"q:{first}:{n}", *[f"{i}" * (i % 40 + 1)
                                         for i in range(n)])
        client.zadd(f"y:{first}:{n}", {f"m{i}": i / 3 for i in range(n)})
        if name in ("redis-8.0", "valkey-9.1"):
            client.execute_command("HPEXPIRE", key, 10 ** 9, "FIELDS", 2,
                                   "a0", "a1")
            client.execute_command("HEXPIRE", key, 10 ** 7, "FIELDS", 1, "a1")
    write_functions(client, name, first)


def run(place, name, rounds, writer=write, save=False, **settings):
    """A stopped server's data directory; a rewrite before the last round."""
    server = servers.Server(place, name, **settings).start()
    client = server.client(single_connection_client=True)
    is_on = settings.get("appendonly") == "yes"
    for i in range(rounds):
        writer(client, name, str(i))
        if i == rounds - 2 and is_on:
            server.rewrite()
    if is_on:
        server.drain()
    if save or not is_on:
        client.save()
    client.close()
    server.stop()
    return Made(server.data, {k: settings[k] for k in READING
                              if k in settings})


def boundaries(data):
    """Where commands outside a MULTI begin, annotations before them too."""
    found, at, multi = [], 0, False
    while at < len(data):
        start = at
        while data[at:at + 1] == b"#":
            at = data.index(b"\n", at) + 1
        if at == len(data):
            break
        words, at = read_command(data, at)
        if not multi:
            found.append(start)
        if words[0].upper() == b"MULTI":
            multi = True
        if words[0].upper() == b"EXEC":
            multi = False
    return found


def split(made, parts):
    """Makes several incr files of the last: as failed rewrites leave them."""
    folder = made.folder / "appendonlydir"
    manifest = folder / f"{SET_NAME}.manifest"
    lines = manifest.read_text().splitlines()
    words = lines[-1].split()
    name, seq = words[1], int(words[3])
    number = int(re.search(r"\.(\d+)\.incr", name).group(1))
    whole = (folder / name).read_bytes()
    marks = boundaries(whole)
    cuts = [marks[len(marks) * i // parts] for i in range(1, parts)]
    cuts = [0] + cuts + [len(whole)]
    lines.pop()
    written = (folder / name).stat().st_mtime
    for i in range(parts):
        part = f"{SET_NAME}.{number + i}.incr.aof"
        select = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" if i else b""
        (folder / part).write_bytes(select + whole[cuts[i]:cuts[i + 1]])
        os.utime(folder / part, (written + 60 * i + 60,) * 2)
        lines.append(f"file {part} seq {seq + i} type i")
    manifest.write_text("\n".join(lines) + "\n")
    return made


def add_history(made):
    """As a crash between a rewrite and its tidying up leaves it."""
    folder = made.folder / "appendonlydir"
    manifest = folder / f"{SET_NAME}.manifest"
    lines = manifest.read_text().splitlines(keepends=True)
    old = folder / f"{SET_NAME}.1.base.rdb"
    old.write_bytes(next(folder.glob("*.base.rdb")).read_bytes())
    manifest.write_text(lines[0] + f"file {old.name} seq 1 type h\n"
                        f"file {SET_NAME}.1.incr.aof seq 1 type h\n" +
                        "".join(lines[1:]))
    return made


def join(made):
    """The set as the one file that servers before 7.0 had."""
    folder = made.folder / "appendonlydir"
    base = next(folder.glob("*.base.*"))
    incr = next(folder.glob("*.incr.aof"))
    (made.folder / SET_NAME).write_bytes(base.read_bytes() +
                                         incr.read_bytes())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return made


def make(place, name):
    """{kind: Made} of that server; of them "values", an RDB without a checksum:
    damage in it is seen by what the values are, or not at all."""
    def run_in(kind, *words, **settings):
        return run(place / kind, name, *words, **settings)

    made = {"rdb": run_in("rdb", 2),
            "tables": run_in("tables", 2, write_fields, **TABLES),
            "fields": run_in("fields", 2, write_fields),
            "streams": run_in("streams", 1, write_streams),
            "aof": run_in("aof", 3, **ON),
            "both": run_in("both", 3, save=True, **ON),
            "values": run_in("values", 2, rdbchecksum="no")}
    if name == "redis-6.0":
        made["plain"] = run_in("plain", 3, **RESP)
        return made
    made["plain"] = run_in("plain", 3, **STAMPED)
    made["events"] = run_in("events", 2, write_streams, **STAMPED)
    made["named"] = run_in("named", 2, write_fields, save=True, **ON,
                           **OTHER_NAMES)
    made["several"] = split(run_in("several", 3, **ON), 3)
    made["stamped"] = split(run_in("stamped", 3, **STAMPED), 2)
    made["history"] = add_history(run_in("history", 3, write_streams, **ON))
    made["single"] = join(run_in("single", 2, **STAMPED))
    made["preamble"] = join(run_in("preamble", 2, **ON))
    return made
