"""Job queues, counted by the agent: what their libraries count is what the
metrics say."""

import re
import subprocess

import pytest

import queue_jobs
from hosts import GUIDE, INSTALL, run, script
from servers import NAMES, wait_for
from test_agent_user import guarded, secret, url  # noqa: F401 (fixtures)

LINE = re.compile(
    r'redkeep_queue_jobs\{system="(.*?)",queue="(.*?)",state="(.*?)"\}')

# As BullMQ 5 and Sidekiq 7 leave them behind.
BULLMQ = """
HSET bull:mail:meta opts.maxLenEvents 10000 version bullmq:5.1.0
SET bull:mail:id 9
HSET bull:mail:1 name send data {} opts {} timestamp 1
LPUSH bull:mail:wait 1 2 3
ZADD bull:mail:delayed 4096 4
ZADD bull:mail:failed 1 5 2 6
ZADD bull:mail:completed 1 7
LPUSH bull:mail:active 8
XADD bull:mail:events * event added
"""
SIDEKIQ = """
SADD queues default
LPUSH queue:default {}
SADD processes host:17:0123456789ab
HSET host:17:0123456789ab busy 4
ZADD dead 1 {"jid":1}
"""


def put(server, commands, **auth):
    for line in filter(None, commands.splitlines()):
        server.client(**auth).execute_command(*line.split())


def queues(one):
    """{(system, queue, state): jobs} of the metrics."""
    return {LINE.fullmatch(name).groups(): value
            for name, value in one.metrics().items() if LINE.fullmatch(name)}


def wait(one, good, seconds=20):
    """Waits for metrics as wanted; queues of nothing are left out."""
    wait_for(lambda: good(queues(one)), lambda: str(queues(one)), seconds)
    return queues(one)


def states(found, system, queue):
    return {k[2]: v for k, v in found.items() if k[:2] == (system, queue)}


@pytest.fixture
def watched(serve, agent):
    def start(server=None, watch="auto", **settings):
        server = server or serve()
        one = agent(server, queues_watch=watch, queues_every="1s", **settings)
        one.wait_state("connected")
        return server, one
    return start


def test_what_the_libraries_count_is_counted(watched):
    server, one = watched()
    counts = queue_jobs.fill_rq(server)
    with queue_jobs.held_by_celery(server) as held:
        found = wait(one, lambda q: ("celery", "*", "active") in q and
                     q.get(("celery", "feeds", "waiting")) == held["feeds"])
        assert states(found, "celery", "celery") == {"waiting": held["celery"]}
        assert states(found, "celery", "*") == {"active": held["*"]}
        assert states(found, "rq", "high") == counts
        checked = subprocess.run(["promtool", "check", "metrics"], text=True,
                                 input=one.get("/metrics").text,
                                 capture_output=True)
        assert (checked.returncode, checked.stdout) == (0, "")


def test_jobs_that_failed_raise_the_alarm(watched):
    server, one = watched(alarms_queue_failed="3")
    put(server, BULLMQ + SIDEKIQ)
    found = wait(one, lambda q: q.get(("sidekiq", "*", "dead")) == 1)
    assert states(found, "bullmq", "mail") == {
        "waiting": 3, "prioritized": 0, "paused": 0, "delayed": 1,
        "waiting-children": 0, "active": 1, "completed": 1, "failed": 2}
    assert states(found, "sidekiq", "*") == {
        "delayed": 0, "active": 4, "retry": 0, "dead": 1}
    alarm = wait_for(lambda: one.alarms().get("queue_failed"), "the alarm")
    assert alarm["value"] == 3 and alarm["threshold"] == 3
    assert alarm["text"] == "3 jobs have failed for good, 2 in bullmq mail"
    server.client().delete("bull:mail:failed")
    wait_for(lambda: "queue_failed" not in one.alarms(), "no alarm")


def test_a_server_that_was_away_is_counted_anew(watched):
    server, one = watched()
    put(server, BULLMQ)
    wait(one, lambda q: len(q) == 8)
    server.kill()
    wait(one, lambda q: not q)
    server.start()  # empty
    put(server, SIDEKIQ)
    found = wait(one, lambda q: q)
    assert {k[0] for k in found} == {"sidekiq"}


def test_off_is_off_and_a_reload_switches_it_on(watched):
    server, one = watched(watch="off", log_level="debug")
    put(server, BULLMQ + SIDEKIQ)
    before = server.client().info("commandstats")
    one.get("/metrics")
    assert not queues(one)
    assert "cmdstat_scan" not in before and "cmdstat_llen" not in before
    one.reload(queues_watch="sidekiq")
    assert {k[0] for k in wait(one, lambda q: q)} == {"sidekiq"}
    one.reload(queues_watch="off")
    assert not queues(one)


def test_what_is_not_counted_is_told(watched):
    server, one = watched()
    put(server, BULLMQ)
    client = server.client()
    client.set("bull:mail:paused", "what is this?")
    client.sadd("queues", "a\x1b[31m", b"\xff", "x" * 200, 'say "hi"')
    found = wait(one, lambda q: q)
    assert ("bullmq", "mail", "paused") not in found
    assert ("sidekiq", r"say \"hi\"", "waiting") in found
    assert not any("\x1b" in k[1] or "x" * 200 in k[1] for k in found)
    wait_for(lambda: "queues: 3 queues are left out; bull:mail:paused is of "
             "another type than LLEN counts" in one.log_text(),
             lambda: one.log_text())


@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_the_guides_user_may_count(watched, guarded, secret, name):  # noqa: F811
    line = re.search(r"^ACL SETUSER redkeep \+scan.*$",
                     (GUIDE / "queues.md").read_text(), re.M)[0]
    server = guarded(name)
    server.client().execute_command(*line.split())
    put(server, BULLMQ + SIDEKIQ)
    server.client().rpush("celery", "x")
    server.client().sadd("rq:queues", "rq:queue:high")
    one = watched(url(server), password_file=secret)[1]
    found = wait(one, lambda q: q)
    assert {k[0] for k in found} == {"bullmq", "celery", "rq", "sidekiq"}
    assert found["sidekiq", "*", "active"] == 4
    assert "queues:" not in one.log_text()
    # Without it, what is wanting is said.
    server.client().execute_command("ACL", "SETUSER", "redkeep", "resetkeys",
                                    "~bull:*")
    wait_for(lambda: "queues: celery may not be used by this user (ACL), and more"
             in one.log_text(), lambda: one.log_text())
    assert {k[0] for k in wait(one, lambda q: len(q) == 8)} == {"bullmq"}


@pytest.mark.need("root", "mount", "unshare")
def test_queues_are_watched_as_the_guide_says(place):
    fill = "\n".join(f"redis-cli {line} >/dev/null"
                     for line in BULLMQ.strip().splitlines())
    out = run(place, INSTALL + f"""
systemctl start redis-server
{fill.replace("*", "'*'")}
mkdir -p /etc/redkeep
redkeep setup --output /etc/redkeep/redkeep.conf
chgrp redis /etc/redkeep/redkeep.conf
systemctl start redkeepd
""" + script("queues.md") + """
systemctl stop redkeepd
redis-cli config get maxmemory-policy
""")
    assert 'redkeep_queue_jobs{system="bullmq",queue="mail",' \
        'state="failed"} 2' in out
    assert "noeviction" in out
