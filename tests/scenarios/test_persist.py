"""redkeep persist: what servers say of their persistence is shown as it is,
and a save or rewrite is asked for only where it can be, and seen to its end."""

import signal

import pytest

from hosts import INSTALL, run, script, told
from servers import NAMES, wait_for

SLOW = {"rdb-key-save-delay": "4000"}  # microseconds a key


def fill(server, count=500):
    server.client().mset({f"key:{i}": "x" * 100 for i in range(count)})
    return server


@pytest.fixture
def persist(keep):
    def ask(server, word, *more, **options):
        return keep("persist", word, "--redis", getattr(server, "url", server),
                    *more, **options)
    return ask


def saving(server):
    return server.persistence()["rdb_bgsave_in_progress"]


@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_it_shows_saves_and_rewrites(serve, persist, name):
    server = fill(serve(name=name, appendonly="yes"))
    before = persist(server, "status", "--json").json
    assert before["server"]["version"] in server.client().info("server").values()
    assert before["rdb"]["changes"] == 500 and before["aof"]["enabled"] is True
    assert before["trouble"] is None
    persist(server, "status").says("none since the server's start")

    saved = persist(server, "bgsave", "--json").json
    dump = server.data / "dump.rdb"
    assert saved["action"] == "bgsave"
    assert saved["size"] == dump.stat().st_size
    assert 0 <= saved["seconds"] < 30
    for _ in range(3):
        fill(server)
    large = server.persistence()["aof_current_size"]
    rewritten = persist(server, "bgrewriteaof", "--json").json
    assert rewritten["size_before"] == large > rewritten["size"]
    assert rewritten["size"] == server.persistence()["aof_current_size"]

    fill(server, 10)
    after = persist(server, "status", "--json").json
    info = server.persistence()
    assert after["rdb"]["changes"] == info["rdb_changes_since_last_save"]
    assert after["rdb"]["last_seconds"] == info["rdb_last_bgsave_time_sec"]
    assert after["aof"]["growth"] == \
        info["aof_current_size"] - info["aof_base_size"] > 0
    sizes = {f["path"]: f["size"] for f in after["files"]}
    assert sizes == {path: (server.data / path).stat().st_size
                     for path in sizes}
    kinds = [f["kind"] for f in after["files"]]
    assert kinds == (["single", "dump"] if name == "redis-6.0"
                     else ["manifest", "base", "incr", "dump"])
    shown = persist(server, "status").says(r"AOF size +\S+ \S+, 1\.\d times",
                                           "dump.rdb", "last rewrite +ok")
    assert max(map(len, shown.out.splitlines())) < 160


def test_it_asks_for_nothing_that_cannot_be(serve, persist):
    server = fill(serve(appendonly="no", **SLOW))
    persist(server, "bgrewriteaof", exit=3).says(
        "not asked for: the server's AOF is off")
    server.client().bgsave()
    wait_for(lambda: saving(server), "the save")
    for word in ("bgsave", "bgrewriteaof"):
        persist(server, word, exit=3).says(
            "not asked for: a save or a replica's sync is running")
    running = persist(server, "status", "--json").json["rdb"]
    assert running["running"] is True
    assert 0 <= running["percent"] <= 100
    persist(server, "status").says("running now +a save, .*, .* %")


def test_the_server_can_say_no(serve, persist):
    server = fill(serve())
    client = server.client()
    client.execute_command("ACL", "SETUSER", "some", "on", ">pass", "+info",
                           "+ping", "+config|get", "+select")
    some = server.url.replace("unix://", "unix://some:pass@")
    persist(some, "bgsave", exit=3).says(
        "BGSAVE: NOPERM .*: allow this user the command")
    assert persist(some, "status", "--json").json["files"] is not None
    assert not (server.data / "dump.rdb").exists()
    persist(f"{server.url}.not", "bgsave", exit=3).says("no such file")
    persist(server, "backup", exit=2).says("'backup' is not one of")


