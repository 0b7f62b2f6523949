"""Counters in the server against what a database knows: told, raised, never
lowered, and nothing is written when a source is not whole."""

import json
import re
import signal
import time

import pytest

from counting import (Clients, Crossing, Postgres, Sets, Sqlite, expected,
                      fill, sets_of, table)
from servers import NAMES, wait_for

EVERY = [pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES]
MAX = 2 ** 63 - 1

# Key, value in the server, db_max: what becomes of it.
CASES = [
    ("behind", "1000", 1050), ("equal", "7", 7), ("higher", "9", 8),
    ("missing", None, 3), ("zero", None, 0), ("below", "-5", 2),
    ("least", str(-2 ** 63), 1), ("top", str(MAX), MAX),
    # As doubles these are equal.
    ("exact", str(2 ** 53), 2 ** 53 + 1), ("exact2", str(MAX - 1), MAX),
    ("exact3", str(2 ** 53 + 1), 2 ** 53),
]
FAILED = [("beyond", str(2 ** 63)), ("far", "1" * 40), ("below2",
          str(-2 ** 63 - 1)), ("word", "abc"), ("empty", ""), ("blank", " 1"),
          ("plus", "+1"), ("led", "01"), ("minus0", "-0"), ("float", "1.5"),
          ("newline", "1\n")]


@pytest.fixture
def sets(keep, place):
    def make(server, *blocks):
        made = Sets(keep, place, server)
        return made.write(*blocks) if blocks else made
    return make


def plant(client):
    for key, value, _ in CASES:
        if value is not None:
            client.set(key, value, px=900000)
    for key, value in FAILED:
        client.set(key, value)
    client.rpush("list", "a")
    client.hset("hash", "a", "b")
    keys = [f for f, _ in FAILED] + ["list", "hash"]
    return table([(k, m) for k, _, m in CASES] + [(k, 5) for k in keys]), keys


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("scripts", ["allowed", "denied", "renamed"])
def test_raises_what_is_behind_and_nothing_else(serve, sets, name, scripts):
    more = {"rename_command": ("EVAL", "")} if scripts == "renamed" else {}
    server = serve(name=name, **more)
    client = server.client()
    text, failed = plant(client)
    if scripts == "denied":
        client.execute_command("ACL", "SETUSER", "default", "-@scripting")
    values = {k: client.get(k) for k, _ in FAILED}
    run = sets(server)
    run.write(run.block("a", text))

    found = run.the("check", exit=1)
    behind = [k for k, v, m in CASES if int(v or 0) < m]
    assert found["checked"] == len(CASES) + len(failed)
    assert [b["id"] for b in found["behind"]] == behind
    assert found["inconsistent"] == len(behind)
    assert (found["missing"], found["failed"]) == (2, len(failed))
    assert found["raised"] == 0 and client.get("behind") == b"1000"

    raised = run.the("rebuild", exit=1)
    assert raised["inconsistent"] == 0 and raised["behind"] == []
    assert raised["raised"] == len(behind) + 1  # zero, which was missing
    assert (raised["missing"], raised["failed"]) == (2, len(failed))
    for key, value, least in CASES:
        assert int(client.get(key)) == max(int(value or 0), least), key
        assert value is None or 890000 < client.pttl(key) <= 900000, key
    assert {k: client.get(k) for k, _ in FAILED} == values
    assert client.lrange("list", 0, -1) == [b"a"]

    again = run.told("rebuild", exit=1)
    assert again["sets"][0]["raised"] == 0 and again["status"] == "warning"
    assert again["warnings_total"] == len(failed)
    assert [re.search("key (.*) holds no whole number", w)[1]
            for w in again["warnings"]] == failed


@pytest.mark.parametrize("scripts", ["allowed", "denied"])
def test_of_a_key_that_comes_twice_the_higher_number_counts(serve, sets,
                                                            scripts):
    server = serve()
    if scripts == "denied":
        server.client().execute_command("ACL", "SETUSER", "default",
                                        "-@scripting")
    run = sets(server)
    run.write(run.block("a", table([("k", 10), ("k", 5), ("j", 3), ("k", 7)])))
    run("rebuild")
    assert server.client().mget("k", "j") == [b"10", b"3"]
    run("check")


