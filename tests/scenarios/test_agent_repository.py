"""The agent and its repository: made, gone, full, read-only, on a disk that
hangs; what it keeps there over a restart."""

import json
import os
import shutil
import signal
import stat
from pathlib import Path

import pytest

from agents import Pulse
from servers import wait_for


def check(agent):
    return agent.get("/health/ready").json["checks"]["repository"]


def is_down(agent):
    answer = agent.get("/health/ready")
    return answer.status == 503 and \
        answer.json["checks"]["repository"]["status"] == "down"


def is_up(agent):
    return check(agent)["status"] == "up"


def ids(agent):
    return [s["id"] for s in agent.get("/api/snapshots").json["snapshots"]]


def keeper_of(agent):
    """The process number of the keeper; None: none runs."""
    for pid in agent.children():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"keeper" in words:
            return pid
    return None


def state_file(agent):
    return Path(agent.settings["repo"]) / "main/agent/state.json"


def saved_events(agent):
    """What happened, as the state file has it."""
    try:
        events = json.loads(state_file(agent).read_text())["events"]
    except FileNotFoundError:
        return []
    return [e["event"] for e in events]


def snapshot(keep, server, agent):
    return keep("snapshot", "--repo", str(agent.repo), "--redis", server.url,
                "--data-dir", str(server.data), "--json").json


def test_a_repository_is_made_and_what_a_command_does_shows(serve, agent, keep):
    server = serve()
    one = agent(server)
    wait_for(lambda: is_up(one), "the repository")
    assert check(one)["message"] == "0 snapshots"
    assert stat.S_IMODE(one.repo.stat().st_mode) == 0o700
    assert stat.S_IMODE((one.repo / "main").stat().st_mode) == 0o700
    assert one.status()["protected_until"] is None
    server.client().set("a", "1")
    taken = snapshot(keep, server, one)
    wait_for(lambda: ids(one) == [taken["id"]], "the snapshot", 2)
    listed = keep("list", "--repo", str(one.repo), "--json").json
    assert one.get("/api/snapshots").json == listed
    status = one.status()
    assert status["protected_until"] == taken["state_time"]
    assert status["last_snapshot"]["id"] == taken["id"]
    assert status["last_good_snapshot"]["id"] == taken["id"]
    assert status["repository"]["snapshots"] == 1
    assert status["repository"]["bytes"] > 0
    keep("hold", taken["id"], "--repo", str(one.repo))
    wait_for(lambda: one.status()["last_snapshot"]["held"], "the hold", 2)


def test_a_repository_that_is_gone_is_down_until_it_is_back(
        serve, agent, keep, place):
    server, told = serve(), place / "told"
    one = agent(server, hooks_on_event='[ "$REDKEEP_EVENT" != repository ] ||'
                f' echo "$REDKEEP_TEXT" >>{told}')
    taken = snapshot(keep, server, one)
    wait_for(lambda: ids(one) == [taken["id"]], "the snapshot")
    away = one.home / "away"
    one.repo.rename(away)
    with Pulse(one):
        wait_for(lambda: is_down(one), "a word that it is gone", 5)
        # It is not made again: what was there would seem to be nothing.
        assert not one.repo.exists()
        status = one.status()
        assert status["protected_until"] is None
        assert not status["repository"]["writable"]
        assert one.metrics()["redkeep_repository_ok"] == 0
    away.rename(one.repo)
    wait_for(lambda: is_up(one) and ids(one) == [taken["id"]], "the snapshots")
    assert one.get("/health/ready").status == 200
    wait_for(lambda: told.exists() and len(told.read_text().split("\n")) == 3,
             "both events")
    down, up, _ = told.read_text().split("\n")
    assert down.startswith("the repository is down: ")
    assert up == "the repository is up again"


@pytest.mark.need("root", "mount")
def test_a_disk_that_is_read_only_or_full(serve, agent, place, mounts):
    disk = place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=4m", "tmpfs", disk)
    one = agent(serve(), repo=str(disk / "repo"))
    wait_for(lambda: is_up(one), "the repository")
    mounts("--bind", disk, disk)
    mounts("-o", "remount,ro,bind", disk)
    wait_for(lambda: is_down(one), "a word that it is read-only", 5)
    assert "read-only" in check(one)["message"]
    mounts("-o", "remount,rw,bind", disk)
    wait_for(lambda: is_up(one), "the repository again", 5)
    with pytest.raises(OSError):
        (disk / "much").write_bytes(bytes(5 << 20))
    wait_for(lambda: is_down(one), "a word that it is full", 5)
    assert "full" in check(one)["message"], check(one)
    one.reload()  # an event, which has to be saved
    (disk / "much").unlink()
    wait_for(lambda: is_up(one), "the repository with room", 5)
    wait_for(lambda: "reload" in saved_events(one), "what happened meanwhile")


