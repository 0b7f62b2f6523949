"""redkeep memory: what it says of keys is what MEMORY USAGE says, the server
hears nothing but INFO and looks at queues, and what is not known is told."""

import json
import os
import resource
import shutil

import pytest

from forgery import seal
from servers import NAMES, SYSTEM

# Around the thresholds between encodings, string sizes and blocks.
COUNTS = (1, 10, 128, 129, 512, 513, 3000)
SIZES = (1, 11, 12, 20, 44, 45, 63, 64, 65, 128, 200, 1000, 5000, 40000, 70000,
         300000)

MEMORY = 64 << 20  # of its own, whatever the data

# What may be asked of a server: INFO, and what counts jobs.
QUIET = {"info", "hello", "auth", "select", "client|setname", "client|setinfo",
         "scan", "type", "smembers", "scard", "llen", "zcard", "hlen", "exists",
         "lrange", "hget", "zcount", "ping"}


def fill(client, name):
    """Keys of every type, encoding and size of member."""
    pipe = client.pipeline(transaction=False)
    for n in SIZES:
        pipe.set(f"s:{n}", "x" * n)
        pipe.set(f"expires:{n}", "x" * n, ex=99999)
        pipe.set("long:" + "n" * 200 + f":{n}", "x" * n)
    for n in (0, 1, -5, 12345, 2 ** 40, 10 ** 18, 10 ** 30):
        pipe.set(f"int:{n}", n)
    for n in COUNTS:
        some = range(n)
        pipe.hset(f"h:{n}", mapping={f"f{i}": f"v{i}" for i in some})
        pipe.hset(f"hl:{n}", mapping={f"field{i}": "v" * 90 for i in some})
        pipe.hset(f"hxl:{n}", mapping={f"f{i}": "v" * 300 for i in some})
        pipe.sadd(f"set:{n}", *[f"m{i}" for i in some])
        pipe.sadd(f"iset:{n}", *[i * 7 for i in some])
        pipe.sadd(f"lset:{n}", *[f"member-{i:070d}" for i in some])
        pipe.zadd(f"z:{n}", {f"m{i}": i * 1.5 for i in some})
        pipe.zadd(f"zl:{n}", {f"member-{i:070d}": i for i in some})
        pipe.rpush(f"l:{n}", *[f"element {i}" for i in some])
        pipe.rpush(f"ll:{n}", *[f"element {i}" * 20 for i in some])
        for i in some:
            pipe.xadd(f"x:{n}", {"a": i, "b": "text"},
                      id=f"{1700000000000 + i * 37}-0")
        pipe.xgroup_create(f"x:{n}", "workers", "0")
        pipe.xreadgroup("workers", "one", {f"x:{n}": ">"}, count=n // 2 + 1)
    pipe.rpush("plain", *["y" * 20000] * 5)
    if name in ("redis-8.0", "valkey-9.1"):
        for n in (5, 200):
            fields = [f"f{i}" for i in range(n)]
            pipe.hset(f"timed:{n}", mapping={f: "value" for f in fields})
            pipe.execute_command("HPEXPIRE", f"timed:{n}", 9999999, "FIELDS",
                                 n, *fields)
    pipe.execute()


def usage(client, key):
    return client.execute_command("MEMORY", "USAGE", key, "SAMPLES", 0)


def memory(keep, server, *args, **options):
    return keep("memory", "--redis", server.url, "--json", *args,
                **options).json


@pytest.mark.parametrize("name", NAMES)
def test_keys_weigh_what_the_server_says(keep, serve, name):
    server = serve(name=name)
    client = server.client()
    fill(client, name)
    client.save()
    keep.snapshot(server)
    client.config_resetstat()
    told = memory(keep, server, "--top", "1000")
    asked = {c[len("cmdstat_"):]: times["calls"]
             for c, times in client.info("commandstats").items()}
    ours = asked.pop("config", asked.pop("config|resetstat", 0))
    assert set(asked) <= QUIET and ours <= 1, asked

    real = {k: usage(client, k) for k in client.scan_iter(count=1000)}
    found = {k["key"].encode(): k for k in told["sizes"]["biggest"]
             if k["key_size"] <= 256}
    assert told["sizes"]["keys"] == len(real)
    for key, k in found.items():
        # Valkey 8.1 leaves the name out where it is apart from the value.
        name_too = k["key_size"] + 32 if name == "valkey-8.1" else 0
        assert real[key] * 0.8 <= k["bytes"] <= real[key] * 1.2 + name_too, \
            (k, real[key])
    top = sorted(real, key=real.get, reverse=True)[:20]
    ours = [k["key"].encode() for k in told["sizes"]["biggest"][:20]]
    least = real[top[-1]]
    assert all(real[k] >= 0.95 * least for k in ours)
    ranks = [real[k] for k in ours]
    assert all(later <= earlier * 1.05 for i, earlier in enumerate(ranks)
               for later in ranks[i:])
    assert sum(real.values()) * 0.9 <= told["sizes"]["bytes"]
    assert told["server"]["version"] and told["snapshot"]["file"] == "dump.rdb"


def test_streams_that_were_loaded_have_nothing_in_reserve(keep, serve):
    """What a live stream keeps ready for more entries is gone by a restart."""
    server = serve(save="")
    client = server.client()
    client.eval("for i = 1, 20000 do"
                " redis.call('xadd', 's:' .. i, '1-1', 'a', 'b') end", 0)
    for state in ("written", "loaded"):
        client.save()
        keep.snapshot(server)
        told = memory(keep, server)["sizes"]
        real = usage(client, "s:1")
        assert abs(told["biggest"][0]["bytes"] / real - 1) < 0.2, state
        assert abs(told["bytes"] / (20000 * real) - 1) < 0.2, state
        client.execute_command("DEBUG", "RELOAD")


def test_prefixes_are_by_memory_and_separator(keep, serve):
    server = serve()
    client = server.client()
    pipe = client.pipeline(transaction=False)
    for i in range(300):
        pipe.set(f"user/{i}/name", "x" * 100)
        pipe.set(f"cache/{i}", "y" * 1000)
    pipe.set("single", "z")
    pipe.execute()
    client.save()
    keep.snapshot(server)
    sizes = memory(keep, server, "--prefix-separator", "/")["sizes"]
    assert [p["prefix"] for p in sizes["prefixes"]] == ["cache/", "user/*/", ""]
    for p in sizes["prefixes"]:
        assert p["bytes"] == sum(usage(client, k) for k in client.scan_iter()
                                 if (k.decode().split("/")[0] + "/" ==
                                     p["prefix"].replace("*/", "")) or
                                 (k == b"single" and p["prefix"] == ""))
    out = keep("memory", "--redis", server.url, "--prefix-separator", "/",
               "--top", "2").out
    assert "(no '/')" not in out and "user/*/" in out
    keep("memory", "--prefix-separator", "::", exit=2).says("one character")
    keep("memory", "--top", "0", exit=2).says("1 to 1000")


def test_each_part_is_told_where_another_is_missing(keep, serve, place):
    nobody = f"unix://{place}/nobody"
    keep("memory", "--redis", nobody, exit=3).says("nobody")
    server = serve()
    client = server.client()
    client.set("k", "v" * 1000)
    client.save()
    told = memory(keep, server)
    assert told["server"]["used_memory"] > 0 and told["sizes"] is None
    assert "redkeep snapshot" in told["snapshot_error"]
    assert told["growth"]["verdict"] == "unknown"
    keep.snapshot(server)
    told = keep("memory", "--redis", nobody, "--json").json
    assert told["server"] is None and "nobody" in told["server_error"]
    assert told["queues"] is None and told["sizes"]["keys"] == 1
    keep("memory", "--redis", nobody).says("nobody", r"snapshot +\S+, .* 1 keys")


def test_a_snapshot_that_is_damaged_is_told_and_the_server_too(keep, serve):
    server = serve()
    server.client().eval("for i = 1, 5000 do redis.call('set', i,"
                         " string.rep(i, 20)) end", 0)
    server.client().save()
    keep.snapshot(server)
    archive, = keep.repo.glob("*/snapshots/*.tar.*")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xff
    archive.write_bytes(data)
    told = memory(keep, server, exit=1)
    assert told["server"]["keys"] == 5000 and told["sizes"] is None
    assert told["snapshot"]["id"] in told["snapshot_error"]
    keep("memory", "--redis", server.url, exit=1).says("5000|redis 7")


def test_an_append_only_file_is_weighed_by_its_base(keep, serve):
    server = serve(appendonly="yes")
    client = server.client()
    client.eval("for i = 1, 500 do redis.call('set', 'k:' .. i,"
                " string.rep('x', 100)) end", 0)
    server.rewrite()
    client.eval("for i = 1, 300 do redis.call('set', 'later:' .. i,"
                " string.rep('x', 100)) end", 0)
    server.drain()
    keep.snapshot(server)
    path, = keep.repo.glob("*/snapshots/*.json")
    entry = json.loads(path.read_text())
    told = memory(keep, server)
    incr = sum(f["size"] for f in entry["files"] if f["role"] == "incr")
    assert told["snapshot"]["file"].endswith(".base.rdb")
    assert told["snapshot"]["commands_bytes"] == incr > 0
    assert told["sizes"]["keys"] == 500
    keep("memory", "--redis", server.url).says(
        "of commands behind it are not counted")


@pytest.mark.parametrize("name", ["redis-6.0", SYSTEM])
def test_an_append_only_file_without_an_rdb_cannot_be_weighed(
        keep, serve, name):
    server = serve(name=name, appendonly="yes", aof_use_rdb_preamble="no")
    server.client().set("k", "v")
    server.rewrite()
    keep.snapshot(server)
    told = memory(keep, server)
    assert told["sizes"] is None and told["snapshot_error"] is None
    keep("memory", "--redis", server.url).says("no RDB in it")


def test_the_single_append_only_file_of_old_servers_too(keep, serve):
    server = serve(name="redis-6.0", appendonly="yes")
    client = server.client()
    client.set("k", "v" * 500)
    server.rewrite()
    client.set("later", "v")
    server.drain()
    keep.snapshot(server)
    told = memory(keep, server)
    assert told["sizes"]["keys"] == 1
    assert told["snapshot"]["file"] == "appendonly.aof"
    assert told["snapshot"]["commands_bytes"] > 0


def past(keep, hours, used):
    """A copy of the newest snapshot, of so many hours ago."""
    folder, = keep.repo.glob("*/snapshots")
    newest = max(folder.glob("*.json"))
    first = json.loads(newest.read_text())
    minutes = 60 * hours

    def change(entry):
        entry["id"] = f"20200101T{hours:06d}Z"
        entry["sequence"] = 10000 - hours
        entry["server"]["used_memory"] = used
        for key in ("started", "finished"):
            entry[key] = shifted(first[key], minutes)
        entry["archive"]["name"] = first["archive"]["name"].replace(
            first["id"], entry["id"])

    copy = folder / f"20200101T{hours:06d}Z.json"
    shutil.copy(newest, copy)
    seal(copy, change)
    os.link(folder / first["archive"]["name"],
            folder / json.loads(copy.read_text())["archive"]["name"])


def shifted(time, minutes):
    from datetime import datetime, timedelta
    moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return (moment - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_growth_is_told_by_the_snapshots_and_never_from_noise(keep, serve):
    server = serve(maxmemory="200mb", maxmemory_policy="noeviction")
    client = server.client()
    client.set("k", "v")
    client.save()
    keep.snapshot(server)
    folder, = keep.repo.glob("*/snapshots")
    entry = json.loads(next(folder.glob("*.json")).read_text())
    assert entry["server"]["used_memory"] > 0
    used = client.info("memory")["used_memory"]
    for hours in range(1, 13):
        past(keep, hours, max(1, used - hours * used // 50))
    growth = memory(keep, server)["growth"]
    assert growth["verdict"] == "grows" and growth["points"] >= 13
    assert 0.8 < growth["bytes_per_day"] / (24 * used / 50) < 1.2
    # 200 MB are farther away than ten times these twelve hours.
    assert growth["full_in_seconds"] is None
    client.config_set("maxmemory", used + used // 2)
    growth = memory(keep, server)["growth"]
    assert 15 * 3600 < growth["full_in_seconds"] < 35 * 3600
    keep("memory", "--redis", server.url).says("grows by .* full in ")
    for i, path in enumerate(sorted(folder.glob("2020*.json"))):
        seal(path, lambda e: e["server"].update(
            used_memory=used * (2 if i % 2 else 1)))
    growth = memory(keep, server)["growth"]
    assert growth["verdict"] == "unclear"
    assert growth["full_in_seconds"] is growth["bytes_per_day"] is None


def test_names_from_the_data_do_nothing_to_a_terminal(keep, serve, terminal):
    server = serve()
    client = server.client()
    pipe = client.pipeline(transaction=False)
    pipe.set(b"evil\x1b[2J\x07:\xff\xfe:\r\nx", "v" * 2000)
    pipe.set(b"\xc2\x9b31m:c1", "v" * 3000)
    pipe.set("n" * 3_000_000, "v")
    pipe.sadd("bull:\x1b]0;title\x07:meta", "not a hash")
    pipe.execute()
    client.save()
    keep.snapshot(server)
    shown = terminal("memory", "--redis", server.url, exit=0)
    for c in "\x1b\x07\x9b":
        assert c not in shown.split("\n", 1)[1].replace("\x1b[K", "")
    assert all(len(line) <= 80 for line in shown.split("\n"))
    told = memory(keep, server)["sizes"]
    assert told["biggest"][0]["key_size"] == 3_000_000
    assert any("\\xff\\xfe" in k["key"] for k in told["biggest"])


def test_queues_are_counted_and_what_may_go_has_its_command(keep, serve):
    server = serve()
    client = server.client()
    client.hset("bull:mail:meta", "opts.maxLenEvents", 10000)
    client.zadd("bull:mail:completed", {str(i): i for i in range(40)})
    client.rpush("bull:mail:wait", 1, 2, 3)
    client.zadd("bull:mail:failed", {"7": 7})
    client.save()
    keep.snapshot(server)
    told = memory(keep, server)
    queue, = told["queues"]["queues"]
    assert queue["queue"] == "mail" and queue["states"]["waiting"] == 3
    assert queue["states"]["completed"] == 40
    clean, = [c for c in told["clean"] if "completed" in c["what"]]
    assert '"completed"' in clean["command"]
    assert f" mail bull {server.url}" in clean["command"]
    out = keep("memory", "--redis", server.url).out
    assert "May be cleaned:" in out and "40 completed jobs" in out


def test_memory_is_bounded_whatever_the_names(keep, serve):
    server = serve()
    server.client().eval(
        "for i = 1, 200000 do redis.call('set', redis.sha1hex(i) .. ':' .. i .."
        " ':x', i) end redis.call('set', string.rep('n', 30000000), 1)", 0)
    server.client().save()
    keep.snapshot(server)
    process = keep.begin(
        "memory", "--redis", server.url, "--json", "--top", "1000",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA,
                                              (MEMORY, MEMORY)))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["sizes"]["keys"] == 200001
