"""Each metric changes when what it measures changes."""

import os
import re
import subprocess
import time

import pytest

from servers import wait_for

# What appears only when it is known: with a drill, and the archive,
# which comes later.
LATER = {
    "redkeep_restore_window_start_timestamp_seconds",
    "redkeep_log_lag_bytes", "redkeep_log_lag_seconds",
    "redkeep_drill_last_ok", "redkeep_drill_load_seconds"}
# And with counters: test_agent_counters.py.
ALL = set("""
redkeep_build_info redkeep_start_time_seconds redkeep_config_last_reload_ok
process_resident_memory_bytes process_open_fds process_cpu_seconds_total
redkeep_redis_up redkeep_redis_connection_state
redkeep_redis_connection_attempts_total redkeep_redis_reconnects_total
redkeep_redis_errors_total redkeep_redis_response_seconds
redkeep_redis_connected_timestamp_seconds redkeep_redis_memory_used_bytes
redkeep_redis_memory_limit_bytes redkeep_redis_memory_fragmentation_ratio
redkeep_redis_keyspace_hits_total redkeep_redis_keyspace_misses_total
redkeep_redis_evicted_keys_total redkeep_redis_keys
redkeep_redis_connected_clients redkeep_redis_restarts_total
redkeep_redis_last_save_timestamp_seconds redkeep_redis_last_save_ok
redkeep_redis_changes_since_save redkeep_redis_aof_enabled
redkeep_redis_aof_last_write_ok redkeep_redis_aof_last_rewrite_ok
redkeep_redis_aof_size_bytes redkeep_redis_aof_delayed_fsync_total
redkeep_snapshots redkeep_snapshot_last_good_timestamp_seconds
redkeep_snapshot_last_source_bytes redkeep_snapshot_last_stored_bytes
redkeep_protected_until_timestamp_seconds redkeep_log_gaps
redkeep_repository_ok redkeep_repository_used_bytes
redkeep_repository_free_bytes redkeep_job_runs_total redkeep_job_running
redkeep_job_last_success_timestamp_seconds redkeep_job_last_duration_seconds
redkeep_job_next_run_timestamp_seconds redkeep_watch_events_total
redkeep_alarm_raised redkeep_dependency_up redkeep_retention_frozen
redkeep_queue_jobs
redkeep_http_requests_total redkeep_http_connections""".split())


class Metrics:
    """Those of an agent, by their names without "redkeep_"."""

    def __init__(self, agent):
        self.agent = agent

    def __getitem__(self, name):
        found = self.agent.metrics()
        return found.get("redkeep_" + name, found.get(name))

    def wait(self, name, good, seconds=20):
        """Waits until it is a value, or one that is as wanted."""
        if not callable(good):
            wanted, good = good, lambda value: value == wanted
        wait_for(lambda: good(self[name]), f"{name}: {self[name]}", seconds)
        return self[name]


@pytest.fixture
def watched(serve, agent):
    def start(blocks=None, keep=None, **settings):
        server = serve(**settings)
        one = agent(server, blocks=blocks, **(keep or {}))
        one.wait_state("connected")
        return server, one, Metrics(one)
    return start


