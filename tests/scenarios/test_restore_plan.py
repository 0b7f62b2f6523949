"""What a restore says before it does anything; and the names, layouts and
doubts that it decides by."""

import json
import os
import string
import struct

import pytest

from data import fill, one_client, state
from program import tree
from servers import binary, wait_for

NAMES = dict(dbfilename="prod.rdb", appendfilename='my "own".aof',
             appenddirname="aofs")
SAID = [w for k, v in NAMES.items() for w in (f"--{k}", v)]


def nobody(place):
    return ["--redis", f"unix://{place}/nobody"]


def plan(keep, place, to, *args, **options):
    return keep("restore", "latest", "--to", to, "--dry-run", "--json",
                *nobody(place), *args, **options).json["plan"]


def source(keep, serve, **settings):
    """A snapshot of a server that is gone, and what it held."""
    server = serve("source", **settings)
    fill(one_client(server), jobs=5)
    if settings["appendonly"] == "yes":
        server.rewrite()
        server.client().set("after", 1)
    held = state(one_client(server))
    keep.snapshot(server)
    server.stop()
    return held


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_files_get_the_names_of_the_targets_server(place, keep, serve, boot,
                                                   aof):
    held = source(keep, serve, appendonly=aof)
    told = plan(keep, place, place / "to", *SAID)
    keep.restore(place / "to", *SAID)
    found = {p for p, v in tree(place / "to").items()
             if v[3] is not None and not p.startswith(".redkeep/")}
    puts = {p["to"] for p in told["puts"]}
    assert puts == found
    assert puts == ({"prod.rdb"} if aof == "no" else {
        'aofs/my "own".aof.manifest', 'aofs/my "own".aof.2.base.rdb',
        'aofs/my "own".aof.2.incr.aof'})
    one = boot(place / "to", appendonly=aof, **NAMES)
    assert state(one_client(one)) == held
    if aof == "yes":  # and goes on from there
        one.rewrite()
        one.client().set("new", 1)
        one.kill()
        again = boot(place / "to", **NAMES)
        assert again.client().get("new") == b"1"


def test_a_dump_becomes_a_base_by_the_targets_names(place, keep, serve, boot):
    held = source(keep, serve, appendonly="no")
    keep.restore(place / "to", *SAID, "--layout", "aof")
    assert {p.name for p in (place / "to" / "aofs").iterdir()} == {
        'my "own".aof.1.base.rdb', 'my "own".aof.manifest'}
    assert state(one_client(boot(place / "to", **NAMES))) == held


@pytest.mark.parametrize("name", ["../x", ".redkeep", "redkeep-before-x", ""])
def test_a_name_that_is_none_is_refused(place, keep, serve, name):
    source(keep, serve, appendonly="no")
    keep("restore", "latest", "--to", place / "to", *nobody(place),
         "--dbfilename", name, exit=None).says("name")
    assert not (place / "to").exists()


def test_the_plan_tells_what_goes_where(place, keep, serve):
    source(keep, serve, appendonly="yes")
    old = serve("old", appendonly="yes")
    fill(one_client(old), jobs=3)
    old.client().save()
    old.stop()
    before = tree(old.data)
    result = keep("restore", "latest", "--to", old.data, "--dry-run",
                  *nobody(place))
    result.says(r"appendonly\.aof\.2\.incr\.aof goes to",
                r"appendonly\.aof\.1\.incr\.aof is moved to \S+/"
                "redkeep-before-",
                r"dump\.rdb is moved", "are free", "redis 7.0.15", "functions")
    told = plan(keep, place, old.data)
    assert told["aside"] and told["layout"] == "aof"
    assert told["bytes_free"] > told["bytes_needed"] > 0
    assert told["rdb_version"] == 10 and told["functions"] is True
    assert told["modules"] == [] and told["expired"] == 0
    assert tree(old.data) == before


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_keys_whose_time_is_over_are_counted(place, keep, serve, aof):
    server = serve(appendonly=aof)
    client = server.client()
    client.mset({f"stays{i}": i for i in range(10)})
    pipe = client.pipeline()
    for i in range(7):
        pipe.set(f"goes{i}", i, px=700)
    pipe.execute()
    client.bgsave()
    server.rest()
    if aof == "yes":
        server.rewrite()
    keep.snapshot(server)
    server.stop()

    def expired():
        return plan(keep, place, place / "to")["expired"]

    wait_for(lambda: expired() == 7, "keys to run out")
    told = keep.restore(place / "to")
    assert told["plan"]["expired"] == 7
    assert [a for a in told["plan"]["advice"] if "7 of the 17 keys" in a]


