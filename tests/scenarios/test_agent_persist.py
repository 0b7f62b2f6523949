"""BGSAVE and BGREWRITEAOF asked by the agent of real servers: only when they
can, followed to their end, and what came of it told."""

import time

import pytest

import servers
from servers import wait_for

SAVING = {"rdb-key-save-delay": "2000"}  # microseconds a key


def fill(server, count=500):
    server.client().mset({f"key:{i}": "x" * 100 for i in range(count)})
    return server


def ask(one, name):
    """Has a job run at once, and not again soon."""
    before = one.job(name)["runs"]
    one.reload(**{f"schedule_{name}": "every 200ms"})
    wait_for(lambda: one.job(name)["state"] in ("running", "waiting") or
             one.job(name)["runs"] > before, f"{name} to begin")
    one.reload(**{f"schedule_{name}": "every 1h"})


def result(one, name, want, seconds=20):
    def last():
        job = one.job(name)
        return job["state"] != "running" and job["last"] and \
            job["last"]["result"] == want and job["last"]
    return wait_for(last, f"{name} {want}: {one.job(name)}", seconds)


@pytest.mark.parametrize("name", servers.NAMES)
def test_the_server_saves_and_rewrites(agent, serve, name):
    server = fill(serve(name=name, appendonly="yes"))
    one = agent(server).wait_state("connected")
    saved = server.client().lastsave()
    ask(one, "bgsave")
    last = result(one, "bgsave", "ok")
    assert last["text"].startswith("the dump was written in "), last
    assert server.client().lastsave() > saved
    assert (server.data / "dump.rdb").exists()
    for i in range(3):
        fill(server)
    size = server.persistence()["aof_current_size"]
    ask(one, "bgrewriteaof")
    last = result(one, "bgrewriteaof", "ok")
    assert last["text"].startswith("the AOF was rewritten in "), last
    assert server.persistence()["aof_current_size"] < size
    assert one.job("bgsave")["pid"] is None
    assert one.job("bgsave")["failures"] == 0


def test_it_waits_until_the_server_can(agent, serve):
    server = fill(serve(appendonly="yes", **SAVING))
    one = agent(server).wait_state("connected")
    server.client().bgrewriteaof()
    ask(one, "bgsave")
    last = result(one, "bgsave", "skipped")
    assert last["text"] == "a rewrite of the AOF is running"
    assert one.job("bgsave")["state"] == "waiting"
    assert one.metrics()[
        'redkeep_job_runs_total{job="bgsave",result="skipped"}'] == 1
    server.client().config_set("rdb-key-save-delay", "0")
    server.rest()
    assert result(one, "bgsave", "ok")
    assert one.job("bgsave")["failures"] == 0


def test_a_save_that_fails_is_told(agent, serve):
    server = fill(serve())
    one = agent(server).wait_state("connected")
    (server.data / "dump.rdb").mkdir()
    ask(one, "bgsave")
    assert "the server's save failed" in result(one, "bgsave",
                                                "failed")["text"]
    (server.data / "dump.rdb").rmdir()
    ask(one, "bgsave")
    result(one, "bgsave", "ok")
    assert one.job("bgsave")["failures"] == 1


def test_a_save_that_is_stopped_is_no_save(agent, serve):
    server = fill(serve(**SAVING))
    one = agent(server).wait_state("connected")
    ask(one, "bgsave")
    wait_for(lambda: server.persistence()["rdb_bgsave_in_progress"],
             "the save")
    server.client().flushall()
    assert "ended without a dump" in result(one, "bgsave", "failed")["text"]


def test_a_server_that_dies_at_it_is_told(agent, serve):
    server = fill(serve(**SAVING))
    one = agent(server).wait_state("connected")
    ask(one, "bgsave")
    wait_for(lambda: server.persistence()["rdb_bgsave_in_progress"],
             "the save")
    server.kill().start()
    assert result(one, "bgsave", "failed")["text"] == \
        "the server was restarted meanwhile"


def test_a_connection_that_is_lost_is_no_save_that_failed(agent, serve):
    server = fill(serve(**SAVING))
    one = agent(server).wait_state("connected")
    ask(one, "bgsave")
    wait_for(lambda: server.persistence()["rdb_bgsave_in_progress"],
             "the save")
    while server.persistence()["rdb_bgsave_in_progress"]:
        server.client().execute_command("CLIENT", "KILL", "TYPE", "normal",
                                        "SKIPME", "yes")
        time.sleep(0.1)
    result(one, "bgsave", "ok")


def test_no_rewrite_where_there_is_no_aof(agent, serve):
    one = agent(fill(serve())).wait_state("connected")
    ask(one, "bgrewriteaof")
    assert result(one, "bgrewriteaof", "skipped")["text"] == \
        "the server's AOF is off; CONFIG SET appendonly yes writes one"


def test_a_user_who_may_not_is_told_what_to_allow(agent, serve):
    server = fill(serve())
    server.client().execute_command("ACL", "SETUSER", "default", "-bgsave")
    one = agent(server).wait_state("connected")
    ask(one, "bgsave")
    last = result(one, "bgsave", "failed")
    assert "NOPERM" in last["text"] and "ACL" in last["text"], last


@pytest.mark.need("mount")
def test_no_save_where_there_is_no_room(agent, serve, place, mounts):
    data = place / "small"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=1m", "tmpfs", data)
    server = serve(data=data)
    server.client().mset({f"key:{i}": "x" * 1000 for i in range(3000)})
    one = agent(server).wait_state("connected")
    ask(one, "bgsave")
    last = result(one, "bgsave", "skipped")
    assert last["text"].startswith("space on the server's disk: about "), last
    assert not (data / "dump.rdb").exists()


def test_a_job_that_another_does_waits_for_its_end(agent, serve, keep):
    server = fill(serve(appendonly="yes"))
    one = agent(server, snapshot_compression="none").wait_state("connected")
    keep.repo = one.repo
    other = keep.begin("snapshot", "--redis", server.url,
                       "--snapshot-read-rate", "2000")
    lock = one.repo / "main" / "locks" / "snapshot"
    wait_for(lambda: lock.exists() and lock.read_text(), "the lock")
    ask(one, "snapshot")
    last = result(one, "snapshot", "locked")
    assert str(other.pid) in last["text"], last
    assert one.job("snapshot")["state"] == "waiting"
    assert one.job("snapshot")["failures"] == 0
    other.terminate()
    other.communicate()
    result(one, "snapshot", "ok")
