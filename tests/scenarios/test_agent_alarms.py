"""Every alarm that can be provoked on a real server: raised once and cleared
once, and seen alike in status, metrics and the hook."""

import subprocess

import pytest
import redis

from program import program
from servers import wait_for


class Case:
    """An agent with one threshold, and the server that it keeps."""

    def __init__(self, serve, agent, place, settings, **server):
        self.place = place
        self.hooks = place / "hooks"
        self.hooks.write_text("")
        self.server = serve(**server)
        self.agent = agent(
            self.server, **settings, hooks_on_alarm="echo "
            f"\"$REDKEEP_EVENT $REDKEEP_ALARM\" >> '{self.hooks}'")
        self.agent.wait_state("connected")
        # What is counted is counted from the first look on.
        wait_for(lambda: self.agent.status()["repository"]["writable"],
                 "the repository")
        for keys in (1, 0):
            self.client.set("looked", 1) if keys else self.client.flushall()
            wait_for(lambda: self.agent.status()["server"]["keys"] == keys,
                     "a look")

    @property
    def client(self):
        return self.server.client()

    def told(self):
        return self.hooks.read_text().splitlines()

    def metric(self, name):
        return self.agent.metrics()[f'redkeep_alarm_raised{{alarm="{name}"}}']

    def raised(self, name, words=""):
        wait_for(lambda: name in self.agent.alarms(), f"alarm {name}", 10)
        alarm = self.agent.alarms()[name]
        assert words in alarm["text"], alarm
        assert alarm["since"]
        assert self.metric(name) == 1
        wait_for(lambda: f"alarm_raised {name}" in self.told(), "the hook")
        return alarm

    def cleared(self, name):
        wait_for(lambda: name not in self.agent.alarms(),
                 f"the end of alarm {name}: {self.agent.alarms()}", 10)
        assert self.metric(name) == 0
        wait_for(lambda: f"alarm_cleared {name}" in self.told(), "the hook")
        assert [line for line in self.told() if line.split()[1] == name] == \
            [f"alarm_raised {name}", f"alarm_cleared {name}"]
        assert self.agent.says(f"Alarm raised: .* alarm={name}$")
        assert self.agent.says(f"Alarm cleared after .* alarm={name}$")

    def drop_connection(self):
        """The agent connects anew, and asks for the settings again."""
        def count():
            return self.agent.dependency()["details"]["reconnects"]
        before = count()
        self.client.client_kill_filter(_type="normal", skipme=True)
        wait_for(lambda: count() > before, "another connection")


@pytest.fixture
def case(serve, agent, place):
    def begin(settings=None, **server):
        return Case(serve, agent, place, settings or {}, **server)
    return begin


def fill(client, mebibytes, name="big"):
    for i in range(mebibytes * 16):
        client.set(f"{name}{i}", "x" * 65536)


def test_server_away_and_restarted(case):
    c = case({"alarms_server_away": "500ms"})
    c.server.kill()
    alarm = c.raised("server_away", "the server has been away for ")
    assert alarm["threshold"] == 0.5 and alarm["value"] >= 0.5
    c.server.start()
    c.cleared("server_away")
    c.raised("server_restarted", "the server was restarted")


def test_hit_rate(case):
    c = case({"alarms_hit_rate": "50", "alarms_hit_rate_for": "2s"})
    c.client.set("key", 1)
    for _ in range(60):
        c.client.get("none")
        c.client.get("key") if _ % 3 == 0 else None
    alarm = c.raised("hit_rate", "25.0% of 80 lookups found their key")
    assert (alarm["value"], alarm["threshold"]) == (25, 50)
    c.cleared("hit_rate")


def test_errors_and_reconnects(case):
    c = case({"alarms_errors": "9", "alarms_errors_within": "3s",
              "alarms_reconnects": "3", "alarms_reconnects_within": "3s"})
    for _ in range(3):
        c.drop_connection()
    c.raised("reconnects", "reconnects to the server within 3.0 s")
    c.cleared("reconnects")
    c.server.kill()
    c.raised("errors", "errors on the connection to the server within 3.0 s")
    c.server.start()
    c.agent.wait_state("connected")
    c.cleared("errors")


def test_memory_and_evictions(case):
    c = case({"alarms_memory": "60"}, maxmemory="16mb",
             maxmemory_policy="noeviction")
    fill(c.client, 10)
    c.raised("memory", "of its maxmemory of 16 MiB (")
    c.client.flushall()
    c.cleared("memory")
    with pytest.raises(redis.exceptions.ResponseError, match="OOM"):
        fill(c.client, 17)
    alarm = c.raised("evictions", "(policy noeviction)")
    assert alarm["value"] >= 1


def test_evicted_keys(case):
    c = case(maxmemory="8mb", maxmemory_policy="allkeys-lru")
    fill(c.client, 10)
    c.raised("evictions", "(policy allkeys-lru)")


def test_fragmentation(case):
    c = case({"alarms_fragmentation": "1.01"})
    c.raised("fragmentation", "times the memory that it uses")
    # By preset a small server says nothing.
    c.agent.reload(alarms_fragmentation=None)
    c.cleared("fragmentation")


def test_aof_grown(case):
    c = case({"alarms_aof_grown": "3"}, appendonly="yes")
    fill(c.client, 1)
    c.server.rewrite()
    fill(c.client, 3)
    alarm = c.raised("aof_grown", "times the ")
    assert 3 <= alarm["value"] and alarm["threshold"] == 3
    c.server.rewrite()
    c.cleared("aof_grown")


