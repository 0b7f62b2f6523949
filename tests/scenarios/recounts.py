"""A server that loses its counters, and an agent that gives them back while
clients count: a short sample is a scenario, all of it in tests/soak."""

import re

from counting import Clients, expected, fill, sets_of
from servers import wait_for

PATH = "/health/redis_counters"
HIGHER = 10 ** 9  # the database's numbers: nobody counts so far meanwhile
ITEM = ["redis_counter", "db_max", "consistent"]
ONES = {"chat_applications": ["id", "name", *ITEM],
        "chats": ["id", "chat_application_id", *ITEM]}


class Recount:
    """One database, one server, one agent."""

    def __init__(self, place, database, server, agent, applications, chats):
        self.server, self.agent = server, agent
        fill(database, applications, chats)
        database.sql(f"update messages set number = number + {HIGHER};"
                     f"update chats set number = number + {HIGHER};")
        self.least = {key: least + HIGHER if least else 0 for key, least in
                      expected(applications, chats).items()}
        self.keys = list(self.least)
        self.lost = [k for k in self.keys if self.least[k]]
        agent.blocks.update({name: {**keys, "startup_delay": "0"} for name,
                             keys in sets_of(database, place).items()})

    def values(self):
        return [int(value or 0) for value in
                self.server.client().mget(self.keys)]

    def rebuilds(self):
        return re.findall(r"counters were rebuilt set=(\S+) raised=(\d+)",
                          self.agent.log_text())

    def restart_and_rebuild(self, sample="20"):
        """A sample that finds some of three in four."""
        for block in self.agent.blocks.values():
            block["startup_sample"] = sample
        if self.agent.process:
            self.agent.stop()
        self.agent.log.write_text("")
        self.agent.start()
        wait_for(lambda: len(self.rebuilds()) == 2, self.agent.log_text, 120)
        assert len(re.findall("detected! Triggering rebuild",
                              self.agent.log_text())) == 2

    def health(self, status):
        wait_for(lambda: self.agent.get(PATH, timeout=60).status == status,
                 lambda: self.agent.get(PATH, timeout=60).text)
        answer = self.agent.get(PATH, timeout=60).json
        assert list(answer) == ["status", "checked_at", *ONES, "warnings"]
        for name, columns in ONES.items():
            assert 1 <= len(answer[name]) <= 10
            assert all(list(item) == columns for item in answer[name])
        return answer

    def fills_an_empty_server(self):
        self.restart_and_rebuild()
        assert self.values() == list(self.least.values())
        assert self.health(200)["warnings"] == []

    def tells_a_flush_and_mends_it_at_a_restart(self):
        self.server.client().flushall()
        answer = self.health(503)
        assert answer["status"] == "warning"
        assert any(w.startswith("ChatApplication ") and
                   re.search(r" \(App \d+\): Redis counter \(0\) < DB max "
                             r"\(\d+\)$", w) for w in answer["warnings"])
        self.restart_and_rebuild()
        assert self.health(200)["status"] == "healthy"
        pipe = self.server.client().pipeline(transaction=False)
        for key in self.keys:
            pipe.incr(key)
        assert pipe.execute() == [n + 1 for n in self.least.values()]

    def given(self, clients):
        """What the clients got of each key, in the order of the numbers."""
        given = {}
        for key, number in clients.expect_none_twice():
            given.setdefault(key, []).append(number)
        return {key: sorted(numbers) for key, numbers in given.items()}

    def wait_for_numbers(self, clients, count):
        wait_for(lambda: clients.count() >= count or clients.errors,
                 lambda: f"{count} numbers: {clients.count()}", 300)

    def lets_clients_count_who_lost_nothing(self, numbers):
        """Others' counters are lost: theirs only rise, by one each time."""
        theirs = self.keys[::2]
        others = sorted(set(self.lost) - set(theirs))
        before = dict(zip(self.keys, self.values()))
        with Clients(self.server, theirs) as clients:
            for i in range(0, len(others), 1000):
                self.server.client().delete(*others[i:i + 1000])
            self.restart_and_rebuild("0")
            self.wait_for_numbers(clients, numbers)
        for key, got in self.given(clients).items():
            assert got == list(range(before[key] + 1,
                                     before[key] + 1 + len(got))), key
        after = dict(zip(self.keys, self.values()))
        assert all(after[k] == self.least[k] for k in others)
        return clients.count()

    def lets_clients_count_who_lost_all(self, numbers):
        """They begin at 1, and are raised in the middle of it."""
        self.agent.stop()
        self.server.client().flushall()
        with Clients(self.server, self.keys) as clients:
            self.restart_and_rebuild()
            self.wait_for_numbers(clients, numbers)
        after = dict(zip(self.keys, self.values()))
        raised = 0
        for key, got in self.given(clients).items():
            least = self.least[key]
            low = [n for n in got if n <= least]
            high = [n for n in got if n > least]
            raised += bool(low and high)
            assert low == list(range(1, len(low) + 1)), key
            assert high == list(range(least + 1, least + 1 + len(high))), key
            assert after[key] == max(got[-1], least), key
        assert all(after[key] >= self.least[key] for key in self.keys)
        assert raised, "nobody counted through the rebuild"
        return clients.count()
