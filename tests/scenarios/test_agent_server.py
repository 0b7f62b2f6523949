"""What a server may do to its guests: it loads for long, changes its role,
throws them out, takes nobody more, cannot save, tells nothing of itself."""

import random
import shutil
import socketserver
import threading
import time

import pytest

from agents import Pulse
from data import fill, one_client
from servers import NAMES, free_port, wait_for


def details(one):
    return one.dependency()["details"]


def test_loading_is_no_failed_attempt(serve, agent):
    server = serve()
    fill(server.client())
    server.client().execute_command("DEBUG", "POPULATE", 20000)
    server.client().save()
    server.stop()
    server.settings.update({"key-load-delay": "2000",
                            "loading-process-events-interval-bytes": "1024"})
    server.launch()
    one = agent(server, connection_start_attempts="2")
    with Pulse(one):
        wait_for(lambda: one.status()["server"]["loading"], "loading")
        d = one.dependency()
        assert (d["status"], d["isOpen"]) == ("connecting", False)
        failed = d["details"]["retryCount"]
        ready = one.get("/health/ready")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert ready.json["checks"]["redis"]["message"] == "Loading"
        one.wait_log("Server started - some features may be degraded")
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 0.5, "many PINGs")
        assert one.status()["server"]["loading"]
        assert details(one)["retryCount"] == failed
        server.client().config_set("key-load-delay", 0)
        one.wait_state("connected")
    assert one.status()["server"]["loading"] is False
    assert details(one)["retryCount"] == 0
    assert details(one)["reconnects"] == 0
    assert one.metrics()["redkeep_redis_connection_attempts_total"] == \
        failed + 1


@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_a_replica_is_healthy_and_shown_as_one(serve, agent, name):
    primary = serve("primary", name, port=str(free_port()))
    fill(one_client(primary), name)
    replica = serve("replica", name, replicaof=(
        "127.0.0.1", primary.settings["port"]))
    one = agent(replica)
    with Pulse(one):
        one.wait_state("connected")

        def role():
            return one.status()["server"]["role"]

        wait_for(lambda: role() == "slave", "a replica")
        assert one.get("/health/ready").json["checks"]["redis"]["status"] == \
            "up"
        replica.client().execute_command("REPLICAOF", "NO", "ONE")
        wait_for(lambda: role() == "master", "a primary")
        replica.client().execute_command(
            "REPLICAOF", "127.0.0.1", primary.settings["port"])
        wait_for(lambda: role() == "slave", "a replica again")
        one.wait_state("connected")
    assert details(one)["reconnects"] == 0
    assert details(one)["lastError"] is None
    assert one.metrics()["redkeep_redis_restarts_total"] == 0


def test_fifty_times_thrown_out(serve, agent):
    server = serve()
    one = agent(server, connection_delays="5ms", alarms_reconnects="0")
    one.wait_state("connected")
    client = server.client()
    with Pulse(one):
        for i in range(50):
            client.client_kill_filter(_type="normal", skipme=True)
            wait_for(lambda: details(one)["reconnects"] == i + 1 and
                     one.state() == "connected", f"connection {i + 2}")
    assert details(one)["retryCount"] == 0
    assert one.metrics()["redkeep_redis_reconnects_total"] == 50
    assert one.metrics()["redkeep_redis_connection_attempts_total"] == 51
    assert one.log_text().count("Reconnecting after connection loss") == 50


def test_a_server_that_takes_nobody_more(serve, agent):
    server = serve()
    client = one_client(server)
    one = agent(server)
    one.wait_state("connected")
    with Pulse(one):
        client.config_set("maxclients", 1)
        client.client_kill_filter(_type="normal", skipme=True)
        wait_for(lambda: details(one)["retryCount"] >= 2, "attempts")
        assert one.dependency()["status"] == "connecting"
        assert "max number of clients reached" in details(one)["lastError"]
        client.config_set("maxclients", 100)
        one.wait_state("connected", 2)
    assert details(one)["reconnects"] == 1