def test_a_keeper_that_is_killed_is_replaced(serve, agent):
    one = agent(serve())
    wait_for(lambda: is_up(one), "the repository")
    first = wait_for(lambda: keeper_of(one), "the keeper")
    with Pulse(one):
        for _ in range(3):
            os.kill(first, signal.SIGKILL)
            second = wait_for(lambda: keeper_of(one) not in (None, first) and
                              keeper_of(one), "another keeper")
            assert is_up(one)
            first = second
    one.reload()
    wait_for(lambda: "reload" in saved_events(one), "the state")


def test_a_keeper_outlives_the_signals_of_an_end(serve, agent):
    """A service manager signals all processes, a terminal all of a group."""
    one = agent(serve())
    wait_for(lambda: is_up(one), "the repository")
    keeper = wait_for(lambda: keeper_of(one), "the keeper")
    assert os.getpgid(keeper) != os.getpgid(one.pid)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(keeper, number)
    one.reload()
    one.stop()
    assert "reload" in saved_events(one)
    assert not one.says("keeper of the repository has ended")
    wait_for(lambda: not Path(f"/proc/{keeper}").exists(), "its end")


def test_a_disk_that_does_not_answer_is_a_repository_that_is_down(serve, agent):
    one = agent(serve())
    wait_for(lambda: is_up(one), "the repository")
    os.kill(wait_for(lambda: keeper_of(one), "the keeper"), signal.SIGSTOP)
    with Pulse(one):
        # Three looks of 100 ms, and 5 s.
        wait_for(lambda: is_down(one), "a word that the disk hangs", 8)
        assert check(one)["message"] == "the disk does not answer"
    wait_for(lambda: is_up(one), "the repository again")


def test_a_second_agent_ends_and_names_the_first(serve, agent):
    server = serve()
    one = agent(server)
    two = agent(server, home="two", begin=False, repo=str(one.repo)).launch()
    assert two.process.wait(timeout=20) == 5
    assert str(one.pid) in two.log_text()
    one.kill()
    two.start()


def test_what_happened_is_known_after_a_restart(serve, agent):
    one = agent(serve())
    one.reload()
    # Before the state was read none is written.
    wait_for(lambda: "reload" in saved_events(one), "a state with the reload")
    one.stop()
    saved = json.loads(state_file(one).read_text())
    assert saved["format"] == 1
    assert "reload" in [e["event"] for e in saved["events"]]
    assert stat.S_IMODE(state_file(one).stat().st_mode) == 0o600
    one.start()
    one.wait_log("snapshot job|Server started")
    one.stop()
    again = json.loads(state_file(one).read_text())
    assert [e for e in again["events"] if e["event"] == "reload"] == \
        [e for e in saved["events"] if e["event"] == "reload"]


def test_a_damaged_state_is_kept_aside(serve, agent):
    one = agent(serve(), begin=False)
    state_file(one).parent.mkdir(parents=True)
    state_file(one).write_text("{\"format\":1,\"jobs\":")
    one.start()
    one.wait_log("without its state.*state.json.damaged")
    assert state_file(one).with_suffix(".json.damaged").read_text() == \
        "{\"format\":1,\"jobs\":"
    one.reload()
    wait_for(lambda: "reload" in saved_events(one), "a new state")


def test_a_state_of_a_newer_release_is_left_alone(serve, agent):
    one = agent(serve(), begin=False)
    newer = "{\"format\":2,\"jobs\":{}}"
    state_file(one).parent.mkdir(parents=True)
    state_file(one).write_text(newer)
    one.start()
    one.wait_log("without its state.*use a newer redkeep")
    one.reload()
    one.wait_log("state is not saved.*use a newer redkeep")
    assert is_up(one)
    one.stop()
    assert state_file(one).read_text() == newer


def test_a_collapse_freezes(serve, agent, keep):
    server = serve()
    client = server.client()
    for i in range(100):
        client.set(f"k{i}", "v" * 100)
    one = agent(server)
    snapshot(keep, server, one)
    client.flushall()
    client.save()
    snapshot(keep, server, one)
    wait_for(lambda: one.metrics().get("redkeep_retention_frozen") == 1,
             "the freeze")


def test_a_folder_of_another_kind_is_not_taken(serve, agent, place):
    server = serve()
    repo = place / "repo"
    shutil.copytree(server.data, repo / "main")
    (repo / "main" / "other").write_text("mine")
    one = agent(server, repo=str(repo))
    wait_for(lambda: is_down(one), "a refusal")
    assert "neither empty nor an instance" in check(one)["message"]
    one.stop()
    assert not (repo / "main" / "locks").exists()
    assert not (repo / "main" / "agent").exists()
