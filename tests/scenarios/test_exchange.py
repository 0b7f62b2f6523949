"""A restore stops the server and starts it again, by systemd or by commands:
what does not load goes back by itself, and no acknowledged write is lost."""

import os
import signal

import pytest

from data import Writer, fill, one_client, state
from servers import APART, unprivileged, wait_for
from units import Supervisor, starter


@pytest.fixture
def supervise(place, serve):
    """supervise(appendonly="yes"): a running server under a supervisor."""
    running = []

    def start(home="server", unit="redis-server", run=True, **settings):
        server = serve(home, begin=False, **settings)
        running.append(Supervisor(place, server, unit))
        return running[-1].start() if run else running[-1]

    yield start
    for one in running:
        one.end()


def by_service(one):
    return ["--service", one.unit]


def by_commands(one):
    return one.by_commands()


def restore(keep, one, *args, way=by_service, **options):
    return keep("restore", "latest", "--to", one.server.data, "--redis",
                one.server.url, *way(one), *args, env=one.env, **options)


def serves(one, before):
    wait_for(one.answers, "the server")
    assert state(one_client(one.server)) == before


@pytest.mark.need("root")
@pytest.mark.parametrize("way", [by_service, by_commands])
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_a_restore_under_live_clients(keep, boot, supervise, way, aof):
    one = supervise(appendonly=aof, save="" if aof == "yes" else "3600 1")
    fill(one_client(one.server))
    one.server.client().save()
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    writers = [Writer(one.server, f"w{n}", pairs=n == 0) for n in range(3)]
    for writer in writers:
        writer.start()
    wait_for(lambda: min(w.acknowledged for w in writers) > 20, "writes")
    done = restore(keep, one, "--json", way=way).json
    for writer in writers:
        writer.join()
    serves(one, before)
    assert 0 < done["down_seconds"] < 20
    assert done["keys"] == sum(before[1].values())
    assert done["journal"] == "placed"
    assert one.starts == 2
    if way == by_service:
        assert one.said()[1:] == [
            "stop redis-server.service", "mask --runtime redis-server.service",
            "unmask --runtime redis-server.service",
            "reset-failed redis-server.service",
            "start --no-block redis-server.service"]
    old = boot(done["kept"], appendonly=aof).client()
    for writer in writers:
        writer.check(old, writer.acknowledged)


@pytest.mark.need("root")
@pytest.mark.parametrize("way", [by_service, by_commands])
def test_what_does_not_load_goes_back(keep, serve, supervise, way):
    source = serve("source", appendonly="yes")
    source.client().rpush("queue", 1, 2, 3)
    keep.snapshot(source)
    one = supervise(appendonly="yes", rename_command=("RPUSH", "rpush-no"))
    one.server.client().set("old", "data")
    result = restore(keep, one, way=way, exit=3)
    result.says("Unknown command 'RPUSH'", "old set is back", "1 keys")
    wait_for(one.answers, "the server")
    assert one.server.client().get("old") == b"data"
    aside = list(one.server.data.glob("redkeep-before-*"))
    assert len(aside) == 1 and str(aside[0]) in result.err, aside
    if way == by_service:
        assert one.said()[-1].startswith("start")


@pytest.mark.need("root")
def test_a_dump_of_more_databases_goes_back(keep, serve, supervise):
    source = serve("source", appendonly="no")
    fill(one_client(source), jobs=3)
    keep.snapshot(source, "--bgsave")
    one = supervise(appendonly="no", databases="1")
    one.server.client().set("old", "data")
    one.server.client().save()
    restore(keep, one, exit=None).says("databases|old set is back")
    wait_for(one.answers, "the server")
    assert one.server.client().get("old") == b"data"


PRIVATE_RUN = ["unshare", "-m", "sh", "-c",
               'mount -t tmpfs tmpfs /run && exec "$@"', "sh"]


@pytest.mark.need("root", "mount", "unshare")
def test_a_unit_that_cannot_be_masked(keep, supervise):
    """Its file lies in /etc/systemd/system, which wins over the mask."""
    one = supervise(appendonly="yes")
    (one.home / "etc").touch()
    fill(one_client(one.server))
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    one.server.client().flushall()
    restore(keep, one, user=PRIVATE_RUN)
    serves(one, before)
    said = [line.split()[0] for line in one.said()[1:]]
    assert said == ["stop", "mask", "unmask", "daemon-reload", "unmask",
                    "daemon-reload", "reset-failed", "start"]
    assert not (one.home / "dropins").read_text().strip()


