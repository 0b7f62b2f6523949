"""Retention under the agent: pruned after each snapshot, frozen when the data
is gone, told in status, list and metrics."""

import pytest

from servers import wait_for


@pytest.fixture
def server(serve):
    one = serve(appendonly="yes")
    one.client().mset({f"k{n}": n for n in range(100)})
    return one


@pytest.fixture
def keeping(keep, agent, server):
    """An agent that takes a snapshot each second and keeps three."""
    one = agent(server, schedule_snapshot="every 1s", retention_last="3",
                schedule_prune="after snapshot")
    keep.repo = one.repo
    return one


def ids(snapshots):
    return [s["id"] for s in snapshots]


def retention(agent):
    return agent.status()["retention"]


def listed(agent):
    return ids(agent.get("/api/snapshots").json["snapshots"] or [])


def test_three_stay_and_status_tells_why(keep, keeping):
    told = wait_for(lambda: (retention(keeping)["removed"] or 0) > 0 and
                    retention(keeping), "the first one that goes", 30)
    assert told["kept"] == 3 and told["frozen"] is False
    assert ["last 3"] in told["reasons"].values()
    assert ["no rule keeps it"] in told["reasons"].values()
    job = keeping.job("prune")
    assert job["last"]["result"] == "ok" and job["failures"] == 0
    assert keeping.metrics()["redkeep_retention_frozen"] == 0
    held = keep.list()[-1]["id"]
    keep("hold", held)
    wait_for(lambda: retention(keeping)["reasons"].get(held) == ["held"],
             "the held one to be old", 30)
    assert held in listed(keeping)
    keep("release", held)
    wait_for(lambda: held not in listed(keeping), "its end")
    keeping.stop()
    keep("verify", "--all")
    assert len(keep.list()) in (3, 4)


def test_the_freeze_is_seen_everywhere_until_it_is_accepted(
        keep, server, keeping):
    wait_for(lambda: len(listed(keeping)) >= 3, "three", 30)
    server.client().flushall()
    server.client().set("only", 1)
    wait_for(lambda: retention(keeping)["frozen"], "the freeze", 30)
    before = listed(keeping)[0]
    wait_for(lambda: keeping.job("prune")["last"]["result"] == "refused",
             "a refused prune", 30)
    wait_for(lambda: len(listed(keeping)) >= 6, "more than the rules keep", 30)
    told = keeping.status()
    assert before in listed(keeping)
    assert "has 1 keys" in told["retention"]["text"]
    assert "frozen" in keeping.job("prune")["last"]["text"]
    assert "dataset_collapsed" in keeping.alarms()
    assert keeping.metrics()["redkeep_retention_frozen"] == 1
    keep("prune", "--redis", server.url, "--retention-last", "3", "--accept",
         listed(keeping)[-1])
    wait_for(lambda: retention(keeping)["frozen"] is False, "its end", 30)
    wait_for(lambda: before not in listed(keeping), "the old ones' end", 30)
    wait_for(lambda: keeping.job("prune")["last"]["result"] == "ok",
             "a prune that is well", 30)
    wait_for(lambda: "dataset_collapsed" not in keeping.alarms(),
             "the alarm's end", 30)
    assert keeping.metrics()["redkeep_retention_frozen"] == 0
