"""The agent keeps its connection: the server is there, comes late, never,
goes, hangs, or wants another password. The agent goes on in all of it."""

import re
import socket
import time

import pytest

from agents import Pulse
from servers import free_port, localhost, wait_for
from test_connections import certificates


def steps(dependency):
    return [t["to"] for t in dependency["transitions"]]


def test_the_server_is_there_at_the_start(serve, agent):
    server = serve(requirepass="s3cret", auth={"password": "s3cret"},
                   port=str(free_port()))
    url = f"redis://:s3cret@{localhost()}:{server.settings['port']}"
    one = agent(url)
    with Pulse(one):
        one.wait_state("connected")
        d = one.dependency()
        assert d["isOpen"] is True
        assert steps(d) == ["connecting", "connected"]
        assert d["transitions"][0]["from"] == "disconnected"
        details = d["details"]
        assert details["retryCount"] == 0
        assert details["reconnects"] == 0
        assert details["lastError"] is None
        assert details["lastErrorTime"] is None
        assert details["nextAttemptIn"] is None
        assert details["mode"] == "runtime"
        assert details["uptime"] >= 0
        assert details["url"] == url.replace("s3cret", "***")
        ready = one.get("/health/ready")
        check = ready.json["checks"]["redis"]
        assert check["status"] == "up"
        assert check["responseTime"] >= 0
        assert re.fullmatch(r"Connected for \d+s", check["message"])
        one.wait_log(r"Server started$")
    words = [line.split(" ", 2)[2] for line in one.log_text().splitlines()
             if " Redis: " in line]
    assert [re.sub(r" url=.*|\d+ms", "", w) for w in words] == [
        "Redis: Initializing client", "Redis: Connection initiated",
        "Redis: Ready to accept commands",
        "Redis: Connected successfully (retryCount: 0, totalAttemptTime: )"]
    assert "s3cret" not in one.log_text()


def test_the_agent_is_there_first(serve, agent, place):
    server = serve(begin=False)
    one = agent(server, connection_delays="300ms,100ms")
    with Pulse(one):
        wait_for(lambda: one.dependency()["details"]["retryCount"] >= 2,
                 "two attempts")
        d = one.dependency()
        assert (d["status"], d["isOpen"]) == ("connecting", False)
        assert d["details"]["mode"] == "startup"
        assert d["details"]["uptime"] is None
        assert "No such file" in d["details"]["lastError"]
        assert d["details"]["lastErrorTime"].endswith("Z")
        assert 0 <= d["details"]["nextAttemptIn"] <= 0.11
        ready = one.get("/health/ready")
        assert ready.status == 200
        assert ready.json["status"] == "degraded"
        assert re.fullmatch(r"Connecting \(attempt \d+\)",
                            ready.json["checks"]["redis"]["message"])
        failed = one.dependency()["details"]["retryCount"]
        server.start()
        begun = time.monotonic()
        one.wait_state("connected")
        assert time.monotonic() - begun < 0.1 + 0.25
    d = one.dependency()
    assert steps(d) == ["connecting", "connected"]
    assert d["details"]["retryCount"] == 0
    assert d["details"]["reconnects"] == 0
    # Until the next; a socket is there a moment before one listens.
    assert re.search("No such file|Connection refused",
                     d["details"]["lastError"])
    one.wait_log(r"Redis: Connection attempt 1/20 failed, "
                 r"retrying in 300ms error=")
    one.wait_log(r"Redis: Connection attempt 2/20 failed, retrying in 100ms")
    one.wait_log(r"Server started - some features may be degraded")
    told = one.wait_log(r"Connected successfully \(retryCount: (\d+), "
                        r"totalAttemptTime: (\d+)ms\)")
    assert int(told[1]) >= failed and int(told[2]) >= 390


