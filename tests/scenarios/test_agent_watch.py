"""The agent's watch over the data directory and the AOF directory of real
servers: what it sees, how soon, and what it still sees after folders went."""

import os
import shutil
import signal
import subprocess
from datetime import datetime

import pytest

from servers import NAMES, wait_for


def seconds(text):
    """1970 to an RFC 3339 time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def watch(agent):
    return agent.status()["watch"]


def aof_size(agent):
    return watch(agent)["aof"]["size"]


def files_size(folder):
    return sum(f.stat().st_size for f in folder.iterdir()
               if not f.name.endswith(".manifest"))


def wait_watched(agent, server):
    """What is written now is seen."""
    aof = server.data / "appendonlydir"
    server.client().set("watched", "x" * 100)
    server.drain()
    wait_for(lambda: aof_size(agent) == files_size(aof),
             "the growth of the AOF", 10)


def wait_alarm(agent, name, words=""):
    def raised():
        alarm = agent.alarms().get(name)
        return alarm and words in alarm["text"]
    wait_for(raised, f"alarm {name} ({words})", 10)


def wait_no_alarm(agent, name):
    wait_for(lambda: name not in agent.alarms(), f"alarm {name} to clear", 10)


@pytest.mark.parametrize("name", NAMES)
def test_sees_a_new_dump_within_200_ms(serve, agent, name):
    server = serve(name=name)
    one = agent(server).wait_state("connected")
    wait_for(lambda: watch(one)["rdb"]["path"], "the path of the dump")
    dump, late = server.data / "dump.rdb", []
    for i in range(8):
        server.client().set(f"key{i}", i)
        server.client().save()
        new = dump.stat()
        wait_for(lambda: watch(one)["rdb"]["size"] == new.st_size,
                 "the new dump")
        late.append(seconds(watch(one)["rdb"]["seen"]) - new.st_ctime)
    # A machine that does something else may keep the agent waiting.
    assert sorted(late)[-3] < 0.2, late
    assert one.metrics()['redkeep_watch_events_total{file="rdb"}'] >= 8


@pytest.mark.parametrize("name", NAMES)
def test_sees_the_aof_grow_and_rewritten(serve, agent, name):
    server = serve(name=name, appendonly="yes")
    one = agent(server).wait_state("connected")
    wait_for(lambda: aof_size(one) is not None, "the AOF")
    if name == "redis-6.0":
        path = server.data / "appendonly.aof"
        assert watch(one)["aof"]["manifest"] == str(path)
        for i in range(3):
            server.client().set("key", "x" * 1000)
            server.drain()
            wait_for(lambda: aof_size(one) == path.stat().st_size,
                     "the growth of the AOF", 2)
            server.rewrite()
        return
    folder = server.data / "appendonlydir"
    for i in range(3):
        wait_watched(one, server)
        server.rewrite()
        wait_for(lambda: aof_size(one) == files_size(folder),
                 "the AOF after its rewrite", 2)
    assert watch(one)["aof"]["manifest"] == \
        str(folder / "appendonly.aof.manifest")
    assert one.metrics()['redkeep_watch_events_total{file="manifest"}'] >= 6
    assert not one.alarms()
    assert not one.says("Watch: ")


def test_follows_an_aof_that_is_switched_on(serve, agent):
    server = serve()
    one = agent(server).wait_state("connected")
    wait_for(lambda: watch(one)["rdb"]["path"], "the watch")
    assert watch(one)["aof"]["manifest"] is None
    server.client().config_set("appendonly", "yes")
    server.rest()
    wait_watched(one, server)
    assert watch(one)["aof"]["manifest"]
    assert not one.alarms()


def test_misses_no_aof_that_was_switched_off(serve, agent):
    server = serve(appendonly="yes")
    one = agent(server).wait_state("connected")
    wait_watched(one, server)
    server.client().config_set("appendonly", "no")
    wait_for(lambda: one.status()["server"]["appendonly"] is False, "INFO")
    shutil.rmtree(server.data / "appendonlydir")
    wait_for(lambda: watch(one)["aof"]["manifest"] is None, "its end")
    assert not one.alarms()
    assert not one.says("is gone")


def test_misses_an_aof_directory_that_is_deleted(serve, agent):
    server = serve(appendonly="yes")
    folder = server.data / "appendonlydir"
    one = agent(server).wait_state("connected")
    wait_watched(one, server)
    for i in range(2):
        shutil.rmtree(folder)
        wait_alarm(one, "dataset_collapsed",
                   f"the AOF directory {folder} is gone")
        # The server has noticed nothing, and has it made anew.
        server.client().set("after", i)
        server.rewrite()
        wait_no_alarm(one, "dataset_collapsed")
        wait_watched(one, server)
    assert len(one.log_text().split("Alarm raised: the AOF")) == 3


def test_misses_an_aof_directory_that_is_moved_or_emptied(serve, agent):
    server = serve(appendonly="yes")
    folder, away = server.data / "appendonlydir", server.data / "away"
    one = agent(server).wait_state("connected")
    wait_watched(one, server)
    folder.rename(away)
    wait_alarm(one, "dataset_collapsed", "appendonlydir is gone")
    away.rename(folder)
    wait_no_alarm(one, "dataset_collapsed")
    wait_watched(one, server)
    folder.rename(away)
    folder.mkdir()
    wait_alarm(one, "dataset_collapsed", "appendonly.aof.manifest is gone")
    server.rewrite()
    wait_no_alarm(one, "dataset_collapsed")
    wait_watched(one, server)
    (folder / "appendonly.aof.2.incr.aof").rename(away / "incr")
    wait_alarm(one, "dataset_collapsed",
               "names appendonly.aof.2.incr.aof, which is gone")


def test_watches_again_what_comes_back_with_its_mount(serve, agent, mounts,
                                                      place):
    data = place / "mounted"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=64m", "tmpfs", data)
    server = serve(data=data, appendonly="yes")
    one = agent(server).wait_state("connected")
    wait_watched(one, server)
    server.kill()
    subprocess.run(["umount", data], check=True)
    wait_alarm(one, "dataset_collapsed", "appendonlydir is gone")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", data], check=True)
    server.start()
    wait_no_alarm(one, "dataset_collapsed")
    wait_watched(one, server)
    assert one.alarms().keys() == {"server_restarted"}


def test_waits_for_a_data_directory_that_is_not_there(serve, agent, place):
    server = serve(appendonly="yes")
    link = place / "later" / "data"
    one = agent(server, data_dir=str(link)).wait_state("connected")
    wait_alarm(one, "directory_unproven",
               f"the data directory {link} cannot be seen: No such file")
    link.parent.mkdir()
    link.symlink_to(server.data)
    wait_no_alarm(one, "directory_unproven")
    wait_watched(one, server)


def test_tells_what_a_server_that_was_killed_left(serve, agent):
    server = serve(rdb_key_save_delay="100000")
    one = agent(server).wait_state("connected")
    server.client().mset({f"key{i}": i for i in range(200)})
    server.client().bgsave()
    temp = wait_for(lambda: list(server.data.glob("temp-*.rdb")),
                    "the file of the child")[0]
    child = int(temp.name.split("-")[1].split(".")[0])
    os.kill(child, signal.SIGSTOP)
    server.kill()
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{child}") or "Z" in
             open(f"/proc/{child}/stat").read().split()[2], "its end")
    assert not one.says("a server's child died")
    os.utime(temp, (1700000000, 1700000000))
    one.wait_log(f"a server's child died and left {temp.name}", 10)


def test_is_woken_a_few_times_a_second_by_a_busy_server(serve, agent):
    """CPU of the agent while the AOF grows at every turn of the server."""
    server = serve(appendonly="yes")
    one = agent(server, connection_ping_interval="1s",
                connection_info_interval="5s").wait_state("connected")
    wait_watched(one, server)

    def ticks():
        fields = open(f"/proc/{one.pid}/stat").read().rsplit(")")[1].split()
        return int(fields[11]) + int(fields[12])

    def wakings():
        status = open(f"/proc/{one.pid}/status").read()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    cpu, woken, size = ticks(), wakings(), aof_size(one)
    client = server.client()
    for _ in range(15000):
        client.set("key", "x" * 10)
    assert aof_size(one) > size
    assert ticks() - cpu <= 10
    assert wakings() - woken < 100
