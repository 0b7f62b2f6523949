"""redkeep status with an agent that keeps a real server."""

import signal

import pytest

from data import fill
from servers import wait_for

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def status(keep):
    """status(agent): as its operator asks, with its configuration."""
    def ask(agent, *args, **options):
        return keep("status", "--config", agent.file, "--repo", agent.repo,
                    *args, **options)
    return ask


def protected(agent):
    """Waits until what there is is kept and nothing is wrong."""
    wait_for(lambda: agent.job("snapshot")["last"] and
             agent.status()["protected_until"],
             f"the first snapshot: {agent.log_text()}")
    return agent


@pytest.fixture
def kept(agent, serve):
    """A server with data, and an agent that has taken a snapshot of it."""
    server = serve(appendonly="yes")
    fill(server.client())
    return server, protected(agent(server, schedule_snapshot="every 1h"))


def test_what_the_agent_says_is_what_is_shown(kept, status):
    server, agent = kept
    result = status(agent)
    state = agent.status()
    assert result.out.startswith(f"main: redkeepd {state['version']}, "
                                 f"pid {agent.pid}")
    result.says("connected, redis 7.0", "primary", str(server.data),
                state["last_snapshot"]["id"], "every 1h",
                r"snapshot +every 1h +ok, [^\n]* +in (59 min|1 h)", "all is well$")
    told = status(agent, "--json").json
    assert told.keys() == state.keys()
    for key in ("instance", "config", "protected_until", "last_snapshot",
                "jobs", "alarms"):
        assert told[key] == state[key], key
    assert status(agent, "--quiet").out == ""


def test_a_server_that_went_is_told_and_one_that_came_back(kept, status):
    server, agent = kept
    server.stop()
    agent.wait_state("connecting")
    status(agent, exit=1).says("! the server is not connected .*: "
                               "(no such file|connection refused)",
                               f"to do: redis-cli -s {server.socket} ping")
    server.start()
    agent.wait_state("connected")
    result = status(agent, exit=1)
    result.says("connected, redis", "! alarm server_restarted")
    assert "not connected" not in result.out


def test_an_alarm_is_told_with_what_to_do(agent, serve, status):
    server = serve(appendonly="yes", maxmemory="100mb")
    running = protected(agent(server, schedule_snapshot="every 1h",
                              alarms_memory="1"))
    server.client().set("x", "y" * 5000000)
    wait_for(lambda: "memory" in running.alarms(), "the alarm")
    status(running, exit=1).says("! alarm memory", "to do: redis-cli")


def test_a_job_that_failed_is_told_with_its_reason(kept, status):
    server, agent = kept
    manifest = next((server.data / "appendonlydir").glob("*.manifest"))
    manifest.write_text("garbage\n")
    agent.reload(schedule_snapshot="every 1s")
    wait_for(lambda: agent.job("snapshot")["last"]["result"] == "failed" and
             agent.status()["last_snapshot"]["verdict"] == "damaged",
             f"a failed snapshot: {agent.log_text()}")
    wait_for(lambda: "snapshot_failed" in agent.alarms(), "the alarm")
    status(agent, exit=1).says("! .*snapshot.* is damaged",
                               r"snapshot +every 1s +failed, ",
                               "! alarm snapshot_failed")


def test_a_configuration_that_was_refused_is_told(kept, status):
    _, agent = kept
    good = agent.file.read_text()
    agent.reload(http_max_connections="1")
    agent.file.write_text(good)  # that which the command itself reads
    status(agent, exit=1).says("the configuration was changed and is refused",
                               "max_connections", "redkeepd -n -c")
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: agent.status()["config"]["error"] is None, "the reload")


def test_the_token_of_the_configuration_opens(agent, serve, status, keep):
    token = keep.place / "token"
    token.write_text(TOKEN + "\n")
    running = agent(serve(appendonly="yes"), begin=False,
                    schedule_snapshot="every 1h",
                    http_token_file=str(token))
    running.headers["Authorization"] = f"Bearer {TOKEN}"
    protected(running.start())
    status(running)
    listen = f"127.0.0.1:{running.port}"
    keep("status", "--http-listen", listen, exit=2).says(
        "wants a token", "token_file")
    keep("status", "--http-listen", listen, "--http-token", "x" * 20,
         exit=2).says("does not take our token")


def test_after_a_crash_the_notes_tell_what_the_agent_knew(kept, status):
    _, agent = kept
    noted = agent.repo / "main" / "agent" / "state.json"
    ran = agent.job("snapshot")
    wait_for(lambda: noted.exists() and ran["last"]["finished"] in
             noted.read_text(), "the notes")
    before = agent.status()
    agent.kill()
    result = status(agent, exit=1)
    result.says("redkeepd does not run: nobody answers", "as the agent noted",
                "systemctl status redkeepd", r"snapshot +every 1h +ok, ")
    told = status(agent, "--json", exit=1).json
    assert told.keys() - before.keys() == {"problem", "state_written"}
    assert before.keys() <= told.keys()
    for key in ("protected_until", "last_snapshot", "last_good_snapshot"):
        assert told[key] == before[key], key
    jobs = {job["name"]: job for job in told["jobs"]}
    assert jobs["snapshot"]["last"] == ran["last"]
    assert told["pid"] is None


def test_an_agent_without_http_is_known_by_its_lock(agent, serve, status):
    server = serve(appendonly="yes")
    running = agent(server, begin=False, schedule_snapshot="every 1h",
                    http_listen="off").launch()
    folder = running.repo / "main" / "snapshots"
    wait_for(lambda: list(folder.glob("*.json")), running.log_text())
    wait_for(lambda: status(running, "--json",
                            exit=None).json["jobs"][0]["last"], "the notes")
    told = status(running, "--json").json
    assert told["pid"] == running.pid and told["problem"] is None
    status(running).says(f"redkeepd, pid {running.pid}", "all is well")
    running.stop()
    status(running, exit=1).says("redkeepd does not run")


def test_an_agent_that_is_not_reached_is_told_from_none(kept, status):
    _, agent = kept
    status(agent, "--http-listen", "127.7.7.7:1", exit=1).says(
        rf"redkeepd runs \(pid {agent.pid}\), but nobody answers at 127.7.7.7")


def test_an_agent_that_hangs_is_told_in_time(kept, status):
    _, agent = kept
    agent.process.send_signal(signal.SIGSTOP)
    try:
        status(agent, exit=3).says("no answer within 5 s")
    finally:
        agent.process.send_signal(signal.SIGCONT)
    status(agent)