def test_tells_as_the_contract_has_it(serve, sets):
    server = serve()
    server.client().mset({"a:1": 1000, "c:1": 50})
    apps = table([("a:1", 1050, 1, "Mobile App")], "id", "name")
    chats = "id\tkey\tchat_application_id\tdb_max\n1\tc:1\t1\t50\n"
    run = sets(server)
    run.write(run.block("chat_applications", apps, title="ChatApplication"),
              run.block("chats", chats, title="Chat"))
    told = run.told("check", "--sample", "10", exit=1)
    assert told["status"] == "warning" and told["error"] is None
    assert told["warnings"] == ["ChatApplication 1 (Mobile App): "
                                "Redis counter (1000) < DB max (1050)"]
    assert told["warnings_total"] == 1
    first, second = told["sets"]
    assert list(first["items"][0].items()) == [
        ("id", 1), ("name", "Mobile App"), ("redis_counter", 1000),
        ("db_max", 1050), ("consistent", False)]
    assert list(second["items"][0].items()) == [
        ("id", 1), ("chat_application_id", 1), ("redis_counter", 50),
        ("db_max", 50), ("consistent", True)]
    assert "items" not in run.told("check", exit=1)["sets"][0]
    run("check", exit=1).says(r"chat_applications +1 +1 ", "counters rebuild")
    told = run.told("rebuild", "chat_applications")
    assert [s["name"] for s in told["sets"]] == ["chat_applications"]
    assert told["status"] == "healthy" and told["warnings"] == []
    assert server.client().incr("a:1") == 1051
    run("check").says("Redis counters are consistent with database")


def test_columns_come_as_they_are(serve, sets):
    run = sets(serve())
    cells = ["7", "007", "-7", "-0", "", "Zoë", "'\"\\", str(2 ** 63)]
    run.write(run.block("a", table([["k", 1, *cells]],
                                   *[f"c{i}" for i in range(len(cells))])))
    [item] = run.the("check", "--sample", "1", exit=1)["items"]
    assert [item[f"c{i}"] for i in range(len(cells))] == \
        [7, "007", -7, "-0", *cells[4:]]


def test_takes_a_sample_at_random(serve, sets):
    server = serve()
    run = sets(server)
    rows = [(f"k{i}", 1, i) for i in range(200)]
    run.write(run.block("a", table(rows, "id")))
    seen = set()
    for _ in range(3):
        one = run.the("check", "--sample", "20", exit=1)
        ids = [i["id"] for i in one["items"]]
        assert one["checked"] == 20 and sorted(set(ids)) == ids
        seen.update(ids)
    assert len(seen) > 30  # 20 each: the odds against it are astronomical
    run.write(run.block("a", "printf 'key\\tid\\tdb_max\\n'; "
                             "echo k $REDKEEP_SAMPLE 1 | tr ' ' '\\t'"))
    assert run.the("check", "--sample", "5", exit=1)["items"][0]["id"] == 5
    assert run.the("check", exit=1)["behind"][0]["id"] == 0


