"""Drills: a private server loads what was kept, on every release; what is no
good is told loudly, what does not fit is skipped with the figures, and nothing
stays behind."""

import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest

import servers
from data import fill, fill_many, one_client
from loads import processes_of
from program import leftovers
from servers import NAMES, binary, path_of, wait_for
from traps import command, put


def flip(path, where=0.5):
    """Turns one bit of a file."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * where)] ^= 1
    path.write_bytes(bytes(data))


def drill(keep, server, *args, name=servers.SYSTEM, **options):
    """What `redkeep drill` says, as JSON."""
    return keep("drill", "--redis", server.url, "--json", *args,
                env=path_of(keep.place, name), **options).json


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("appendonly", ["no", "yes"])
def test_a_good_snapshot_is_loaded_counted_and_compared(keep, serve, name,
                                                        appendonly):
    server = serve(name=name, appendonly=appendonly)
    client = one_client(server)
    fill(client, name)
    client.set("short", "lived", px=50)
    if appendonly == "yes":
        server.rewrite()
    else:
        client.save()
    ident = keep.snapshot(server)["id"]
    wait_for(lambda: not client.exists("short"), "its end")
    said = drill(keep, server, name=name)
    assert said["ok"] is True and said["id"] == ident, said
    # One that expires may still be there, of an AOF's base.
    assert said["keys"] - client.dbsize() - d3(client) in (0, 1), said
    assert said["load_seconds"] > 0
    compared = int(re.search(r"(\d+) keys compared",
                             said["text"])[1])
    assert compared > 80, said
    assert not leftovers(keep.repo)
    assert not processes_of(keep.repo)


def d3(client):
    return client.info("keyspace")["db3"]["keys"]


def test_the_commands_behind_a_base_are_loaded(keep, serve):
    server = serve(appendonly="yes")
    client = one_client(server)
    fill(client)
    server.rewrite()
    client.mset({f"later:{i}": i for i in range(500)})
    client.hset("hash:big", "f1", "another")
    client.rpush("list:big", "one more")
    server.drain()
    keep.snapshot(server)
    said = drill(keep, server)
    assert said["ok"] is True, said
    assert said["keys"] == client.dbsize() + d3(client), said
    # Those that no command names are compared all the same.
    assert re.search(r"\d+ keys .*compared, each as it was", said["text"]), said
    client.flushall()
    fill(client)
    server.drain()
    keep.snapshot(server)
    said = drill(keep, server)
    assert said["ok"] is True and "compared" not in said["text"], said


@pytest.mark.parametrize("appendonly", ["no", "yes"])
def test_more_databases_than_servers_have_by_default(keep, serve, appendonly):
    server = serve(appendonly=appendonly, databases="64")
    client = one_client(server)
    client.execute_command("SELECT", 40)
    client.set("far", "away")
    client.save()
    server.drain()
    keep.snapshot(server)
    server.kill()
    said = drill(keep, server)
    assert said["ok"] is True and said["keys"] == 1, said


def test_a_flipped_byte_is_told_and_noted(keep, serve):
    server = serve()
    fill(server.client())
    server.client().save()
    keep.snapshot(server)
    server.client().set("another", "dump")
    server.client().save()
    second = keep.snapshot(server)["id"]
    assert drill(keep, server)["id"] == second
    flip(keep.archive(second))
    said = drill(keep, server, exit=1)
    assert said["ok"] is False and said["id"] == second, said
    assert "not what was stored" in said["text"]
    state = keep("status", "--json", "--http-listen", "127.0.0.1:1",
                 exit=None).json
    assert state["last_drill"]["id"] == second
    assert state["last_drill"]["ok"] is False
    # It is known now to be no good: what restore would take is drilled.
    assert drill(keep, server)["id"] != second
    assert not leftovers(keep.repo)


def test_what_the_server_does_not_load_is_told_in_its_words(keep, serve):
    """Kept as it was found: sound to us, of a module that is not there."""
    server = serve(appendonly="yes")
    client = server.client()
    client.mset({f"k:{i}": i for i in range(100)})
    server.drain()
    server.kill()
    incr = next((server.data / "appendonlydir").glob("*.incr.aof"))
    incr.write_bytes(incr.read_bytes() +
                     b"*2\r\n$8\r\nFLUSHING\r\n$1\r\nx\r\n")
    nobody = f"unix://{keep.place}/nobody"
    ident = keep("snapshot", "--data-dir", server.data, "--redis", nobody,
                 "--json", exit=None).json["id"]
    said = keep("drill", ident, "--redis", nobody, "--json", exit=1).json
    assert said["ok"] is False, said
    assert re.search("unknown command|Unknown command", said["text"]), said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", [
    ("CONFIG", "SET", "dir", "{out}"), ("SAVE",),
    ("REPLICAOF", "127.0.0.1", "{port}")], ids=lambda w: w[0])
def test_an_aof_that_leads_out_of_its_folder(place, keep, name, words):
    """A server would run that; no server ever puts it there."""
    out, data = place / "out", place / "data"
    out.mkdir(mode=0o777)
    data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        text = command("SET", "a", 1) + command(
            *(w.format(out=out, port=port) for w in words))
        if name == "redis-6.0":
            (data / "appendonly.aof").write_bytes(text)
        else:
            put(data, {"1.incr.aof": text}, [("1.incr.aof", 1, "i")])
        nobody = ["--redis", f"unix://{place}/nobody"]
        keep("snapshot", "--data-dir", data, *nobody)
        said = keep("drill", *nobody, "--json", exit=1,
                    env=path_of(place, name)).json
        assert f"Unknown command '{words[0]}'" in said["text"].replace(
            words[0].lower(), words[0]), said
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not list(out.iterdir())


@pytest.mark.need("root")
def test_a_scratch_folder_that_another_user_made(place, keep, serve):
    server = serve(appendonly="yes")
    server.client().set("a", 1)
    server.drain()
    keep.snapshot(server)
    scratch = place / "scratch"
    theirs = scratch / "redkeep-drill-main"
    theirs.mkdir(parents=True)
    os.chown(theirs, 65533, 65533)
    keep("drill", "--scratch", scratch, "--redis", server.url, exit=4).says(
        "belongs to another user")
    assert not list(theirs.iterdir())


def test_too_little_memory_is_skipped_with_the_figures(keep, serve, group):
    server = serve()
    fill_many(server.client(), 300000)
    server.client().save()
    ident = keep.snapshot(server)["id"]
    inside = ["sh", "-c", f"echo $$ > {group}; exec \"$@\"", "sh"]
    result = keep("drill", "--redis", server.url, "--json", exit=3,
                  user=inside)
    said = result.json
    assert said["ok"] is None and said["id"] == ident, said
    assert re.search(r"not enough memory: .* MiB \(1\.3 times the data's .* "
                     r"MiB\) and 20% of 48 MiB besides are wanted, .* are "
                     r"free in control group .*redkeep-test", said["text"]), \
        said
    assert "not enough memory" in result.err
    assert drill(keep, server)["ok"] is True
    assert not leftovers(keep.repo)


def test_an_older_server_says_nothing_of_newer_data(keep, serve):
    server = serve(name="redis-8.0")
    fill(server.client(), "redis-8.0")
    server.client().save()
    keep.snapshot(server)
    server.kill()
    said = drill(keep, server, name="redis-7.0", exit=3)
    assert said["ok"] is None, said
    assert "redis 7.0.15, cannot load" in said["text"], said


def test_ctrl_c_and_kill_leave_nothing(keep, serve):
    server = serve()
    fill(server.client())
    server.client().save()
    keep.snapshot(server)
    slow = keep.place / "slow"
    slow.mkdir()
    (slow / "redis-server").write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] || "
        f"echo $$ > {keep.place}/pid\n[ \"$1\" = --version ] || sleep 600\n"
        f"exec {binary(servers.SYSTEM)} \"$@\"\n")
    (slow / "redis-server").chmod(0o755)
    keep.place.chmod(0o777)
    pid = keep.place / "pid"
    for number in (signal.SIGINT, signal.SIGKILL):
        process = keep.begin("drill", "--redis", f"unix://{keep.place}/no",
                             env={"PATH": f"{slow}:{os.environ['PATH']}"})
        wait_for(lambda: pid.exists() and pid.read_text().strip(),
                 "the private server")
        process.send_signal(number)
        process.communicate(timeout=20)
        wait_for(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists(),
                 "its end")
        if number == signal.SIGINT:
            assert not leftovers(keep.repo)
        pid.unlink()
    assert (keep.repo / "main" / "drill" / "data").exists()
    assert drill(keep, server)["ok"] is True
    assert not leftovers(keep.repo)


@pytest.mark.need("root")
def test_a_running_servers_program_is_used_where_only_root_decides_it(
        keep, serve, monkeypatch):
    """Without one in PATH: Debian's own is taken, one that another user could
    write is not, whatever the server says of itself."""
    nowhere = {"PATH": f".::{keep.place}"}
    server = serve()
    fill(server.client())
    server.client().save()
    keep.snapshot(server)
    said = keep("drill", "--redis", server.url, "--json", env=nowhere).json
    assert said["ok"] is True and "redis 7.0.15" in said["text"], said
    mine = keep.place / "mine"
    mine.mkdir()
    shutil.copy(binary(servers.SYSTEM), mine / "redis-server")
    os.chown(mine / "redis-server", 65534, 65534)
    monkeypatch.setattr(servers, "binary", lambda name:
                        str(mine / "redis-server"))
    other = serve("other")
    refused = keep("drill", "--redis", other.url, env=nowhere, exit=3)
    refused.says("no redis-server and no valkey-server in PATH")
    (keep.place / "redis-server").symlink_to(mine / "redis-server")
    for folder, status in ((".", 3), ("", 3), (keep.place, 0)):
        keep("drill", "--redis", other.url, env={"PATH": str(folder)},
             exit=status)


@pytest.mark.need("root")
def test_the_private_server_is_the_owners_and_the_first_to_go(keep, serve):
    server = serve()
    fill(server.client())
    server.client().save()
    os.chown(server.data / "dump.rdb", 12345, 12345)
    keep.snapshot(server)
    seen = keep.place / "seen"
    spy = keep.place / "spy"
    spy.mkdir()
    (spy / "redis-server").write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] || { id -u; "
        "cat /proc/$$/oom_score_adj; ulimit -d; pwd; env; echo \"$@\"; } "
        f"> {seen}\nexec {binary(servers.SYSTEM)} \"$@\"\n")
    (spy / "redis-server").chmod(0o755)
    seen.write_text("")
    seen.chmod(0o666)
    said = keep("drill", "--redis", f"unix://{keep.place}/no", "--json",
                env={"PATH": f"{spy}:{os.environ['PATH']}",
                     "REDIS_URL_SECRET": "hidden"}).json
    assert said["ok"] is True, said
    uid, score, limit, folder, *rest = seen.read_text().splitlines()
    assert (uid, score) == ("12345", "1000") and limit != "unlimited"
    assert folder == str(keep.repo / "main" / "drill" / "data")
    assert "hidden" not in seen.read_text()
    assert "--port 0" in rest[-1] and "--maxmemory 0" in rest[-1]


def test_a_read_only_repository_is_drilled_elsewhere(keep, serve, mounts):
    server = serve()
    fill(server.client())
    server.client().save()
    keep.snapshot(server)
    mounts("--bind", keep.repo, keep.repo)
    mounts("-o", "remount,bind,ro", keep.repo)
    refused = keep("drill", "--redis", server.url, exit=3)
    refused.says("--scratch DIR")
    other = keep.place / "other"
    other.mkdir()
    result = keep("drill", "--redis", server.url, "--scratch", other)
    result.says("ok: ", "keeps no note")
    assert not list(other.iterdir())


def test_the_agent_drills_and_tells(agent, serve, keep):
    server = serve(appendonly="yes")
    client = server.client()
    fill(client)
    server.rewrite()
    one = agent(server, schedule_snapshot="every 1h", schedule_drill="every 1s")
    keep.repo = one.repo
    wait_for(lambda: (one.status()["last_drill"] or {}).get("ok"), "a drill",
             60)

    def four():
        client.incr("load")
        assert "drill_failed" not in one.alarms()
        job = one.job("drill")
        return job["runs"] >= 4 and job

    job = wait_for(four, "four of them", 60)
    assert job["failures"] == 0, job
    metrics = one.metrics()
    assert metrics["redkeep_drill_last_ok"] == 1
    assert metrics["redkeep_drill_load_seconds"] > 0
    assert metrics['redkeep_job_runs_total{job="drill",result="ok"}'] >= 4
    ident = keep.list()[-1]["id"]
    flip(keep.archive(ident))
    alarm = wait_for(lambda: one.alarms().get("drill_failed"), "the alarm",
                     60)
    assert ident in alarm["text"] or "no good snapshot" in alarm["text"]
    last = wait_for(lambda: not one.status()["last_drill"]["ok"] and
                    one.status()["last_drill"], "the word of it")
    assert last["id"] == ident
    metrics = one.metrics()
    assert metrics["redkeep_drill_last_ok"] == 0
    assert metrics['redkeep_alarm_raised{alarm="drill_failed"}'] == 1
    one.wait_log("drill job ended: .*not what was stored")
    one.stop()
    assert not processes_of(one.home)
