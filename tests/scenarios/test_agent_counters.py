"""Counters that a database knows better, and the agent that looks after them.
The database is a file that the source prints."""

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from agents import Pulse
from counting import Sqlite
from recounts import Recount
from servers import wait_for

PATH = "/health/redis_counters"
SCRAPE = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,"
                    "text/plain;version=0.0.4;q=0.3"}
QUICK = {"startup_delay": "0"}


class Table:
    """A database of one table, and how often it was asked."""

    def __init__(self, place, name, columns, rows):
        self.file, self.asked = place / f"{name}.tsv", place / f"{name}.asked"
        self.script = place / f"{name}.sh"
        self.asked.write_text("")
        self.write(columns, rows)
        self.does(f"cat {self.file}")

    def write(self, columns, rows):
        self.columns, self.rows = columns, rows
        lines = [("key", "db_max", *columns), *rows]
        self.file.write_text("".join("\t".join(map(str, line)) + "\n"
                                     for line in lines))

    def does(self, command):
        self.script.write_text(f"echo >>{self.asked}\n{command}\n")

    @property
    def block(self):
        return {"source": f"sh {self.script}"}

    def times(self):
        return self.asked.read_text().count("\n")

    def fill(self, client, less=0):
        for key, db_max, *_ in self.rows:
            client.set(key, db_max - less)

    def values(self, client):
        return [client.get(key) for key, *_ in self.rows]

    def maxima(self):
        return [str(db_max).encode() for _, db_max, *_ in self.rows]


@pytest.fixture
def table(place):
    def make(name="chats", count=20):
        return Table(place, name, ["id", "name"],
                     [(f"{name}:{i}", 1000 + i, i, f"No {i}")
                      for i in range(1, count + 1)])
    return make


@pytest.fixture
def counting(serve, agent, table):
    """An agent of one set, connected; its server, and its table."""
    def start(behind=0, seconds=20, **keys):
        chats, server = table(), serve()
        if behind is not None:
            chats.fill(server.client(), behind)
        one = agent(server, blocks={"counters chats": {
            **chats.block, **QUICK, "title": "Chat", **keys}})
        one.wait_state("connected")
        return server, one, chats
    return start


def told(one, status, seconds=20):
    """The answer, when it has that status: one is shared for a second."""
    wait_for(lambda: one.get(PATH).status == status,
             lambda: f"{status}: {one.get(PATH).text}", seconds)
    return one.get(PATH).json


def test_a_flush_is_told_in_the_shape_of_the_contract(serve, agent, table,
                                                      keep):
    server, apps, chats = serve(), table("apps", 1), table()
    apps.fill(server.client())
    chats.fill(server.client(), less=-5)
    one = agent(server, blocks={
        "counters chat_applications": {**apps.block, **QUICK,
                                       "title": "ChatApplication"},
        "counters chats": {**chats.block, **QUICK, "sample": "7"}})
    one.wait_log("Redis counters are consistent with database.*set=chats")
    good = told(one, 200)
    assert list(good) == ["status", "checked_at", "chat_applications",
                          "chats", "warnings"]
    assert good["status"] == "healthy" and good["warnings"] == []
    assert good["chat_applications"] == [{
        "id": 1, "name": "No 1", "redis_counter": 1001, "db_max": 1001,
        "consistent": True}]
    assert len(good["chats"]) == 7
    for item in good["chats"]:
        assert item["redis_counter"] == item["db_max"] + 5 and \
            item["consistent"] and list(item) == [
                "id", "name", "redis_counter", "db_max", "consistent"]

    server.client().flushall()
    bad = told(one, 503)
    assert bad["status"] == "warning"
    assert bad["chat_applications"][0]["redis_counter"] == 0
    assert not any(item["consistent"] for item in bad["chats"])
    assert bad["warnings"][0] == ("ChatApplication 1 (No 1): Redis counter (0)"
                                  " < DB max (1001)")
    assert len(bad["warnings"]) == 8
    metrics = one.metrics()
    assert metrics["health_redis_counters_status"] == 0
    assert metrics['redkeep_counters_inconsistent{set="chats"}'] == 7
    wait_for(lambda: "counters" in one.alarms(), "the alarm")
    one.wait_log(r"Inconsistency found for ChatApplication 1: Redis=0, DB=1001")
    # Nobody restarted: it is for people to mend.
    assert not one.says("Triggering rebuild")
    assert server.client().dbsize() == 0
    keep("--config", one.file, "counters", "rebuild")
    assert told(one, 200)["warnings"] == []
    wait_for(lambda: "counters" not in one.alarms(), "the alarm's end")
    assert chats.values(server.client()) == chats.maxima()