def test_the_server_never_comes_and_comes_at_last(serve, agent):
    server = serve(begin=False)
    one = agent(server, connection_start_attempts="3",
                connection_delays="20ms,30ms,40ms,60ms")
    with Pulse(one):
        one.wait_state("failed")
        d = one.dependency()
        assert d["details"]["mode"] == "runtime"
        assert steps(d) == ["connecting", "failed"]
        ready = one.get("/health/ready")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert re.match(r"Failed after 3 attempts",
                        ready.json["checks"]["redis"]["message"])
        detailed = one.get("/health/detailed").json["checks"]["redis"]
        assert detailed["connectionStatus"] == "failed"
        one.wait_log(r"Runtime reconnecting in 60ms \(attempt 20\)")
        assert one.state() == "failed"
        server.start()
        one.wait_state("connected", 2)
    text = one.log_text()
    assert len(re.findall(r"Connection attempt \d/3 failed", text)) == 3
    assert "Redis: Max startup retries reached, continuing without Redis" \
        in text
    told = re.findall(r"Runtime reconnecting in 60ms \(attempt (\d+)\)", text)
    told = [int(n) for n in told]
    assert told[:5] == [1, 2, 3, 4, 5]
    assert all(n % 10 == 0 for n in told[5:])
    assert steps(one.dependency()) == ["connecting", "failed", "connected"]
    assert one.dependency()["details"]["reconnects"] == 0


def test_the_server_dies_and_another_comes(serve, agent):
    server = serve()
    one = agent(server, connection_delays="100ms,200ms")
    with Pulse(one):
        one.wait_state("connected")
        run_id = wait_for(lambda: one.status()["server"]["run_id"], "a run id")
        server.kill()
        wait_for(lambda: one.dependency()["details"]["retryCount"] >= 2,
                 "attempts")
        d = one.dependency()
        assert d["status"] == "connecting"
        assert d["details"]["mode"] == "runtime"
        assert steps(d) == ["connecting", "connected", "disconnected",
                            "connecting"]
        assert one.get("/health/detailed").json["checks"]["redis"][
            "connectionStatus"] == "reconnecting"
        server.start()
        begun = time.monotonic()
        one.wait_state("connected")
        assert time.monotonic() - begun < 0.2 + 0.25
        wait_for(lambda: one.status()["server"]["run_id"] != run_id,
                 "the other's run id")
    assert one.dependency()["details"]["reconnects"] == 1
    metrics = one.metrics()
    assert metrics["redkeep_redis_restarts_total"] == 1
    assert metrics["redkeep_redis_reconnects_total"] == 1
    assert metrics['redkeep_redis_connection_state{state="connected"}'] == 1
    one.wait_log("Redis: Reconnecting after connection loss")
    one.wait_log(r"Redis: Runtime reconnecting in 200ms \(attempt 1\)")


def test_a_server_that_hangs_is_lost_in_time(serve, agent):
    server = serve()
    one = agent(server, connection_command_timeout="200ms",
                connection_connect_timeout="200ms")
    one.wait_state("connected")
    with Pulse(one):
        server.process.send_signal(19)
        begun = time.monotonic()
        wait_for(lambda: one.state() != "connected", "the loss")
        assert time.monotonic() - begun < 0.2 + 0.05 + 0.3
        assert "timeout after 200 ms" in \
            one.dependency()["details"]["lastError"]
        wait_for(lambda: one.dependency()["details"]["retryCount"] >= 2,
                 "attempts at a server that hangs")
        server.process.send_signal(18)
        one.wait_state("connected", 2)
    metrics = one.metrics()
    assert metrics['redkeep_redis_errors_total{kind="timeout"}'] >= 3
    assert metrics["redkeep_redis_restarts_total"] == 0