@pytest.mark.parametrize("snapshot,layout,exit,words", [
    ("yes", "auto", 4, "appendonly is no.*--layout *aof"),
    ("yes", "aof", 0, "put appendonly yes into its configuration"),
    ("no", "auto", 0, "dump.rdb"),
    ("no", "aof", 4, "leave --layout out"),
])
def test_what_a_server_without_an_aof_would_read(place, keep, serve, snapshot,
                                                 layout, exit, words):
    source(keep, serve, appendonly=snapshot)
    target = serve("target", appendonly="no")
    keep("restore", "latest", "--to", target.data, "--dry-run", "--redis",
         target.url, "--layout", layout, exit=exit).says(words)


def test_a_dump_for_a_server_that_says_appendonly_yes(place, keep, serve):
    """Even where no AOF is there yet."""
    source(keep, serve, appendonly="no")
    target = serve("target", appendonly="yes")
    words = ["restore", "latest", "--to", target.data, "--dry-run", "--redis",
             target.url]
    assert keep(*words, "--json").json["plan"]["layout"] == "aof"
    keep(*words, "--layout", "rdb", exit=4).says("start empty")
    keep(*words).says("not now: .*stop it first")


def test_a_replica_and_a_cluster_are_refused(place, keep, serve):
    source(keep, serve, appendonly="yes")
    primary = serve("primary", appendonly="yes")
    words = ["restore", "latest", "--dry-run", "--to"]
    replica = serve("replica", appendonly="yes", replicaof=("127.0.0.1", "1"))
    node = serve("node", appendonly="yes", cluster_enabled="yes")
    for server, what in ((replica, "replica of 127.0.0.1:1"),
                         (node, "node of a cluster")):
        keep(*words, server.data, "--redis", server.url, exit=4).says(
            what, "--yes")
        keep(*words, server.data, "--redis", server.url, "--yes").says(what)
    listener = primary.client().pubsub()
    listener.subscribe("__sentinel__:hello")
    listener.get_message(timeout=5)
    keep(*words, primary.data, "--redis", primary.url, exit=4).says(
        "Sentinel", "--yes")


def conf_of(place, server, **settings):
    """A server's file, as it would be started with these as well."""
    path = place / "target.conf"
    lines = [f"{k.replace('_', '-')} {v}" for k, v in settings.items()]
    path.write_text("\n".join([f"dir {server}", *lines]) + "\n")
    return ["--redis-conf", path]


def test_a_stopped_servers_file_tells_what_it_will_read(place, keep, serve,
                                                        boot):
    held = source(keep, serve, appendonly="no")
    to = place / "to"
    to.mkdir()
    (place / "more.conf").write_text("appendonly yes\nappendfilename a.aof\n")
    told = keep.restore(to, *conf_of(place, to, include=place / "more.conf"))
    assert told["plan"]["layout"] == "aof"
    assert {p.name for p in (to / "appendonlydir").iterdir()} == {
        "a.aof.1.base.rdb", "a.aof.manifest"}
    assert state(one_client(boot(to, appendfilename="a.aof"))) == held


def test_a_file_that_is_wrong_is_refused(place, keep, serve):
    source(keep, serve, appendonly="no")
    words = ["restore", "latest", "--to", place / "to", "--dry-run",
             *nobody(place)]
    keep(*words, "--redis-conf", place / "none", exit=None).says("none")
    (place / "elsewhere").mkdir()
    (place / "to").mkdir()
    keep(*words, *conf_of(place, place / "elsewhere")).says(
        "another directory")


