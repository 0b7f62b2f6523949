"""Datasets that real servers wrote, small and of every kind."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
import servers  # noqa: E402

SET_NAME = "appendonly.aof"


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
    if name != "redis-6.0":
        client.execute_command(
            "FUNCTION", "LOAD", "REPLACE", f"#!lua name=f{first}\n"
            f"redis.register_function('f{first}', function() return 1 end)")
    client.execute_command("SELECT", 0)


def run(place, name, rounds, **settings):
    """A stopped server's data directory; a rewrite before the last round."""
    server = servers.Server(place, name, **settings).start()
    client = server.client(single_connection_client=True)
    for i in range(rounds):
        write(client, name, str(i))
        if i == rounds - 2 and settings.get("appendonly") == "yes":
            server.rewrite()
    if settings.get("appendonly") == "yes":
        server.drain()
    else:
        client.save()
    client.close()
    server.stop()
    return server.data


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


def read_command(data, at):
    words = []
    end = data.index(b"\r\n", at)
    for _ in range(int(data[at + 1:end])):
        at = end + 2
        middle = data.index(b"\r\n", at)
        size = int(data[at + 1:middle])
        words.append(data[middle + 2:middle + 2 + size])
        end = middle + 2 + size
    return words, end + 2


def split(data, parts):
    """Makes several incr files of the last: as failed rewrites leave them."""
    folder = data / "appendonlydir"
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
    for i in range(parts):
        part = f"{SET_NAME}.{number + i}.incr.aof"
        select = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" if i else b""
        (folder / part).write_bytes(select + whole[cuts[i]:cuts[i + 1]])
        lines.append(f"file {part} seq {seq + i} type i")
    manifest.write_text("\n".join(lines) + "\n")


def make(place, name, values=True):
    """{kind: (folder, appendonly)} of that server; with values, an RDB without
    checksum too: damage in it is seen by what the values are, or not at all."""
    made = {}
    made["rdb"] = (run(place / "rdb", name, 2), "no")
    if values:
        made["values"] = (run(place / "values", name, 2, rdbchecksum="no"),
                          "no")
    on = {"appendonly": "yes"}
    made["aof"] = (run(place / "aof", name, 3, **on), "yes")
    plain = {**on, "aof-use-rdb-preamble": "no"}
    if name == "redis-6.0":
        made["plain"] = (run(place / "plain", name, 3, **plain), "yes")
        return made
    plain["aof-timestamp-enabled"] = "yes"
    made["plain"] = (run(place / "plain", name, 3, **plain), "yes")
    made["several"] = (run(place / "several", name, 3, **on), "yes")
    split(made["several"][0], 3)
    made["stamped"] = (run(place / "stamped", name, 3, **plain), "yes")
    split(made["stamped"][0], 2)
    single = run(place / "single", name, 2, **plain)
    base = next((single / "appendonlydir").glob("*.base.aof"))
    incr = next((single / "appendonlydir").glob("*.incr.aof"))
    (single / SET_NAME).write_bytes(base.read_bytes() + incr.read_bytes())
    for path in (single / "appendonlydir").iterdir():
        path.unlink()
    (single / "appendonlydir").rmdir()
    made["single"] = (single, "yes")
    return made
