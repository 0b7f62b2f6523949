"""All of redkeep works as the server's user that the guide tells to make, and
that user can do nothing else."""

import re

import pytest
import redis

from counting import Sets, table
from data import fill, one_client, state
from servers import NAMES, TOP, free_port, wait_for

GUIDE = TOP / "docs" / "guide" / "install.md"


def guided(password):
    """The guide's line, as words."""
    line = re.search(r"^ACL SETUSER redkeep .*$", GUIDE.read_text(), re.M)[0]
    return line.replace("PASSWORD", password).split()


@pytest.fixture
def guarded(serve):
    """guarded(name, ...): a server that knows an administrator and redkeep,
    and nobody else."""
    def start(name, *more, **settings):
        server = serve(name=name, port=str(free_port()), **settings)
        one = server.client()
        one.execute_command("ACL", "SETUSER", "admin", "on", ">adm", "+@all",
                            "~*")
        server.auth = {"username": "admin", "password": "adm"}
        one = one_client(server)
        one.execute_command(*guided("s3cret"), *more)
        one.execute_command("ACL", "SETUSER", "default", "off")
        return server
    return start


def counting(scripts):
    """What the guide to counters adds to it, with scripts or without."""
    text = (GUIDE.parent / "counters.md").read_text()
    words = re.search(r"^ACL SETUSER redkeep .*$", text, re.M)[0].split()
    if scripts:
        return words
    others = re.search(r"`((\+\w+ )+\+\w+)` do in place of\n`(\+eval)`", text)
    words.remove(others[3])
    return words + others[1].split()


def url(server):
    return f"redis://redkeep@127.0.0.1:{server.settings['port']}"


@pytest.fixture
def secret(place):
    path = place / "password"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("aof", ["yes", "no"])
@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_all_of_it_works(keep, guarded, boot, place, secret, name, aof):
    server = guarded(name, appendonly=aof)
    fill(one_client(server), name, jobs=5)
    before = state(one_client(server))
    reach = ["--redis", url(server), "--password-file", secret]
    told = keep("snapshot", *reach, "--json").json
    assert told["verdict"] == "sound" and told["bound"] is True
    told = keep("snapshot", "--bgsave", *reach, "--json").json
    assert told["verdict"] == "sound"
    keep("repair", server.data, *reach, exit=None).says("server|sound")
    keep("list", *reach)
    keep("verify", *reach)
    keep("hold", told["id"], *reach)
    keep("release", told["id"], *reach)
    keep("prune", *reach)
    keep("status", *reach, exit=None).says("connected|server")
    keep("restore", "latest", "--to", server.data, *reach, exit=4).says(
        "server|in use")
    keep("restore", "latest", "--to", place / "to", *reach)
    again = boot(place / "to", name, appendonly=aof)
    assert state(one_client(again)) == before


@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_the_agent_works(agent, guarded, secret, name):
    server = guarded(name, appendonly="yes")
    fill(one_client(server), name, jobs=5)
    one = agent(url(server), password_file=str(secret),
                schedule_snapshot="every 1s", schedule_bgsave="every 1s",
                schedule_bgrewriteaof="every 1s", schedule_verify="every 1s",
                schedule_prune="after snapshot")
    for job in ("snapshot", "bgsave", "bgrewriteaof", "verify", "prune"):
        wait_for(lambda: (one.job(job)["last"] or {}).get("result") == "ok",
                 lambda: f"{job}: {one.job(job)}")
    shown = one.status()["server"]
    assert shown["data_dir"] == str(server.data)
    assert shown["appendonly"] is True
    details = one.dependency()["details"]
    assert details["lastError"] is None and details["reconnects"] == 0


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_counters_work_with_what_their_guide_adds(keep, guarded, place, secret,
                                                  name, scripts):
    server = guarded(name)
    admin = one_client(server)
    admin.set("chat:1:message_counter", 1)
    run = Sets(keep, place, url(server))
    key = "chat:%d:message_counter"
    run.write(run.block("chats", table([(key % 1, 5), (key % 2, 6)])))
    reach = ["--password-file", secret]
    assert "NOPERM" in run("check", *reach, exit=3).err
    admin.execute_command(*counting(scripts))
    run("check", *reach, exit=1)
    run("rebuild", *reach)
    run("check", *reach)
    assert admin.mget(key % 1, key % 2) == [b"5", b"6"]
    user = server.client(username="redkeep", password="s3cret")
    for words in (("GET", "other"), ("SET", "other", "1"),
                  ("DEL", key % 1), ("INCR", key % 1)):
        with pytest.raises(redis.exceptions.NoPermissionError):
            user.execute_command(*words)


@pytest.mark.parametrize("words", [
    ("GET", "int"), ("SET", "int", "1"), ("KEYS", "*"), ("FLUSHALL",),
    ("CONFIG", "SET", "dir", "/"), ("CONFIG", "REWRITE"), ("SHUTDOWN",),
    ("DEBUG", "SLEEP", "0"), ("ACL", "LIST"), ("REPLICAOF", "NO", "ONE"),
    ("EVAL", "return 1", "0"), ("PUBLISH", "a", "b"), ("MONITOR",)])
def test_nothing_else_does(guarded, words):
    server = guarded("redis-7.0")
    fill(one_client(server), jobs=1)
    user = server.client(username="redkeep", password="s3cret")
    with pytest.raises(redis.exceptions.NoPermissionError):
        user.execute_command(*words)


def test_without_the_right_to_rewrite_the_job_says_so(agent, guarded, secret):
    server = guarded("redis-7.0", "-bgrewriteaof", appendonly="yes")
    one = agent(url(server), password_file=str(secret),
                schedule_bgrewriteaof="every 1s")
    last = wait_for(lambda: one.job("bgrewriteaof")["last"], "a run")
    assert last["result"] in ("failed", "skipped")
    assert "NOPERM" in last["text"] or "ACL" in last["text"]
    assert one.state() == "connected"


def test_without_the_right_to_ping_it_is_there(agent, guarded, secret):
    server = guarded("redis-7.0", "-ping")
    one = agent(url(server), password_file=str(secret)).wait_state("connected")
    wait_for(lambda: one.dependency()["details"]["lastError"], "the refusal")
    assert "NOPERM" in one.dependency()["details"]["lastError"]
    assert one.state() == "connected"