@pytest.mark.parametrize("settings,words", [
    (dict(replicaof="10.0.0.1 6379"), "replica"),
    (dict(cluster_enabled="yes"), "cluster"),
    (dict(appendonly="no"), "appendonly is no"),
    (dict(appendonly="yes", databases="3"), "needs 4 databases"),
])
def test_a_stopped_server_that_would_lose_it_is_refused(place, keep, serve,
                                                        settings, words):
    source(keep, serve, appendonly="yes")
    to = place / "to"
    to.mkdir()
    keep("restore", "latest", "--to", to, *nobody(place),
         *conf_of(place, to, **settings), exit=4).says(words)
    assert not [p for p in to.rglob("*") if p.suffix in (".aof", ".rdb")]


def test_a_node_of_a_cluster_is_known_by_its_file(place, keep, serve):
    source(keep, serve, appendonly="yes")
    to = place / "to"
    to.mkdir()
    (to / "nodes.conf").write_text("vars currentEpoch 0 lastVoteEpoch 0\n")
    words = ["restore", "latest", "--to", to, *nobody(place)]
    keep(*words, exit=4).says("cluster", "--yes")
    keep(*words, "--yes").says("cluster")
    assert (to / "nodes.conf").exists()


def test_a_setting_that_is_not_in_the_file_is_doubted(place, keep, serve):
    """It is forgotten when the server is stopped."""
    source(keep, serve, appendonly="no")
    target = serve("target", appendonly="no")
    target.client().config_set("appendonly", "yes")
    target.rest()
    words = ["restore", "latest", "--to", target.data, "--dry-run", "--redis",
             target.url]
    keep(*words, exit=4).says("appendonly is yes, and no in", "CONFIG REWRITE",
                              "--layout")
    target.client().config_rewrite()
    keep(*words).says("as the base")


@pytest.mark.need("root", "mount")
def test_a_target_without_room_stays_as_it_was(place, keep, serve, mounts):
    server = serve(appendonly="no")
    server.client().set("k", bytes(range(256)) * 40000)
    server.client().config_set("rdbcompression", "no")
    keep.snapshot(server, "--bgsave")
    to = place / "to"
    to.mkdir()
    mounts("-t", "tmpfs", "-o", "size=12m", "tmpfs", to)
    (to / "dump.rdb").write_bytes(b"REDIS0010old")
    before = tree(to)
    keep("restore", "latest", "--to", to, *nobody(place),
         "--server-is-stopped", exit=3).says("needed", "free")
    assert tree(to) == before


def test_one_that_is_begun_anew_keeps_names_and_layout(place, keep, serve,
                                                       boot):
    server = serve(appendonly="no")
    server.client().set("k", bytes(range(256)) * 100000)
    server.client().config_set("rdbcompression", "no")
    keep.snapshot(server, "--bgsave")
    (place / "to").mkdir()
    process = keep.begin("restore", "latest", "--to", place / "to",
                         *nobody(place), *SAID, "--layout", "aof")
    journal = place / "to" / ".redkeep" / "journal.json"
    wait_for(journal.exists, "the journal")
    process.kill()
    process.communicate()
    state = json.loads(journal.read_text())["state"]
    told = keep("restore", "--to", place / "to", "--resume", "--json",
                *nobody(place)).json
    if state == "building":
        assert told["plan"]["layout"] == "aof"
    assert not (place / "to" / "prod.rdb").exists()
    assert len(boot(place / "to", **NAMES).client().get("k")) == 25600000


def test_the_plan_is_told_before_it_is_done(place, keep, serve):
    source(keep, serve, appendonly="yes")
    result = keep("restore", "latest", "--to", place / "to", *nobody(place))
    assert result.out.index("goes to") < result.out.index("restored")
    quiet = keep("restore", "latest", "--to", place / "quiet", "--quiet",
                 *nobody(place))
    assert "goes to" not in quiet.out


def test_a_collapse_is_told_where_it_is_accepted(place, keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=50)
    keep.snapshot(server)
    server.client().flushall()
    last = keep.snapshot(server)["id"]
    words = ["restore", "--to", place / "to", "--dry-run", *nobody(place)]
    keep(*words, exit=4).says("before it", "--yes")
    for more in (["latest", "--yes"], [last]):
        keep(*words, *more).says(f"{last} has 0 keys, .* before it")