def test_a_start_of_the_agent_mends_what_was_flushed(counting):
    server, one, chats = counting()
    one.wait_log("Redis counters are consistent with database")
    one.stop()
    server.client().flushall()
    server.client().set("chats:3", 5000)
    one.log.write_text("")
    one.start()
    one.wait_log("counters were rebuilt.*raised=19")
    after = re.findall("Inconsistency found for Chat [0-9]+: Redis=0, DB=10[0-9]"
                       "{2}|Redis counter inconsistency detected! Triggering "
                       "rebuild|Redis counters are consistent with database",
                       one.log_text())
    assert len(after) >= 6 and after[-2].endswith("rebuild")
    assert after[-1].endswith("database")
    expected = chats.maxima()
    expected[2] = b"5000"
    assert chats.values(server.client()) == expected
    assert server.client().incr("chats:1") == 1002
    assert told(one, 200)
    seconds = one.metrics()['redkeep_counters_rebuild_seconds{set="chats"}']
    assert 0 < seconds < 20


def test_a_server_that_lost_its_counters_gets_them_back(counting):
    server, one, chats = counting(startup="no")
    wait_for(lambda: one.status()["server"]["run_id"], "a run id")
    assert chats.times() == 0
    server.kill()
    answer = told(one, 503)
    assert answer["chats"] == [] and len(answer["warnings"]) == 1
    assert answer["warnings"][0].startswith("Redis is not available: ")
    assert chats.times() == 0
    server.start()
    one.wait_log("counters were rebuilt.*raised=20")
    assert chats.values(server.client()) == chats.maxima()
    assert told(one, 200)["warnings"] == []
    # What mends itself at once wakes nobody.
    assert not one.says("Alarm raised.*alarm=counters")


def test_a_restore_of_older_counters_is_made_up_for(serve, agent, table, keep):
    server, chats = serve(appendonly="yes"), table()
    chats.fill(server.client(), less=100)
    one = agent(server, blocks={"counters chats": {
        **chats.block, **QUICK, "startup": "no"}})
    wait_for(lambda: one.status()["server"]["run_id"], "a run id")
    keep("--config", one.file, "snapshot")
    chats.fill(server.client())
    server.stop()
    keep("--config", one.file, "restore", "latest", "--to", server.data,
         "--yes")
    server.start()
    one.wait_log("counters were rebuilt.*raised=20")
    assert chats.values(server.client()) == chats.maxima()


def test_by_hand_means_by_hand(counting):
    server, one, chats = counting(behind=None, rebuild="manual")
    one.wait_log("redkeep counters rebuild chats' raises them")
    assert told(one, 503)
    assert not one.says("Triggering rebuild")
    assert server.client().dbsize() == 0


def test_a_sample_of_others_says_nothing_of_what_is_behind(serve, agent,
                                                            table):
    chats, server = table(count=500), serve()
    chats.fill(server.client())
    server.client().set("chats:7", 1)
    one = agent(server, blocks={"counters chats": {
        **chats.block, **QUICK, "startup_sample": "0", "sample": "1",
        "check_every": "1s", "rebuild": "manual"}})
    wait_for(lambda: "counters" in one.alarms(), one.log_text)
    told(one, 200)  # one of 500
    looks = chats.times()
    wait_for(lambda: chats.times() > looks + 2, "more looks")
    assert "counters" in one.alarms()
    assert not one.says("are consistent|Alarm cleared")
    assert one.metrics()["health_redis_counters_status"] == 0
    server.client().set("chats:7", 1007)
    one.wait_log("Alarm cleared.*alarm=counters")
    assert one.metrics()["health_redis_counters_status"] == 1


def test_a_database_that_comes_late_is_waited_for(counting, place):
    flag = place / "up"
    chats_down = f"test -e {flag} || {{ echo not up yet >&2; exit 7; }}"
    server, one, chats = counting(behind=None, startup_delay="1s")
    chats.does(f"{chats_down}\ncat {chats.file}")
    one.wait_log(r"could not be looked at set=chats error=.*not up yet")
    bad = one.get(PATH)
    assert bad.status == 503 and bad.json["chats"] == []
    assert bad.json["warnings"][0].startswith(
        "chats: source: exit status 7: ")
    flag.write_text("")
    one.wait_log("counters were rebuilt.*raised=20")
    assert chats.values(server.client()) == chats.maxima()


def test_sources_that_are_no_good(counting):
    server, one, chats = counting(behind=1, startup="no", timeout="1s")
    for command, words in {
            "exit 3": "chats: source: exit status 3",
            "sleep 1000": "chats: source: timed out after 1s",
            "echo hello": "chats: source: ",
            f"cat {chats.file}\nprintf 'chats:1\\tnine\\t1\\tx\\n'":
            "chats: source: ",
            "head -c 3000000 /dev/urandom": "chats: source: "}.items():
        chats.does(command)
        with Pulse(one):
            wait_for(lambda: one.get(PATH).json["warnings"]
                     and one.get(PATH).json["warnings"][0].startswith(words),
                     lambda: f"{words}: {one.get(PATH).text}")
        assert one.get(PATH).status == 503
        assert one.get(PATH).json["chats"] == []
        assert one.metrics()["health_redis_counters_status"] == 0
    assert chats.values(server.client()) == [
        str(int(n) - 1).encode() for n in chats.maxima()]
    # Asked again and again, with other words each time, and told once.
    assert len(re.findall("could not be looked at", one.log_text())) == 1


def ask_together(one, count, errors=False):
    answers = []

    def ask():
        try:
            answers.append(one.get(PATH, timeout=30))
        except OSError:
            assert errors
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    return answers, threads