def test_every_family_is_there_and_promtool_agrees(watched):
    server, one, is_ = watched(
        appendonly="yes", keep={"schedule_snapshot": "every 1h",
                                "queues_watch": "sidekiq"},
        blocks={"dependency db": {"command": "true", "every": "1s"}})
    is_.wait("job_last_success_timestamp_seconds{job=\"snapshot\"}", bool)
    is_.wait("dependency_up{dependency=\"db\"}", 1)
    is_.wait('queue_jobs{system="sidekiq",queue="*",state="dead"}', 0)
    is_.wait("snapshot_last_stored_bytes", bool)
    text = one.get("/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text,
                             text=True, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = set(re.findall(r"^# HELP (\S+) ", text, re.M))
    assert set(types) == helps == ALL
    assert not LATER & set(types)
    for name, kind in types.items():
        assert kind == ("counter" if name.endswith("_total") else "gauge")
    assert len(re.findall(r"^redkeep_alarm_raised\{", text, re.M)) == 25


def test_the_process(watched):
    server, one, is_ = watched()
    assert abs(is_["start_time_seconds"] - time.time()) < 20
    assert is_["build_info{version=\"%s\"}" % one.status()["version"]] == 1
    is_.wait("process_resident_memory_bytes",
             lambda value: abs(value / 1024 - one.rss_kib()) < 500)
    before = is_["process_cpu_seconds_total"]
    is_.wait("process_cpu_seconds_total", lambda value: value > before)
    # Jobs and connections come and go between the two looks.
    is_.wait("process_open_fds",
             lambda value: abs(value - one.descriptors()) <= 1)
    # A bad file is told, a good one too.
    assert is_["config_last_reload_ok"] == 1
    one.reload(http_max_connections="none")
    is_.wait("config_last_reload_ok", 0)
    one.reload(http_max_connections="9")
    is_.wait("config_last_reload_ok", 1)


def test_http(watched):
    server, one, is_ = watched()
    count = 'http_requests_total{code="%d"}'
    before = is_[count % 200]
    assert is_[count % 404] is None
    one.get("/nowhere")
    one.ask("/metrics", "PUT")
    assert is_[count % 404] == 1
    assert is_[count % 405] == 1
    assert is_[count % 200] > before
    wait_for(lambda: is_["http_connections"] == 1, "one connection")


def test_the_connection(watched):
    server, one, is_ = watched()
    state = 'redis_connection_state{state="%s"}'
    assert is_["redis_up"] == 1
    assert is_[state % "connected"] == 1
    assert 0 < is_["redis_response_seconds"] < 0.5
    since = is_["redis_connected_timestamp_seconds"]
    assert abs(since - time.time()) < 20
    assert is_["redis_reconnects_total"] == 0
    server.client().client_kill_filter(skipme=True)
    is_.wait("redis_reconnects_total", 1)
    is_.wait("redis_connected_timestamp_seconds", lambda t: t and t > since)
    assert is_["redis_restarts_total"] == 0

    server.kill()
    is_.wait("redis_up", 0)
    is_.wait('redis_errors_total{kind="connect"}', lambda n: n > 2)
    assert is_[state % "connected"] == 0
    assert sum(v for k, v in one.metrics().items()
               if k.startswith("redkeep_redis_connection_state")) == 1
    attempts = is_["redis_connection_attempts_total"]
    is_.wait("redis_connection_attempts_total", lambda n: n > attempts)
    for name in ("redis_response_seconds", "redis_keys",
                 "redis_connected_timestamp_seconds"):
        assert is_[name] is None
    server.start()
    is_.wait("redis_up", 1)
    is_.wait("redis_restarts_total", 1)
    assert is_["redis_reconnects_total"] == 2


def test_errors_by_their_kind(watched):
    server, one, is_ = watched()
    kind = 'redis_errors_total{kind="%s"}'
    server.client().config_set("requirepass", "secret")
    server.client(password="secret").client_kill_filter(skipme=True)
    is_.wait(kind % "auth", lambda n: n > 0)
    server.client(password="secret").config_set("requirepass", "")
    is_.wait("redis_up", 1)
    server.client().execute_command("CLIENT", "PAUSE", "1500", "ALL")
    is_.wait(kind % "timeout", lambda n: n > 0)
    is_.wait("redis_up", 1)


def test_what_the_server_tells(watched):
    server, one, is_ = watched(appendonly="yes")
    client = server.client()
    for i in range(10):
        client.set(f"key{i}", "x" * 1000)
    is_.wait("redis_keys", 10)
    is_.wait("redis_changes_since_save", 10)
    client.get("key1")
    client.get("no such key")
    client.get("no such key")
    is_.wait("redis_keyspace_hits_total", 1)
    is_.wait("redis_keyspace_misses_total", 2)
    others = [server.client(single_connection_client=True) for _ in range(5)]
    for other in others:
        other.ping()
    is_.wait("redis_connected_clients",
             client.info("clients")["connected_clients"])
    used = is_["redis_memory_used_bytes"]
    client.set("large", "x" * 4_000_000)
    is_.wait("redis_memory_used_bytes", lambda n: n > used + 3_000_000)
    wait_for(lambda: abs(is_["redis_memory_fragmentation_ratio"] -
                         client.info("memory")["mem_fragmentation_ratio"])
             < 0.5, "the ratio")
    size = is_["redis_aof_size_bytes"]
    assert size > 4_000_000
    client.set("large", "y" * 1_000_000)
    is_.wait("redis_aof_size_bytes", lambda n: n > size + 900_000)
    saved = is_["redis_last_save_timestamp_seconds"]
    wait_for(lambda: time.time() > saved + 1, "another second")
    client.save()
    is_.wait("redis_last_save_timestamp_seconds", lambda t: t > saved)
    is_.wait("redis_changes_since_save", 0)
    assert is_["redis_aof_enabled"] == 1
    assert is_["redis_aof_delayed_fsync_total"] == \
        client.info("persistence")["aof_delayed_fsync"]
    client.config_set("appendonly", "no")
    is_.wait("redis_aof_enabled", 0)
    assert is_["redis_aof_size_bytes"] is None
    # Last, for now nothing can be written.
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", "1mb")
    is_.wait("redis_memory_limit_bytes", 1 << 20)
    is_.wait("redis_evicted_keys_total",
             lambda n: n > 0 and n == client.info("stats")["evicted_keys"])


@pytest.mark.need("root", "mount")
def test_what_the_server_cannot_write(watched, place, mounts):
    data = place / "small"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=3m", "tmpfs", data)
    server, one, is_ = watched(data=str(data), appendonly="yes")
    client = server.client()
    client.set("a", os.urandom(500_000))
    names = ["redis_aof_last_write_ok", "redis_last_save_ok",
             "redis_aof_last_rewrite_ok"]
    for name in names:
        is_.wait(name, 1)
    filler = data / "filler"
    filler.write_bytes(os.urandom(2_400_000))
    client.bgsave()
    is_.wait("redis_last_save_ok", 0)
    client.bgrewriteaof()
    is_.wait("redis_aof_last_rewrite_ok", 0)
    client.set("b", "x" * 900_000)
    is_.wait("redis_aof_last_write_ok", 0)
    filler.unlink()
    is_.wait("redis_aof_last_write_ok", 1)
    server.client().bgsave()
    server.rest()
    is_.wait("redis_last_save_ok", 1)
    server.rewrite()
    is_.wait("redis_aof_last_rewrite_ok", 1)


def test_snapshots_and_their_repository(watched, keep):
    server, one, is_ = watched(appendonly="yes")
    client = server.client()
    sound = 'snapshots{verdict="sound"}'
    is_.wait("repository_ok", 1)
    assert is_[sound] == 0
    assert is_["protected_until_timestamp_seconds"] is None

    def snapshot():
        return keep("--repo", one.repo, "--redis", server.url, "snapshot",
                    "--json").json
    client.set("a", os.urandom(200_000))
    first = snapshot()
    is_.wait(sound, 1)
    assert is_["snapshot_last_source_bytes"] == first["bytes_source"]
    assert is_["snapshot_last_stored_bytes"] == first["bytes_stored"]
    until = is_["protected_until_timestamp_seconds"]
    assert until == is_["snapshot_last_good_timestamp_seconds"]
    assert abs(until - time.time()) < 20
    used = is_["repository_used_bytes"]
    assert used >= first["bytes_stored"]
    client.set("b", os.urandom(200_000))
    second = snapshot()
    is_.wait(sound, 2)
    is_.wait("snapshot_last_source_bytes", second["bytes_source"])
    is_.wait("snapshot_last_stored_bytes", second["bytes_stored"])
    is_.wait("protected_until_timestamp_seconds", lambda t: t > until)
    is_.wait("repository_used_bytes", lambda n: n > used)
    assert is_["retention_frozen"] == 0
    free = os.statvfs(one.repo)
    assert abs(is_["repository_free_bytes"] -
               free.f_bavail * free.f_frsize) < 2 << 30
    assert is_["log_gaps"] == 0

    client.flushall()
    client.config_set("auto-aof-rewrite-percentage", "0")
    server.rewrite()
    snapshot()
    is_.wait("retention_frozen", 1)

    gone = one.repo.with_name("gone")
    one.repo.rename(gone)
    is_.wait("repository_ok", 0)
    gone.rename(one.repo)
    is_.wait("repository_ok", 1)


def test_damaged_snapshots_are_counted_apart(watched, keep):
    server, one, is_ = watched(appendonly="yes")
    client = server.client()
    for i in range(2000):
        client.set(f"k{i}", i)
    server.drain()
    path = next((server.data / "appendonlydir").glob("*.incr.aof"))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"garbage" * 10)
    keep("--repo", one.repo, "--redis", server.url, "snapshot", exit=1)
    is_.wait('snapshots{verdict="damaged"}', 1)
    assert is_['snapshots{verdict="sound"}'] == 0
    assert is_["snapshot_last_good_timestamp_seconds"] is None
    assert is_["protected_until_timestamp_seconds"] is None