def test_a_server_that_cannot_save_is_there(serve, agent):
    server = serve(save="3600 1", enable_protected_configs="yes")
    one = agent(server)
    one.wait_state("connected")
    client = server.client()
    client.set("a", 1)
    shutil.rmtree(server.data)
    client.bgsave()
    with Pulse(one):
        wait_for(lambda: one.status()["server"]["last_save_ok"] is False,
                 "the failed save")
        wait_for(lambda: details(one)["lastError"], "an error")
        assert "MISCONF" in details(one)["lastError"]
        assert one.state() == "connected"
        server.data.mkdir()
        client.config_set("dir", str(server.data))
        client.bgsave()
        wait_for(lambda: one.status()["server"]["last_save_ok"], "a save")
    assert one.state() == "connected"
    assert one.metrics()['redkeep_redis_errors_total{kind="reply"}'] == 1


def test_a_server_that_tells_nothing_of_itself(serve, agent):
    server = serve(user=[("kept", "on", ">pw", "+ping")])
    one = agent(server.url.replace("unix://", "unix://kept:pw@"))
    with Pulse(one):
        one.wait_state("connected")
        wait_for(lambda: details(one)["lastError"], "the refusal")
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 0.5, "many questions")
        assert one.state() == "connected"
        shown = one.status()["server"]
        assert shown["run_id"] is None and shown["data_dir"] is None
        assert "NOPERM" in details(one)["lastError"]
    # INFO and CONFIG GET, told once each.
    assert one.metrics()['redkeep_redis_errors_total{kind="reply"}'] == 2
    assert one.log_text().count("The server refuses") == 2
    server.client().execute_command("ACL", "SETUSER", "kept", "+info",
                                    "+config|get")
    wait_for(lambda: one.status()["server"]["run_id"], "INFO at last")


def test_the_place_of_the_data_follows_the_server(serve, agent, place):
    server = serve()
    one = agent(server)
    wait_for(lambda: one.status()["server"]["data_dir"] == str(server.data),
             "the data directory")
    server.stop()
    other = place / "other"
    other.mkdir()
    server.settings["dir"] = str(other)
    server.start()
    wait_for(lambda: one.status()["server"]["data_dir"] == str(other),
             "the other directory")
    assert details(one)["reconnects"] == 1


class Mad(socketserver.BaseRequestHandler):
    """Answers whatever it is asked with anything."""

    WORDS = [b"+PONG\r\n", b"+PONG\r\n", b"+PONG\r\n", b"+OK\r\n", b":1\r\n",
             b"$-1\r\n", b"*0\r\n", b"*-1\r\n", b"$7\r\nrun_id:\r\n",
             b"$20\r\nrun_id:" + b"\xff" * 13 + b"\r\n",
             b"$5\r\n\0\0\0\0\0\r\n",
             b"*2\r\n$3\r\ndir\r\n$4\r\n/\n\"\x1b\r\n", b"-LOADING x\r\n",
             b"-READONLY x\r\n", b"-NOAUTH x\r\n",
             b"-" + b"x" * 9000 + b"\r\n", b"*1\r\n" * 20, b"*2000000000\r\n",
             b"$16000000\r\n" + b"x" * 70000,
             b"HTTP/1.1 400\r\n", b"\0" * 100, b"+", b""]

    def handle(self):
        rng = random.Random()
        while self.request.recv(65536):
            for _ in range(rng.choice([1, 1, 1, 9])):
                self.request.sendall(rng.choice(self.WORDS))
            if rng.random() < 0.2:
                return


def test_a_mad_server_and_then_a_sane_one(serve, agent):
    class Loose(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *unused):
            pass

    server = serve()
    with Loose(("127.0.0.1", 0), Mad) as mad:
        threading.Thread(target=mad.serve_forever, daemon=True).start()
        one = agent(f"redis://127.0.0.1:{mad.server_address[1]}",
                    connection_delays="1ms", connection_ping_interval="10ms",
                    connection_info_interval="10ms",
                    connection_connect_timeout="30ms",
                    connection_command_timeout="30ms", log_level="error")

        def attempts():
            return one.metrics()["redkeep_redis_connection_attempts_total"]

        with Pulse(one):
            wait_for(lambda: attempts() >= 100, attempts)
            for path in ("/health/ready", "/health/detailed", "/api/status",
                         "/health/dependencies"):
                assert isinstance(one.get(path).json, dict)
        assert one.rss_kib() < 32 * 1024
        assert one.descriptors() < 32
        one.log_text().encode("ascii")
        one.reload(redis=server.url, log_level="info")
        wait_for(lambda: one.status()["server"]["data_dir"] ==
                 str(server.data), "the sane one")
        mad.shutdown()
    assert one.state() == "connected"