def test_the_settings_are_told(place, keep, serve):
    source(keep, serve, appendonly="yes")
    target = serve("target", appendonly="yes", save=["900 1"])
    told = keep("restore", "latest", "--to", target.data, "--dry-run",
                "--json", "--redis", target.url).json["plan"]["server"]
    assert told["running"] and told["appendonly"] and told["saves"]
    assert told["appendfilename"] == "appendonly.aof"
    assert told["primary"] is None and told["cluster"] is False
    assert told["replicas"] == told["sentinels"] == 0
    assert plan(keep, place, place / "to")["server"] is None


def test_a_server_that_saves_at_its_end_saves_into_the_old_set(place, keep,
                                                               serve, boot):
    """What it writes then is kept, and not over what is restored."""
    held = source(keep, serve, appendonly="no")
    old = serve("old", appendonly="no", save=("900", "1"))
    old.client().set("of the old", 1)
    conf, to = old.home / "redis.conf", old.data
    told = keep("restore", "latest", "--to", to, "--redis", old.url, "--json",
                "--stop-command", f"kill {old.process.pid}",
                "--start-command", f"{binary(old.name)} {conf} "
                "--daemonize yes >/dev/null 2>&1").json
    try:
        assert state(one_client(old)) == held
    finally:
        old.client().shutdown(nosave=True)
    kept = boot(told["kept"], appendonly="no")
    assert kept.client().get("of the old") == b"1"


def module_id(name, version):
    letters = string.ascii_uppercase + string.ascii_lowercase + \
        string.digits + "-_"
    number = 0
    for letter in name:
        number = number << 6 | letters.index(letter)
    return struct.pack(">Q", number << 10 | version)


def test_data_of_modules_wants_a_server_that_has_some(place, keep, serve):
    data = place / "data"
    data.mkdir()
    (data / "dump.rdb").write_bytes(
        b"REDIS0010" + b"\xf7\x81" + module_id("ReJSON-RL", 3) +
        b"\x02\x02\x00" + b"\xfe\x00\x00\x01k\x01v\xff" + bytes(8))
    keep("snapshot", "--data-dir", data, *nobody(place), exit=None)
    server = serve()
    words = ["restore", keep.list()[0]["id"], "--to", place / "to",
             "--dry-run"]
    keep(*words, "--redis", server.url, exit=4).says("ReJSON-RL",
                                                     "none loaded", "--yes")
    told = keep(*words, "--redis", server.url, "--yes", "--json").json
    assert told["plan"]["modules"] == ["ReJSON-RL"]
    keep(*words, *nobody(place)).says("modules .ReJSON-RL.*does not start")


# systemd's folder as the program sees it, and nobody else.
UNITS = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs "
         "/etc/systemd/system && cp \"$1\" /etc/systemd/system && shift && "
         "exec \"$@\"", "sh"]


@pytest.mark.need("root", "unshare")
def test_the_unit_of_a_stopped_server_tells_its_settings(place, keep, serve):
    source(keep, serve, appendonly="no")
    to = place / "to"
    to.mkdir()
    file = conf_of(place, to, appendonly="yes")[1]
    unit = place / "my-redis.service"
    unit.write_text("[Service]\nType=notify\nExecStart=/usr/bin/redis-server "
                    f"{file} --daemonize no --appendfilename u.aof\n")
    told = keep("restore", "latest", "--to", to, "--dry-run", *nobody(place),
                "--json", user=[*UNITS, str(unit)]).json["plan"]
    assert told["layout"] == "aof"
    assert told["server"]["service"] == "my-redis.service"
    assert told["server"]["told_by"] == str(file)
    assert [p["to"] for p in told["puts"]] == ["appendonlydir/u.aof.1.base.rdb"]
    assert not os.path.exists(f"/etc/systemd/system/{unit.name}")


def test_a_server_that_will_evict_is_told(place, keep, serve):
    server = serve("source", appendonly="no", rdbcompression="no")
    server.client().set("k", bytes(range(256)) * 8000)
    keep.snapshot(server, "--bgsave")
    target = serve("target", appendonly="no", maxmemory="1500kb",
                   maxmemory_policy="allkeys-lru")
    keep("restore", "latest", "--to", target.data, "--dry-run", "--redis",
         target.url).says("maxmemory is smaller")
