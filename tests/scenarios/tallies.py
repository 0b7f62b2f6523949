"""The proof for counters: the server forgets all of them while clients count,
the agent raises them by itself, and no number is given out twice."""

from agents import Agent
from counting import Clients, Postgres, Sqlite, expected, fill, sets_of
from servers import Server, wait_for

PATH = "/health/redis_counters"


def told(agent, status):
    wait_for(lambda: agent.get(PATH).status == status,
             lambda: f"{status}: {agent.get(PATH).text[:2000]}", 60)
    return agent.get(PATH).json


def raised(server, least):
    """Whether every counter is what it must be, or more."""
    values = server.client().mget(list(least))
    return all(int(v or 0) >= n for v, n in zip(values, least.values()))


def expect_warning(agent, applications):
    """The documented shape, when all is gone."""
    bad = told(agent, 503)
    assert list(bad) == ["status", "checked_at", "chat_applications", "chats",
                         "warnings"], bad
    assert bad["status"] == "warning"
    assert len(bad["chat_applications"]) == min(10, applications)
    for item in bad["chat_applications"]:
        assert list(item) == ["id", "name", "redis_counter", "db_max",
                              "consistent"]
        warning = (f"ChatApplication {item['id']} (App {item['id']}): "
                   f"Redis counter (0) < DB max ({item['db_max']})")
        assert item["redis_counter"] == 0 and item["consistent"] is False
        assert warning in bad["warnings"]


def judge(clients, least):
    """What the database refuses, since it has these numbers, is taken again;
    all others come once, from its highest on, without a gap."""
    accepted, refused = {}, 0
    for key, number in clients.expect_none_twice():
        if number > least[key]:
            accepted.setdefault(key, []).append(number)
        else:
            refused += 1
    for key, numbers in accepted.items():
        begin = least[key] + 1
        assert sorted(numbers) == list(range(begin, begin + len(numbers))), key
    return sum(map(len, accepted.values())), refused


def run(place, database, applications, chats, numbers):
    fill(database, applications, chats)
    least = expected(applications, chats)
    server = Server(place / "server").start()
    blocks = sets_of(database, place)
    for keys in blocks.values():
        keys["startup_delay"] = "100ms"
    agent = Agent(place / "agent", server, blocks=blocks)
    try:
        agent.start()
        wait_for(lambda: raised(server, least), "the first rebuild", 60)
        told(agent, 200)
        server.client().flushall()
        expect_warning(agent, applications)
        with Clients(server, list(least)) as clients:
            agent.stop()
            agent.start()
            wait_for(lambda: raised(server, least), "the rebuild", 60)
            enough = clients.count() + numbers
            wait_for(lambda: clients.count() >= enough or clients.errors,
                     "so many numbers", 600)
        told(agent, 200)
        agent.stop()
    finally:
        agent.kill()
        server.kill()
    given, refused = judge(clients, least)
    assert given >= numbers
    return given, refused


def give_out(place, name, applications, chats, numbers):
    """Gives out at least so many numbers; how many, and how many more were
    too low."""
    if name == "sqlite3":
        return run(place, Sqlite(place / "chat.db"), applications, chats,
                   numbers)
    database = Postgres(place / "pg")
    try:
        return run(place, database.start(), applications, chats, numbers)
    finally:
        database.stop()