def test_save_failed_and_snapshot_failed(case):
    c = case({"schedule_snapshot": "every 1s", "snapshot_max_age": "1s"})
    c.client.set("key", 1)
    c.server.data.joinpath("dump.rdb").unlink(missing_ok=True)
    c.server.data.joinpath("dump.rdb").mkdir()
    c.raised("save_failed", "the server's last save failed")
    c.raised("snapshot_failed", "the last snapshot failed: ")
    c.server.data.joinpath("dump.rdb").rmdir()
    c.cleared("snapshot_failed")
    c.cleared("save_failed")


def test_a_dump_that_is_not_whole(case):
    c = case()
    c.client.set("key", "x" * 100)
    c.client.save()
    dump, aside = (c.server.data / n for n in ("dump.rdb", "aside"))
    whole = dump.read_bytes()
    aside.write_bytes(whole[:60])
    aside.rename(dump)
    c.raised("save_failed", "the last dump is not whole: ")
    aside.write_bytes(whole)
    aside.rename(dump)
    c.cleared("save_failed")


def test_rewrite_failed(case):
    c = case(appendonly="yes")
    trap = c.server.data / "appendonlydir" / "appendonly.aof.2.base.rdb"
    trap.mkdir()
    c.client.bgrewriteaof()
    c.raised("rewrite_failed", "the server's last rewrite of its AOF failed")
    trap.rmdir()
    c.server.rest()
    c.server.rewrite()
    c.cleared("rewrite_failed")


def test_aof_write_error_and_disk_low(case, mounts, place):
    data = place / "small"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=8m", "tmpfs", data)
    c = case(data=data, appendonly="yes", appendfsync="always")
    ballast = data / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as f:
        while True:
            f.write(bytes(65536))
    c.raised("disk_low", "is free on the disk of the data directory")
    # With everysec the server survives a write that fails.
    c.client.config_set("appendfsync", "everysec")
    with pytest.raises(redis.exceptions.ResponseError):
        fill(c.client, 1)
        c.client.ping()
    c.raised("aof_write_error", "the server cannot write its AOF")
    ballast.unlink()
    c.cleared("aof_write_error")
    c.cleared("disk_low")


def test_disk_low_of_the_repository(case, mounts, place):
    repo = place / "repo"
    repo.mkdir()
    mounts("-t", "tmpfs", "-o", "size=16m", "tmpfs", repo)
    c = case({"repo": str(repo), "alarms_disk_free": "20"})
    (repo / "ballast").write_bytes(bytes(15 << 20))
    alarm = c.raised("disk_low", "is free on the disk of the repository")
    assert alarm["value"] < 20 and alarm["threshold"] == 20
    (repo / "ballast").unlink()
    c.cleared("disk_low")


def test_dump_stale(case):
    c = case({"alarms_dump_stale": "1s"})
    c.client.set("key", 1)
    alarm = c.raised("dump_stale", " changes since the last save, ")
    assert alarm["value"] >= 1 and alarm["threshold"] == 1
    c.client.save()
    c.cleared("dump_stale")


def test_snapshot_overdue(case):
    c = case({"alarms_snapshot_overdue": "2s"})
    c.client.set("key", 1)
    c.raised("snapshot_overdue", "no good snapshot for ")
    # One made by hand counts; and the next one is due.
    subprocess.run([program(), "--config", c.agent.file, "snapshot"],
                   check=True, stdout=subprocess.DEVNULL)
    c.cleared("snapshot_overdue")


def test_dataset_collapsed(case):
    c = case()
    c.client.mset({f"key{i}": i for i in range(2000)})
    wait_for(lambda: c.agent.status()["server"]["keys"] == 2000, "the keys")
    c.client.flushall()
    alarm = c.raised("dataset_collapsed", "the server has 0 keys, it had 2000")
    assert (alarm["value"], alarm["threshold"]) == (100, 50)
    c.client.mset({f"key{i}": i for i in range(1500)})
    c.cleared("dataset_collapsed")


def test_a_dump_that_collapsed(case):
    c = case()
    c.client.config_set("rdbcompression", "no")
    fill(c.client, 1)
    c.client.save()
    wait_for(lambda: (c.agent.status()["watch"]["rdb"]["size"] or 0) > 1 << 20,
             "the dump")
    c.client.flushall()
    c.client.save()
    c.raised("dataset_collapsed", "dump.rdb is much smaller than the one")
    fill(c.client, 1)
    c.client.save()
    c.cleared("dataset_collapsed")


def test_server_config_changed(case):
    c = case(enable_protected_configs="yes")
    c.client.config_set("dbfilename", "other.rdb")
    c.drop_connection()
    c.raised("server_config_changed",
             "dbfilename was changed from dump.rdb to other.rdb")
    wait_for(lambda: c.agent.status()["watch"]["rdb"]["path"].endswith(
        "/other.rdb"), "the watch to follow")
    c.client.config_set("dbfilename", "dump.rdb")
    c.drop_connection()
    c.cleared("server_config_changed")


def test_stays_raised_over_a_restart_of_the_agent(case):
    c = case({"alarms_memory": "60"}, maxmemory="16mb")
    fill(c.client, 10)
    since = c.raised("memory")["since"]
    for end in (c.agent.stop, c.agent.kill):
        end()
        c.agent.start()
        assert c.raised("memory")["since"] == since
    c.client.flushall()
    c.cleared("memory")


def test_there_is_a_series_for_each_alarm(case):
    c = case()
    series = {k: v for k, v in c.agent.metrics().items()
              if k.startswith("redkeep_alarm_raised{")}
    assert len(series) == 25
    assert set(series.values()) == {0}
    assert c.agent.status()["alarms"] == []
