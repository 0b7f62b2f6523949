"""redkeep check --stats: what it counts is what a real server holds and what
was sent to it."""

import os
import time
from collections import Counter, defaultdict
from datetime import datetime

import pytest

from data import fill, one_client
from servers import NAMES, SYSTEM, wait_for

SIZE_OF = {"list": "llen", "set": "scard", "zset": "zcard", "hash": "hlen",
           "stream": "xlen"}
ENCODING = {"hash": "hash", "hash, listpack": "hash", "set": "set",
            "set, intset": "set", "zset": "zset", "zset, listpack": "zset"}
WRITTEN_AS = {("hash", b"hashtable"): "hash",
              ("hash", b"listpack"): "hash, listpack",
              ("set", b"hashtable"): "set", ("set", b"intset"): "set, intset",
              ("zset", b"skiplist"): "zset",
              ("zset", b"listpack"): "zset, listpack"}


def stats_of(keep, path, verdict="sound"):
    """What is told of each file that has statistics, by its kind."""
    told = keep("check", path, "--stats", "--json", exit=None).json
    assert told["verdict"] == verdict
    return told, {f["kind"]: f["stats"] for f in told["files"] if "stats" in f}


def shown(name):
    """A key's name as JSON has it."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}"
                       for b in name)


def prefix(name):
    parts = name.split(b":")[:-1][:2]
    return "".join("*:" if p.isdigit() else shown(p) + ":" for p in parts)


def ask(client, key):
    """(type, size in the file, elements, encoding) as the server has it: DUMP
    is the type, the value, and 10 bytes that a file has not for each key."""
    kind = client.type(key).decode()
    expiry = 9 if client.pttl(key) >= 0 else 0
    assert len(key) < 20, "no longer written plainly"
    size = len(client.dump(key)) - 10 + 1 + len(key) + expiry
    count = getattr(client, SIZE_OF[kind])(key) if kind in SIZE_OF else None
    return kind, size, count, client.object("encoding", key)


def hold(client):
    """All that the server holds, by database and key."""
    found = {}
    for db in (0, 3):
        client.execute_command("SELECT", db)
        for key in client.scan_iter(count=500):
            found[db, key] = ask(client, key)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_rdb_has_what_the_server_has(keep, serve, name):
    server = serve(name=name)
    client = one_client(server)
    fill(client, name)
    client.execute_command("SELECT", 3)
    client.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    client.set("gone", "x", px=1)
    then = client.time()
    client.hset("hash:small", "f", 1)
    client.set("week", "x", px=6 * 86400 * 1000)
    wait_for(lambda: client.time() > (then[0], then[1] + 2000), "an end")
    keyspace = client.info("keyspace")
    client.save()
    held = hold(client)  # SCAN lets go of what has expired
    _, stats = stats_of(keep, server.data / "dump.rdb")
    rdb = stats["rdb"]["rdb"]
    assert stats["rdb"]["aof"] is None

    gone = 1 + 9 + 1 + len("gone") + 2
    assert {f"db{d['db']}": (d["keys"], d["expires"])
            for d in rdb["databases"]} == \
        {db: (part["keys"], part["expires"]) for db, part in keyspace.items()}
    assert rdb["keys"] == len(held) + 1 == \
        sum(part["keys"] for part in keyspace.values())
    assert rdb["expired"] == rdb["expiry"]["expired"] == 1
    assert rdb["expiry"]["within_7d"] == 1
    assert sum(rdb["expiry"].values()) == rdb["expires"]
    assert rdb["bytes"] == sum(v[1] for v in held.values()) + gone
    check_types(rdb, held)
    if name == SYSTEM:
        check_encodings(rdb, held)
    check_biggest(rdb, held)
    check_prefixes(rdb, held, gone)


def check_types(rdb, held):
    keys = Counter(kind for kind, *_ in held.values())
    keys["string"] += 1
    assert {t["type"]: t["keys"] for t in rdb["types"]} == keys
    elements = Counter()
    for kind, _, count, _ in held.values():
        elements[kind] += count or 0
    for t in rdb["types"]:
        if t["type"] == "string":
            assert t["elements"] is None
        else:
            assert t["elements_exact"] and \
                t["elements"] == elements[t["type"]], t
    assert sum(e["keys"] for e in rdb["encodings"]) == rdb["keys"]
    assert sum(e["bytes"] for e in rdb["encodings"]) == rdb["bytes"]


def check_encodings(rdb, held):
    expected = Counter(WRITTEN_AS[kind, encoding]
                       for kind, _, _, encoding in held.values()
                       if (kind, encoding) in WRITTEN_AS)
    assert len(expected) == len(ENCODING)
    assert {e["encoding"]: e["keys"] for e in rdb["encodings"]
            if e["encoding"] in ENCODING} == expected


def check_biggest(rdb, held):
    by_name = {(db, shown(key)): value for (db, key), value in held.items()}
    sizes = sorted((v[1] for v in held.values()), reverse=True)
    assert [b["bytes"] for b in rdb["biggest"]] == sizes[:20]
    for b in rdb["biggest"]:
        kind, size, count, _ = by_name[b["db"], b["key"]]
        assert (b["type"], b["bytes"], b["elements"]) == (kind, size, count)


def check_prefixes(rdb, held, gone):
    expected = defaultdict(lambda: [0, 0])
    expected[""] = [1, gone]
    for (_, key), (_, size, _, _) in held.items():
        expected[prefix(key)][0] += 1
        expected[prefix(key)][1] += size
    assert len(expected) <= 20 and rdb["prefixes_exact"]
    assert {p["prefix"]: [p["keys"], p["bytes"]]
            for p in rdb["prefixes"]} == expected
    assert all(p["bytes"] == p["bytes_max"] for p in rdb["prefixes"])
    assert rdb["prefixes_other"] == {"keys": 0, "bytes": 0,
                                     "bytes_max_each": 0}


def send(client):
    """Writes; how often each command is to be in the file."""
    for i in range(10):
        client.set(f"k{i}", i)
        client.rpush("list", i)
    client.set("big", "x" * 100000)
    for i in range(3):
        pipe = client.pipeline(transaction=True)
        pipe.incr("counter")
        pipe.sadd("set", i)
        pipe.execute()
    client.delete("k0", "k1")
    client.execute_command("SELECT", 3)
    client.hset("hash", "f", "v")
    return {"SELECT": 2, "SET": 11, "RPUSH": 10, "MULTI": 3, "EXEC": 3,
            "INCRBY": 3, "SADD": 3, "DEL": 1, "HSET": 1}


@pytest.mark.parametrize("name", NAMES)
def test_an_aof_has_what_was_sent(keep, serve, name):
    times = {} if name == "redis-6.0" else {"aof_timestamp_enabled": "yes"}
    server = serve(name=name, appendonly="yes", appendfsync="always", **times)
    client = one_client(server)
    begun = int(time.time())
    sent = send(client)
    _, stats = stats_of(keep, server.data)
    aof = stats["aof"]["aof"]
    assert {c["command"]: c["count"] for c in aof["by_name"]} == sent
    assert aof["commands"] == sum(sent.values())
    assert aof["bytes"] == sum(c["bytes"] for c in aof["by_name"])
    assert aof["transactions"] == 3
    biggest = aof["biggest"]
    assert (biggest["command"], biggest["words"]) == ("SET", 3)
    assert 100000 < biggest["bytes"] < 100100
    if times:
        first, last = (datetime.fromisoformat(aof[key].replace("Z", "+00:00"))
                       .timestamp() for key in ("first_time", "last_time"))
        assert begun - 1 <= first <= last <= time.time()
    else:
        assert aof["first_time"] is aof["last_time"] is None


def test_the_rdb_in_front_of_commands_is_counted_too(keep, serve):
    """A single file as servers before 7.0 write it: an RDB, then commands."""
    server = serve(name="redis-6.0", appendonly="yes", appendfsync="always",
                   aof_use_rdb_preamble="yes")
    client = one_client(server)
    send(client)
    client.bgrewriteaof()
    wait_for(lambda: not client.info("persistence")["aof_rewrite_in_progress"],
             "the rewrite")
    client.execute_command("SELECT", 0)
    client.set("behind", 1)
    _, stats = stats_of(keep, server.data)
    assert stats["aof"]["rdb"]["keys"] == 13  # 8 k, list, big, counter, ...
    assert {c["command"]: c["count"] for c in stats["aof"]["aof"]["by_name"]} \
        == {"SELECT": 1, "SET": 1}


def test_a_damaged_file_is_counted_up_to_the_damage(keep, serve, place):
    server = serve()
    client = one_client(server)
    for i in range(1000):
        client.set(f"key:{i}", "v" * 50)
    client.save()
    whole = (server.data / "dump.rdb").read_bytes()
    cut = place / "cut.rdb"
    cut.write_bytes(whole[:len(whole) // 2])
    told, stats = stats_of(keep, cut, "damaged")
    rdb = stats["rdb"]["rdb"]
    assert 450 < rdb["keys"] < 550
    assert rdb["keys"] == rdb["databases"][0]["keys"] == \
        rdb["prefixes"][0]["keys"] == told["files"][0]["keys"]


def test_tables_fit_a_terminal_and_tell_the_same(keep, serve):
    server = serve(appendonly="yes", appendfsync="always")
    client = one_client(server)
    fill(client)
    client.set("long:" + "n" * 300, os.urandom(100000), ex=10 ** 9)
    client.save()
    for path in server.data / "dump.rdb", server.data:
        out = keep("check", path, "--stats").out.splitlines()
        tables = [line for line in out[out.index(""):]
                  if not line.startswith((str(path), "warn", "    to do:"))]
        assert max(map(len, tables)) <= 80, tables
    out = keep("check", server.data / "dump.rdb", "--stats")
    out.says(r"\nbiggest key +db +type +size +elements +expires in\n"
             r"long:n+\.\.\. +0 +string ",
             r"\nprefix +keys +size\n", r"\nzset, listpack +4 ")
    out = keep("check", server.data, "--stats")
    out.says(r"\ncommand +times +size\n", r"\nRPUSH +2 ", r"\nXADD +300 ")
    assert "stats" not in keep("check", server.data, "--json").out