def test_jobs(watched):
    server, one, is_ = watched(keep={"schedule_snapshot": "every 1s",
                                     "schedule_bgsave": "every 1s"})
    for job in ("snapshot", "bgsave"):
        ran = 'job_runs_total{job="%s",result="ok"}' % job
        before = is_.wait(ran, lambda n: n > 0)
        ended = is_['job_last_success_timestamp_seconds{job="%s"}' % job]
        nearly = is_['job_next_run_timestamp_seconds{job="%s"}' % job]
        assert abs(ended - time.time()) < 20
        assert abs(nearly - time.time()) < 20
        assert 0 <= is_['job_last_duration_seconds{job="%s"}' % job] < 20
        is_.wait(ran, lambda n, least=before: n > least)
        is_.wait('job_last_success_timestamp_seconds{job="%s"}' % job,
                 lambda t, since=ended: t > since)
        is_.wait('job_next_run_timestamp_seconds{job="%s"}' % job,
                 lambda t, since=nearly: t > since)
    is_.wait('job_running{job="snapshot"}', 1)
    is_.wait('job_running{job="snapshot"}', 0)
    # A repository that is a file makes it fail.
    one.repo.rename(one.repo.with_name("gone"))
    one.repo.write_text("")
    is_.wait('job_runs_total{job="snapshot",result="failed"}',
             lambda n: n > 0)


def test_files_alarms_and_dependencies(watched, place):
    flag = place / "flag"
    server, one, is_ = watched(
        appendonly="yes", keep={"alarms_server_away": "1s"},
        blocks={"dependency db": {"command": f"test -e {flag}",
                                  "every": "1s"}})
    up = 'dependency_up{dependency="db"}'
    is_.wait(up, 0)
    flag.write_text("")
    is_.wait(up, 1)

    events = 'watch_events_total{file="%s"}'
    before = {f: is_[events % f] for f in ("rdb", "manifest", "aof")}
    server.client().set("a", "b")
    is_.wait(events % "aof", lambda n: n > before["aof"])
    server.client().save()
    is_.wait(events % "rdb", lambda n: n > before["rdb"])
    server.rewrite()
    is_.wait(events % "manifest", lambda n: n > before["manifest"])

    alarm = 'alarm_raised{alarm="server_away"}'
    assert is_[alarm] == 0
    server.kill()
    is_.wait(alarm, 1)
    server.start()
    is_.wait(alarm, 0)