BAD = {
    "fails": ("printf 'key\\tdb_max\\nk\\t9\\n'; echo no >&2; exit 7",
              "a: source: exit status 7: no"),
    "is not there": ("nosuchcommand-", "exit status 127: .*not found"),
    "is killed": ("kill -9 $$", "ended by signal 9"),
    "hangs": ("printf 'key\\tdb_max\\nk\\t9\\n'; sleep 60",
              "a: source: timed out after 1s"),
    "says nothing": ("true", "printed nothing, expected is a header"),
    "half a row": ("printf 'key\\tdb_max\\nk\\t9\\nl\\t1'",
                   r"line 3: 'l\\x091' does not end with a newline"),
    "cut in a row": ("printf 'key\\tdb_max\\nk\\t9\\nl\\n'",
                     "line 3: 1 column, expected 2: 'l'"),
    "no key column": ("printf 'id\\tdb_max\\n1\\t9\\n'",
                      "line 1: .* no column key"),
    "no db_max": ("printf 'key\\tmax\\nk\\t9\\n'", "no column db_max"),
    "a column twice": ("printf 'key\\tdb_max\\tkey\\n'",
                       "line 1: column 'key' comes twice"),
    "reserved": ("printf 'key\\tdb_max\\tconsistent\\n'", "reserved"),
    "no number": ("printf 'key\\tdb_max\\nk\\t9\\nl\\tNULL\\n'",
                  "line 3: db_max 'NULL' is no whole number from 0 to "
                  "9223372036854775807"),
    "below zero": ("printf 'key\\tdb_max\\nk\\t-1\\n'", "line 2: db_max '-1'"),
    "beyond": ("printf 'key\\tdb_max\\nk\\t9223372036854775808\\n'",
               "line 2: db_max '9223372036854775808'"),
    "empty key": ("printf 'key\\tdb_max\\n\\t1\\n'", "line 2: the key is empty"),
    "a footer": ("printf 'key\\tdb_max\\nk\\t9\\n(1 row)\\n'",
                 r"line 3: 1 column, expected 2: '\(1 row\)'"),
    "a long line": ("printf 'key\\tdb_max\\n'; yes | tr -d '\\n'",
                    "line 2: longer than 16384 bytes"),
    "a million bad rows": ("printf 'key\\tdb_max\\nk\\t9\\n'; yes",
                           "line 3: 1 column, expected 2: 'y'"),
    "a word too late": ("printf 'key\\tdb_max\\nk\\t9\\n'; "
                        "printf 'first\\nmiddle\\nlast\\n' >&2; exit 1",
                        r"exit status 1: first \.\.\. last$"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_source_that_is_not_whole_changes_nothing(serve, sets, case):
    source, words = BAD[case]
    server = serve()
    run = sets(server)
    run.write(run.block("good", table([("g", 5)])),
              run.block("a", source, timeout="1s"))
    begin = time.monotonic()
    told = run.told("rebuild", exit=3)
    assert time.monotonic() - begin < 10
    assert server.client().dbsize() == 0
    assert told["status"] == "warning"
    assert re.search(words, told["error"]), told["error"]
    assert told["warnings"] == [told["error"]]
    assert [s["raised"] for s in told["sets"]] == [0, 0]
    # The other one is looked at all the same.
    good, bad = run.told("check", "--sample", "3", exit=3)["sets"]
    assert good["inconsistent"] == 1 and good["items"] and not good["error"]
    assert bad["error"] and "items" not in bad
    run("rebuild", exit=3).says("nothing was raised")


def test_what_a_source_prints_in_the_background_is_awaited(serve, sets):
    server = serve()
    run = sets(server)
    head = "printf 'key\\tdb_max\\nk\\t9\\n'; "
    run.write(run.block("a", head + "(sleep 0.3; printf 'l\\t9\\n') & true"))
    assert run.the("rebuild")["raised"] == 2
    run.write(run.block("a", head + "(sleep 60; printf 'm\\t9\\n') & true",
                        timeout="1s"))
    assert run.told("rebuild", exit=3)["error"] == \
        "a: source: timed out after 1s"


def test_what_a_source_starts_ends_with_it(serve, sets, place):
    run = sets(serve())
    run.write(run.block("a", f"sleep 60 & echo $! > {place}/pid; yes",
                        timeout="5s"))
    run("check", exit=3)
    pid = int((place / "pid").read_text())

    def gone():
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().split()[2] == "Z"
        except FileNotFoundError:
            return True
    wait_for(gone, "the end of what it left")


def test_a_server_that_is_away_is_told(sets, place):
    run = sets(f"unix://{place}/nobody")
    run.write(run.block("a", table([("k", 1)])), run.block("b", "exit 1"))
    told = run.told("check", "--sample", "1", exit=3)
    assert re.match("Redis is not available: .*No such file", told["error"])
    assert told["warnings"] == [told["error"], "b: source: exit status 1"]
    assert told["sets"][0]["items"] == []
    assert run.told("rebuild", exit=3)["sets"][0]["raised"] == 0


def test_a_server_that_refuses_writes_is_told_in_its_words(serve, sets):
    primary, replica = serve(), serve("replica")
    run = sets(replica)
    run.write(run.block("a", table([("k", 1)])))
    replica.client().replicaof("127.0.0.1", 1)
    told = run.told("rebuild", exit=3)
    assert re.match("a: Redis: READONLY ", told["error"]), told["error"]
    run = sets(primary)
    run.write(run.block("a", table([("k", 1)])))
    primary.client().config_set("maxmemory", "1")
    told = run.told("rebuild", exit=3)
    assert re.match("a: Redis: OOM ", told["error"]), told["error"]
    primary.client().execute_command("ACL", "SETUSER", "default", "-@scripting")
    told = run.told("rebuild", exit=3)
    assert re.match("a: Redis: OOM ", told["error"]), told["error"]
    assert primary.client().dbsize() == 0


@pytest.mark.parametrize("name", EVERY)
def test_a_server_that_cannot_save_is_told_in_its_words(serve, sets, name):
    server = serve(name=name)
    client = server.client()
    client.set("x", 1)
    client.config_set("save", "3600 1")
    server.data.rmdir()
    client.bgsave()
    wait_for(lambda: server.persistence()["rdb_last_bgsave_status"] == "err",
             "a save that fails")
    run = sets(server)
    run.write(run.block("a", table([("k", 1)])))
    assert re.match("a: Redis: MISCONF ", run.told("rebuild", exit=3)["error"])
    assert not client.exists("k")


def test_where_a_replica_was_there_may_be_a_primary_by_now(serve, sets,
                                                           crossing):
    """As behind an address that moves when the primary does."""
    primary, replica = serve(), serve("replica")
    replica.client().replicaof("127.0.0.1", 1)
    run = sets(crossing(replica, primary))
    run.write(run.block("a", table([("k", 7)])))
    assert run.the("rebuild")["raised"] == 1
    assert primary.client().get("k") == b"7"


def test_a_rebuild_that_is_stopped_tells_how_far_it_came(serve, sets, keep):
    server = serve()
    run = sets(server)
    run.write(run.block("a", table([(f"k{i}", 1) for i in range(200000)])))
    process = keep.begin("counters", "rebuild", "--json", "--config", run.file)
    wait_for(lambda: server.client().dbsize() > 5000, "the first counters")
    server.process.send_signal(signal.SIGSTOP)
    process.terminate()
    out, err = process.communicate(timeout=20)
    server.process.send_signal(signal.SIGCONT)
    assert process.returncode == 3 and "stopped by SIGTERM" in err
    one = json.loads(out)["sets"][0]
    assert 0 < one["raised"] < 200000 and "stopped by" in one["error"]
    assert run.the("rebuild")["missing"] < 200000
    assert server.client().dbsize() == 200000


def test_what_was_raised_before_a_refusal_is_told(serve, sets, keep):
    server = serve()
    server.client().execute_command("ACL", "SETUSER", "default", "-@scripting")
    run = sets(server)
    run.write(run.block("a", table([(f"k{i}", 1) for i in range(200000)])))
    process = keep.begin("counters", "rebuild", "--json", "--config", run.file)
    wait_for(lambda: server.client().dbsize() > 1000, "the first counters")
    server.client().replicaof("127.0.0.1", 1)
    told = json.loads(process.communicate(timeout=30)[0])
    assert process.returncode == 3
    assert re.match("a: Redis: READONLY ", told["error"]), told["error"]
    assert told["sets"][0]["raised"] == server.client().dbsize() < 200000


@pytest.mark.need("redis-6.0")
def test_an_old_server_that_refuses_writes_is_understood(serve, sets):
    server = serve(name="redis-6.0")
    run = sets(server)
    run.write(run.block("a", table([("k", 1)])))
    server.client().execute_command("REPLICAOF", "127.0.0.1", "1")
    assert run.told("rebuild", exit=3)["error"] == \
        "a: Redis: READONLY You can't write against a read only replica"


def test_a_user_who_may_not_is_told(serve, sets):
    server = serve()
    run = sets(server)
    run.write(run.block("a", table([("k", 1)])))
    for right, command in (("-set", "rebuild"), ("-get", "check")):
        server.client().execute_command("ACL", "SETUSER", "default", right)
        error = run.told(command, exit=3)["error"]
        assert re.search("NOPERM|can't run this command", error), error
    assert "a: Redis: key k: NOPERM" in error


def test_what_is_no_counter_by_far_is_named(serve, sets):
    server = serve()
    run = sets(server)
    run.write(run.block("a", table([("j", 1), ("k", 1), ("l", 1)])))
    server.client().set("k", "1" * (17 << 20))
    assert "a: Redis: key k: " in run.told("check", exit=3)["error"]
    one = run.the("rebuild", exit=1)
    assert (one["raised"], one["failed"]) == (2, 1)
    assert server.client().strlen("k") == 17 << 20


def test_words_that_are_wrong_are_a_usage_error(serve, sets):
    run = sets(serve())
    run.write(run.block("a", table([("k", 1)])))
    run("mend", exit=2).says("neither check nor rebuild")
    run("check", "b", exit=2).says(r"counters\.conf has no section "
                                   r"\[counters b\]")
    run("rebuild", "--sample", "1", exit=2).says("takes all")
    run("check", "--sample", "x", exit=2)
    run("check", "a", "a", exit=1)
    run.write({})
    assert run.told("check")["sets"] == []
    run("check").says("no .counters NAME")


# What the counters are now and a little more: while it is compared they pass
# that. The others make the time between a look and a write longer.
CLOSE = r"""
redis-cli -s SOCKET mget KEYS | awk -v keys="KEYS" -v seed=$$ '
    BEGIN { OFS = "\t"; print "key", "db_max"; split(keys, key, " ")
            srand(seed); for (i = 0; i < 400; i++) print "other:" i, 1 }
    { print key[NR], $1 + int(rand() * 200) }'
"""


@pytest.mark.parametrize("scripts", ["allowed", "denied"])
def test_clients_may_count_through_rebuilds(serve, sets, place, scripts):
    """Rebuilds raise, again and again, counters that are counted with; no
    number is given out twice."""
    server = serve()
    keys = [f"k{i}" for i in range(8)]
    if scripts == "denied":
        server.client().execute_command("ACL", "SETUSER", "default",
                                        "-@scripting")
    source = place / "source.sh"
    source.write_text(CLOSE.replace("SOCKET", str(server.socket))
                      .replace("KEYS", " ".join(keys)))
    run = sets(server)
    run.write(run.block("a", f"sh {source}"))
    raised = 0
    with Clients(server, keys) as clients:
        for _ in range(40):
            one = run.the("rebuild")
            assert one["checked"] == len(keys) + 400
            raised += one["raised"] - one["missing"]
    clients.expect_none_twice()
    assert raised > 0


def test_two_rebuilds_at_once_do_no_harm(serve, sets, keep, place):
    server = serve()
    keys = [f"k{i}" for i in range(3000)]
    runs = []
    for name, least in (("one", 500), ("two", 700)):
        (place / name).mkdir()
        run = Sets(keep, place / name, server)
        runs.append(run.write(run.block("a", table([(k, least)
                                                    for k in keys]))))
    with Clients(server, keys) as clients:
        both = [keep.begin("counters", "rebuild", "--config", r.file)
                for r in runs]
        assert [p.wait(timeout=60) for p in both] == [0, 0]
    clients.expect_none_twice()
    assert min(int(v) for v in server.client().mget(keys)) >= 700
    for process in both:
        process.communicate()


@pytest.fixture
def crossing(place):
    made = []

    def make(*servers):
        made.append(Crossing(place / "crossing", servers))
        return made[-1].url
    yield make
    for one in made:
        one.close()


@pytest.fixture(params=["sqlite3", "postgresql"])
def database(request, place):
    if request.param == "sqlite3":
        yield Sqlite(place / "chat.db")
        return
    one = Postgres(place / "pg")
    try:
        yield one.start()
    finally:
        one.stop()


def test_with_a_real_database_the_next_number_is_max_plus_1(
        serve, sets, place, database):
    fill(database, 10, 30)
    server = serve()
    run = sets(server)
    run.write(sets_of(database, place))
    least = expected(10, 30)
    assert {s["name"]: s["raised"] for s in run.told("rebuild")["sets"]} == \
        {"chat_applications": 10, "chats": 300}
    server.client().flushall()
    told = run.told("check", "--sample", "1000", exit=1)
    assert {s["name"]: s["missing"] for s in told["sets"]} == \
        {"chat_applications": 10, "chats": 300}
    assert told["sets"][0]["items"][2] == {
        "id": 3, "name": "App 3", "redis_counter": 0, "db_max": 30,
        "consistent": False}
    with Clients(server, list(least)) as clients:
        run("rebuild")
    given = {}
    for key, number in clients.expect_none_twice():
        given[key] = max(number, given.get(key, 0))
    client = server.client()
    for key, number in least.items():
        assert client.incr(key) == max(number, given.get(key, 0)) + 1, key
    # A query that fails fails the set, whatever it printed before.
    (place / "chats.sql").write_text(
        (place / "chats.sql").read_text() + "select * from nothing;\n")
    run("rebuild", exit=3).says("chats: source: exit status", "nothing")