def test_a_save_that_fails_is_told_and_shown(serve, persist):
    server = fill(serve(appendonly="yes"))
    (server.data / "dump.rdb").mkdir()
    persist(server, "bgsave", exit=3).says("the server's save failed: look at")
    shown = persist(server, "status", "--json", exit=1).json
    assert shown["rdb"]["last_ok"] is False
    assert shown["trouble"].startswith("the last save failed: look at")
    persist(server, "status", exit=1).says("last save +FAILED",
                                           "the last save failed: look")
    (server.data / "dump.rdb").rmdir()
    persist(server, "bgsave").says("the dump was written in")
    persist(server, "status")


@pytest.mark.need("root", "mount")
def test_a_disk_that_is_full_is_seen_before(serve, persist, place, mounts):
    data = place / "small"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=3m", "tmpfs", data)
    server = serve(data=str(data))
    server.client().set("a", bytes(range(256)) * 4000)
    (data / "filler").write_bytes(b"x" * 2_600_000)
    saves = server.persistence()["rdb_saves"]
    persist(server, "bgsave", exit=4).says(
        "not asked for: space on the server's disk: about .* are needed")
    assert server.persistence()["rdb_saves"] == saves
    assert server.persistence()["rdb_last_bgsave_status"] == "ok"


def test_who_is_stopped_leaves_the_server_to_it(serve, keep):
    server = fill(serve(**SLOW))
    process = keep.begin("persist", "bgsave", "--redis", server.url)
    wait_for(lambda: saving(server), "the save")
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=20)[1]
    assert process.returncode == 3
    assert "stopped by SIGINT: the server goes on with it; 'redkeep persist " \
        "status " in err
    assert saving(server)
    server.client().config_set("rdb-key-save-delay", "0")
    server.rest()
    assert server.persistence()["rdb_last_bgsave_status"] == "ok"
    assert (server.data / "dump.rdb").exists()


def test_a_server_that_dies_at_it_is_told(serve, keep):
    server = fill(serve(**SLOW))
    process = keep.begin("persist", "bgsave", "--redis", server.url)
    wait_for(lambda: saving(server), "the save")
    server.kill()
    err = process.communicate(timeout=20)[1]
    assert process.returncode == 3, err
    assert "whether the server goes on with it, 'redkeep persist status" in err


def test_a_save_that_is_cancelled_is_no_save(serve, keep):
    server = fill(serve(**SLOW))
    process = keep.begin("persist", "bgsave", "--redis", server.url)
    wait_for(lambda: saving(server), "the save")
    server.client().flushall()
    err = process.communicate(timeout=20)[1]
    assert process.returncode == 3
    assert "the server's save ended without a dump" in err


def test_a_terminal_sees_how_far_it_is(serve, terminal):
    server = fill(serve(**SLOW), 400)
    shown = terminal("persist", "bgsave", "--redis", server.url, exit=0)
    assert "the server writes an RDB [" in shown
    assert "%" in shown
    shown = terminal("persist", "status", "--redis", server.url, exit=0)
    assert max(map(len, shown.splitlines())) <= 80


def test_files_that_are_another_servers_are_not_shown(serve, persist):
    one, other = fill(serve("one")), fill(serve("other"))
    for server in (one, other):
        server.client().save()
    told = persist(one, "status", "--json", "--data-dir", other.data).json
    assert told["files"] is None and told["data_dir"] is None
    persist(one, "status", "--data-dir", other.data).says(
        "files +not to be seen from here: .*")


@pytest.mark.need("root", "mount", "unshare")
def test_it_goes_as_the_guide_says(place):
    out = run(place, INSTALL + """
systemctl start redis-server
redis-cli set a b >/dev/null
""" + script("persist.md") + """
grep '^appendonly yes' /etc/redis/redis.conf
echo "rewritten: $(redis-cli info persistence | grep aof_last_bgrewrite_status)"
""")
    assert "the dump was written in" in out
    assert "the AOF was rewritten in" in out
    assert told(out, "rewritten").strip() == "aof_last_bgrewrite_status:ok"