def test_fifty_who_ask_together_share_one_check(counting):
    server, one, chats = counting(startup="no")
    chats.does(f"sleep 0.7\ncat {chats.file}")
    with Pulse(one):
        answers, threads = ask_together(one, 50)
        for thread in threads:
            thread.join()
    assert [a.status for a in answers] == [200] * 50
    assert len({a.json["checked_at"] for a in answers}) == 1
    assert chats.times() == 1
    time.sleep(1.05)  # so long it is shared
    assert one.get(PATH).status == 200
    assert chats.times() == 2


def test_large_answers_are_not_made_for_all_at_once(serve, agent, table):
    chats, server = table(count=10000), serve()
    chats.does(f"sleep 1\ncat {chats.file}")
    one = agent(server, blocks={"counters chats": {
        **chats.block, "sample": "10000", "startup": "no"}})
    one.wait_state("connected")
    answers, threads = ask_together(one, 60)
    for thread in threads:
        thread.join()
    large = [a for a in answers if "chats" in a.json]
    few = [a for a in answers if "too many" in a.json.get("message", "")]
    assert len(large) * len(large[0].text) < 2 * 16 << 20
    assert len(large) + len(few) == 60 and large and few
    assert len(large[0].json["chats"]) == 10000


def test_who_waits_costs_nobody_else_and_not_the_end(counting, place):
    server, one, chats = counting(startup="no")
    one.reload(http_max_connections="16")
    chats.does(f"touch {place}/asked\nexec sleep 1000")
    answers, threads = ask_together(one, 12)
    wait_for(lambda: len(answers) == 4, "those that are too many")
    assert {a.status for a in answers} == {503}
    assert "too many" in answers[0].json["message"]
    wait_for((place / "asked").exists, "the source")
    with Pulse(one):
        assert one.get("/health/ready").status == 200
        assert one.ask(PATH, "HEAD").status == 503
    begun = time.monotonic()
    one.stop()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 10
    assert len(answers) == 12
    assert all("not checked" in a.json["warnings"][0] for a in answers[4:])


def test_what_a_source_started_dies_with_the_agent(counting, place):
    server, one, chats = counting(startup="no")
    chats.does(f"sleep 1000 & echo $! >{place}/pid; sleep 1000 | cat")
    answers, threads = ask_together(one, 1, errors=True)
    wait_for((place / "pid").exists, "the source")
    pid = wait_for((place / "pid").read_text, "its number").strip()
    one.kill()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end of all")
    threads[0].join()
    assert answers == []


def test_a_scrape_gets_what_promtool_likes(counting):
    server, one, chats = counting(startup="no")
    one.headers = SCRAPE
    for value in (1, 0):
        answer = one.get(PATH)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert f"\nhealth_redis_counters_status {value}\n" in answer.text
        server.client().flushall()
        time.sleep(1.05)
    one.get(PATH)
    for text in (answer.text, one.get("/metrics").text):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text,
                                 text=True, capture_output=True)
        assert (checked.stdout, checked.stderr) == ("", "")
    assert "redkeep_counters_checked" in text


def test_other_sets_after_a_reload(counting, table):
    server, one, chats = counting()
    one.wait_log("Redis counters are consistent with database set=chats")
    apps = table("apps", 3)
    one.blocks["counters apps"] = {**apps.block, **QUICK}
    one.reload()
    one.wait_log("counters were rebuilt set=apps raised=3")
    assert apps.values(server.client()) == apps.maxima()
    assert list(told(one, 200))[2:4] == ["chats", "apps"]
    del one.blocks["counters apps"], one.blocks["counters chats"]
    one.reload()
    answer = one.get(PATH)
    assert answer.status == 200
    assert list(answer.json) == ["status", "checked_at", "warnings"]
    assert "health_redis_counters_status" not in one.metrics()


def test_a_replica_is_left_and_mended_when_it_is_a_primary(counting):
    server, one, chats = counting(behind=None, startup="no")
    wait_for(lambda: one.status()["server"]["run_id"], "a run id")
    server.stop()
    server.settings["replicaof"] = ("127.0.0.1", "1")
    server.start()
    one.wait_log("could not be rebuilt, trying again.*READONLY")
    assert len(re.findall("Reconnecting after connection loss error=.*READONLY",
                          one.log_text())) == 1
    one.wait_log("Alarm raised: of 5 counters.* alarm=counters")
    server.client().replicaof("NO", "ONE")
    one.wait_log("counters were rebuilt.*raised=20")
    one.wait_log("Alarm cleared after .* alarm=counters")
    assert chats.values(server.client()) == chats.maxima()


def test_none_is_given_twice(serve, agent, place):
    """A short sample of what tests/soak/counters.py does."""
    server = serve()
    one = Recount(place, Sqlite(place / "chats.db"), server,
                  agent(server, begin=False), applications=8, chats=100)
    one.fills_an_empty_server()
    one.tells_a_flush_and_mends_it_at_a_restart()
    assert one.lets_clients_count_who_lost_nothing(24000) >= 24000
    assert one.lets_clients_count_who_lost_all(24000) >= 24000