@pytest.mark.parametrize("word", [True, False])
def test_a_password_put_right(serve, agent, place, word):
    """By SIGHUP at once, else by the next attempt."""
    server = serve(requirepass="right", auth={"password": "right"})
    secret = place / "secret"
    secret.write_text("wrong\n")
    one = agent(server, password_file=str(secret),
                connection_delays="20ms,1h" if word else "20ms,300ms")
    with Pulse(one):
        wait_for(lambda: one.dependency()["details"]["retryCount"] == 2,
                 "two attempts")
        d = one.dependency()
        assert d["status"] == "connecting"
        assert d["details"]["lastError"].startswith("WRONGPASS")
        assert one.metrics()['redkeep_redis_errors_total{kind="auth"}'] == 2
        secret.write_text("right\n")
        if word:
            one.reload()
        one.wait_state("connected", 2)
    assert "right" not in one.log_text().replace("copyright", "")


def test_a_password_that_is_wanted_and_not_given(serve, agent):
    server = serve(requirepass="right", auth={"password": "right"})
    one = agent(server)
    wait_for(lambda: one.dependency()["details"]["lastError"], "the error")
    assert one.dependency()["details"]["lastError"].startswith("NOAUTH")
    one.reload(redis=server.url.replace("unix://", "unix://:right@"))
    one.wait_state("connected", 2)


def test_tls(serve, agent, place):
    certs = certificates(place / "certs")
    port = free_port()
    server = serve(tls_port=str(port), tls_cert_file=str(certs / "server.crt"),
                   tls_key_file=str(certs / "server.key"),
                   tls_ca_cert_file=str(certs / "ca.crt"))
    one = agent(f"rediss://127.0.0.1:{port}",
                connection_tls_cert=str(certs / "client.crt"),
                connection_tls_key=str(certs / "client.key"))
    wait_for(lambda: one.dependency()["details"]["lastError"], "the error")
    assert "certificate" in one.dependency()["details"]["lastError"]
    one.reload(connection_tls_ca=str(certs / "ca.crt"))
    one.wait_state("connected", 2)
    server.client().client_kill_filter(_type="normal", skipme=True)
    wait_for(lambda: one.dependency()["details"]["reconnects"] == 1,
             "a second TLS connection")


@pytest.mark.need("root", "unshare")
def test_a_name_server_that_does_not_answer(agent, place):
    """Looking a name up stops nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.53", 53))
        (place / "resolv.conf").write_text("nameserver 127.0.0.53\n")
        (place / "nsswitch.conf").write_text("hosts: dns\n")
        one = agent("redis://db.example:6379", wrap=[
            "unshare", "-m", "sh", "-c",
            f"mount --bind {place}/resolv.conf /etc/resolv.conf && "
            f"mount --bind {place}/nsswitch.conf /etc/nsswitch.conf && "
            "exec \"$@\"", "sh"], connection_connect_timeout="300ms")
        with Pulse(one):
            wait_for(lambda: one.dependency()["details"]["retryCount"] >= 2,
                     "two attempts")
        assert one.dependency()["details"]["lastError"] == \
            "timeout after 300 ms waiting for the look-up of the host's name"
        assert silent.recv(1000)
        one.stop()


def test_a_thousand_connections_leave_nothing_behind(serve, agent):
    server = serve()
    one = agent(server, connection_delays="1ms",
                connection_ping_interval="1h", alarms_reconnects="0",
                log_level="error")
    one.wait_state("connected")

    client = server.client()

    def lose(times):
        """Throws the agent out as soon as it has asked all it asks."""
        while times > 0:
            for guest in client.client_list():
                if guest["cmd"].startswith(("config", "info")):
                    client.client_kill_filter(_id=guest["id"])
                    times -= 1
        one.wait_state("connected")

    with Pulse(one):
        lose(200)
        before = one.descriptors(), one.rss_kib(), len(one.children())
        lose(1000)
    wait_for(lambda: one.descriptors() <= before[0], "the descriptors' end")
    assert one.rss_kib() <= before[1] + 512, before
    assert len(one.children()) == before[2]
    assert len(one.dependency()["transitions"]) == 32
    assert one.dependency()["details"]["reconnects"] >= 1190