@pytest.mark.need("root", "mount", "unshare")
def test_somebody_starts_the_unit_all_the_time(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server))
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    one.server.client().set("later", 1)
    end = starter(one)
    try:
        restore(keep, one, user=PRIVATE_RUN)
    finally:
        end()
    serves(one, before)


@pytest.mark.need("root")
def test_what_is_refused_before_anything_is_changed(place, keep, supervise,
                                                    serve):
    one = supervise(appendonly="yes")
    two = supervise("second", "redis-two", appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    (one.home.parent / "masked.service").mkdir()
    (one.home.parent / "masked.service" / "run").touch()

    def refused(*args, exit=4, to=one.server.data, redis=one.server.url,
                **options):
        return keep("restore", "--to", to, "--redis", redis, *args,
                    exit=exit, env=one.env, **options)

    refused("--service", "nosuch").says("no unit", "list-units")
    refused("--service", "redis@").says("template", "redis@NAME")
    refused("--service", "masked").says("masked", "systemctl unmask")
    refused("--service", "redis-two").says("redis-two", "systemctl status")
    refused("--service", "redis-server", redis=two.server.url).says(
        "--redis URL")
    refused("--service", "redis-server",
            redis=f"unix://{place}/nobody").says("--redis URL")
    refused("--service", "redis-server", to=place / "new").says("not there")
    refused("--service", "*", exit=2).says("not the name of a unit")
    refused("--stop-command", "true", exit=2).says("--start-command")
    refused("--service", "redis-server", "--stop-command", "true",
            "--start-command", "true", exit=2)
    refused("--stop-command", "true", "--start-command", "true",
            redis=two.server.url).says("--redis URL")
    third = serve("third", data=one.server.data, appendonly="no")
    refused("--service", "redis-server").says(
        f"process {third.process.pid} .* as well")
    third.kill()
    os.chmod(keep.repo, 0o755)
    result = refused("--service", "redis-server", user=unprivileged(),
                     exit=None)
    assert result.code in (3, 4)
    assert {line.split()[0] for line in one.said()} == {"start"}
    assert state(one_client(one.server)) == before
    assert one.starts == two.starts == 1
    assert not (one.server.data / ".redkeep").exists()
    refused("--service", "redis-server", "--dry-run", exit=0).says(
        "redis-server.service is stopped and masked")
    assert one.starts == 1


@pytest.mark.need("root")
def test_a_stop_command_that_does_not_stop(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    then = state(one_client(one.server))
    one.server.client().set("later", 1)
    now = state(one_client(one.server))
    start = by_commands(one)[2:]

    def stopped_by(command, **options):
        return restore(keep, one, way=lambda _: ["--stop-command", command] +
                       start, **options)

    stopped_by("echo cannot >&2; exit 7", exit=3).says(
        "stop command failed", "status 7", "cannot", "the server runs")
    serves(one, now)
    # Its supervisor starts it again: on one set or the other, and it is told.
    result = stopped_by(f"kill $(cat {one.pid})", exit=None)
    assert result.code in (0, 3, 4), result
    serves(one, then if result.code == 0 else now)


@pytest.mark.need("root")
def test_a_start_command_that_fails(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    stop = by_commands(one)[:2]
    restore(keep, one, way=lambda _: stop + [
        "--start-command", "echo no such unit >&2; exit 5"], exit=3).says(
        "no such unit", "old set is back in its place")
    one.wanted.touch()
    serves(one, before)


@pytest.mark.need("root")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_stops(keep, supervise, number):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    process = keep.begin(
        "restore", "--to", one.server.data, "--redis", one.server.url,
        "--stop-command", f"{by_commands(one)[1]}; touch {one.home}/down; "
        "sleep 60", *by_commands(one)[2:])
    wait_for((one.home / "down").exists, "the stop")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode not in (0, 1)
    assert "stopped by SIG" in err and "the server was started again" in err
    serves(one, before)


@pytest.mark.need("root")
@pytest.mark.parametrize("word", ["mask", "unmask"])
@pytest.mark.parametrize("then", ["--undo", "--resume"])
def test_one_that_was_killed_while_the_server_was_down(keep, supervise, then,
                                                       word):
    one = supervise(appendonly="yes")
    fill(one_client(one.server))
    keep.snapshot(one.server)
    kept = state(one_client(one.server))
    one.server.client().set("later", 1)
    later = state(one_client(one.server))
    one.hold(word)
    process = keep.begin(
        "restore", "--to", one.server.data, "--redis", one.server.url,
        "--service", one.unit, env=one.env)
    wait_for(lambda: any(line.startswith(word) for line in one.said()[1:]),
             word)
    wait_for(lambda: (one.home / "run").exists() == (word == "mask"), word)
    process.kill()
    process.communicate()
    one.hold("")
    assert not one.pid.exists()
    keep("restore", then, "--to", one.server.data, "--redis", one.server.url,
         env=one.env)
    assert not (one.home / "run").exists()
    serves(one, later if then == "--undo" else kept)


@pytest.mark.need("root")
def test_undo_by_the_same_way(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server))
    keep.snapshot(one.server)
    one.server.client().set("later", 1)
    later = state(one_client(one.server))
    restore(keep, one)
    assert one.server.client().get("later") is None
    undo = ["restore", "--undo", "--to", one.server.data, "--redis",
            one.server.url]
    keep(*undo, env=one.env, exit=4).says("stop it first")
    keep(*undo, "--service", one.unit, env=one.env).says("was away for")
    serves(one, later)


@pytest.mark.need("root", "redis-6.0", "valkey-9.1")
@pytest.mark.parametrize("name", ["redis-6.0", "redis-7.0", "valkey-9.1"])
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_keys_that_have_expired_are_not_missed(keep, supervise, name, aof):
    one = supervise(appendonly=aof, name=name)
    client = one.server.client()
    for n in range(500):
        client.set(f"brief:{n}", n, px=1500)
        client.set(f"long:{n}", n)
    keep.snapshot(one.server, *(["--bgsave"] if aof == "no" else []))
    wait_for(lambda: client.dbsize() == 500, "the end of the brief ones")
    client.flushall()
    restore(keep, one, "--yes", way=by_commands)
    wait_for(lambda: one.answers() and client.dbsize() == 500, "the others")


@pytest.mark.need("root", "unshare")
def test_a_server_in_a_namespace_of_its_own(keep, supervise):
    one = supervise(appendonly="yes", wrap=APART)
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    assert one.server.client().info("server")["process_id"] < 100
    one.server.client().flushall()
    one.server.drain()
    restore(keep, one, "--yes", way=by_commands)
    serves(one, before)


@pytest.mark.need("root")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_loads(keep, supervise, number):
    one = supervise(appendonly="yes")
    fill(one_client(one.server))
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    one.server.client().set("later", 1)
    one.server.settings["key-load-delay"] = "2000"  # microseconds
    process = keep.begin("restore", "--to", one.server.data, "--redis",
                         one.server.url, *one.by_commands())
    wait_for(lambda: one.starts == 2, "the start")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode not in (0, 1)
    assert "--undo" in err and "--stop-command" in err, err
    serves(one, before)
    one.server.settings["key-load-delay"] = "0"
    keep("restore", "--undo", "--to", one.server.data, "--redis",
         one.server.url, *one.by_commands())
    assert one.server.client().get("later") == b"1"


@pytest.mark.need("root")
def test_check_tells_that_the_server_was_not_started(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    one.hold("unmask")
    process = keep.begin(
        "restore", "--to", one.server.data, "--redis", one.server.url,
        "--service", one.unit, env=one.env)
    wait_for(lambda: "unmask" in one.calls.read_text(), "unmask")
    process.kill()
    process.communicate()
    one.hold("")
    keep("check", one.server.data, exit=None).says(
        "before it had the server started again", "--resume")
    keep("restore", "--resume", "--to", one.server.data, "--redis",
         one.server.url, env=one.env)
    out = keep("check", one.server.data, exit=None)
    assert "started again" not in out.out + out.err
