"""The HTTP interface of a real agent: every path, its token, its limits, and
that it answers whatever hangs."""

import http.client
import signal
import socket
import subprocess
import time

import pytest

from http_abuse import Noise, Slow, percentile, watch_live
from servers import wait_for

PATHS = ["/health/live", "/health/ready", "/health/detailed",
         "/health/dependencies", "/health/redis_counters", "/gate/require",
         "/gate/check", "/metrics", "/api/status", "/api/snapshots"]
PROBES = PATHS[:2]
TOKEN = "a-token-of-the-scenario"


def settle(agent):
    """Waits until all is known and well."""
    wait_for(lambda: agent.get("/health/ready").json["status"] == "healthy",
             f"health: {agent.get('/health/ready').text}")
    return agent


def check_headers(answer, kind="application/json"):
    head = answer.headers
    assert head["Content-Type"].startswith(kind)
    assert head["Cache-Control"] == "no-store"
    assert head["X-Content-Type-Options"] == "nosniff"
    assert head["Content-Security-Policy"] == "default-src 'none'"
    assert int(head["Content-Length"]) >= len(answer.body)
    assert not {"Server", "Access-Control-Allow-Origin"} & set(head.keys())


def test_every_path_answers_and_nothing_else_does(serve, agent):
    one = settle(agent(serve(appendonly="yes")))
    for path in PATHS:
        got = one.get(path)
        assert got.status == 200, got.text
        check_headers(got, "text/plain; version=0.0.4" if path == "/metrics"
                      else "application/json")
        assert got.body.endswith(b"\n")
        if path != "/metrics":
            assert isinstance(got.json, dict)
        head = one.ask(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        check_headers(head, got.headers["Content-Type"])
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            refused = one.ask(path, method)
            assert refused.status == 405
            assert refused.headers["Allow"] == "GET, HEAD"
            assert set(refused.json) == {"error", "message"}
        assert one.get(path + "/").status == 404
        assert one.get(path + "?a=b").status == 200
    for path in ("/", "/api/series", "/gate", "/health/",
                 "/health/%6cive", "/health/../health/live", "//health/live"):
        got = one.get(path)
        assert got.status == 404, path
        assert got.json["error"] == "Not Found"
        check_headers(got)


def test_the_token_comes_first(serve, agent, place):
    secret = place / "token"
    secret.write_text(TOKEN + "\n")
    one = agent(serve(), http_token_file=str(secret))
    for path in [*PATHS, "/nowhere"]:
        got = one.get(path)
        assert got.status == (200 if path in PROBES else 401), path
        if got.status == 401:
            assert got.headers["WWW-Authenticate"] == \
                'Bearer realm="redkeep"'
            assert got.json["error"] == "Unauthorized"
    assert one.ask("/metrics", "POST").status == 401
    one.headers = {"Authorization": f"bearer {TOKEN}"}
    for path in PATHS:
        assert one.get(path).status == 200, path
    assert one.get("/nowhere").status == 404
    assert one.ask("/metrics", "POST").status == 405

    # Another token, by a signal; the old one is worth nothing.
    secret.write_text("another-" + TOKEN)
    one.reload(http_token_probes="yes")
    wait_for(lambda: one.get("/health/live").status == 401, "a new token")
    one.headers = {"Authorization": f"Bearer another-{TOKEN}"}
    for path in PATHS:
        got = one.get(path)
        assert got.status == 200 and TOKEN not in got.text
    # One that cannot be read changes nothing.
    secret.write_text("short")
    one.reload()
    wait_for(lambda: "token_file" in one.status()["config"]["error"],
             "the error")
    assert one.metrics()["redkeep_config_last_reload_ok"] == 0
    assert TOKEN not in one.log_text()


def test_an_open_door_is_told(serve, agent):
    one = agent(serve(), begin=False)
    one.settings["http_listen"] = f"0.0.0.0:{one.port}"
    one.start()
    assert one.says(r"warning HTTP: everybody who reaches this address")
    one.stop()
    one.settings["http_token"] = TOKEN
    one.log.write_text("")
    one.start()
    assert not one.says("everybody")


def test_an_address_that_is_taken_is_told(serve, agent):
    with socket.create_server(("127.0.0.1", 0)) as other:
        one = agent(serve(), begin=False)
        one.settings["http_listen"] = "127.0.0.1:%d" % other.getsockname()[1]
        one.launch()
        assert one.process.wait(timeout=10) == 3
        assert one.says(r"127\.0\.0\.1:\d+: Address already in use")


def test_ipv6_and_off(serve, agent):
    server = serve()
    one = agent(server, begin=False)
    one.settings["http_listen"] = f"[::1]:{one.port}"
    one.launch()

    def live():
        try:
            link = http.client.HTTPConnection("::1", one.port, timeout=5)
            link.request("GET", "/health/live")
            return link.getresponse().status == 200
        except OSError:
            return False
    wait_for(live, "an answer over IPv6")
    two = agent(server, home="off", begin=False)
    two.settings["http_listen"] = "off"
    two.launch().wait_log("^.* info Server started")
    assert not two.serves()
    two.stop()


def test_answers_while_the_server_hangs(serve, agent):
    server = serve(appendonly="yes")
    one = settle(agent(server, connection_command_timeout="300ms"))
    server.process.send_signal(signal.SIGSTOP)
    slowest, end = 0, time.monotonic() + 2
    while time.monotonic() < end:
        for path in PATHS:
            slowest = max(slowest, one.get(path).seconds)
    server.process.send_signal(signal.SIGCONT)
    assert slowest < 0.1, slowest
    settle(one)


def test_health_follows_what_it_needs(serve, agent, place):
    server = serve()
    flag = place / "up"
    flag.write_text("")
    command = {"command": f"echo so it is; test -e {flag}", "every": "1s"}
    one = agent(server, blocks={
        "dependency needed": {**command, "required": "yes"},
        "dependency other": command})
    settle(one)
    def needed():
        return one.get("/health/ready").json["checks"]["needed"]
    wait_for(lambda: needed()["status"] == "up", "the dependency")
    assert needed()["message"] == "so it is"
    assert needed()["responseTime"] >= 0
    flag.unlink()

    def overall():
        answer = one.get("/health/ready")
        return answer.json["status"], answer.status
    wait_for(lambda: overall() == ("degraded", 200), "degraded")
    deps = one.get("/health/dependencies").json["dependencies"]
    assert deps["needed"]["status"] == "down"
    flag.write_text("")
    wait_for(lambda: overall() == ("healthy", 200), "healthy")

    server.kill()
    wait_for(lambda: overall() == ("degraded", 200), "degraded")
    ready = one.get("/health/ready").json["checks"]["redis"]
    assert ready["status"] == "degraded" and ready["responseTime"] is None
    detailed = one.get("/health/detailed").json["checks"]["redis"]
    assert detailed["status"] == "unhealthy"
    assert detailed["connectionStatus"] in ("disconnected", "reconnecting")
    assert detailed["lastError"] and detailed["lastErrorTime"]
    server.start()
    wait_for(lambda: overall() == ("healthy", 200), "healthy")

    gone = one.repo.with_name("gone")
    one.repo.rename(gone)
    wait_for(lambda: overall() == ("unhealthy", 503), "unhealthy")
    assert one.get("/health/detailed").status == 503
    assert one.get("/health/live").status == 200
    assert one.get("/health/dependencies").status == 200
    gone.rename(one.repo)
    wait_for(lambda: overall() == ("healthy", 200), "healthy")


def test_what_a_command_changed_shows_soon(serve, agent, keep):
    server = serve(appendonly="yes")
    one = settle(agent(server))
    assert one.get("/api/snapshots").json == {"snapshots": [], "windows": [],
                                              "gaps": []}
    taken = keep("--repo", one.repo, "--redis", server.url, "snapshot",
                 "--json").json["id"]
    wait_for(lambda: one.get("/api/snapshots").json["snapshots"],
             "the snapshot", 2)
    listed = keep("--repo", one.repo, "list", "--json").json
    assert one.get("/api/snapshots").json == listed
    assert one.status()["last_snapshot"] == listed["snapshots"][0]
    assert listed["snapshots"][0]["id"] == taken


def test_slow_requests_end_in_time(serve, agent):
    one = agent(serve(), http_request_timeout="500ms",
                http_idle_timeout="700ms")

    def took(*drops):
        """Seconds until the end of a connection that gives these bytes, the
        last one again and again."""
        with socket.create_connection(("127.0.0.1", one.port), 5) as link:
            begun = time.monotonic()
            link.settimeout(0.05)
            for drop in drops:
                link.sendall(drop)
            while True:
                try:
                    if not link.recv(4096):
                        break
                except TimeoutError:
                    if drops:
                        link.sendall(drops[-1][-1:])
                except ConnectionError:
                    break
            return time.monotonic() - begun
    for drops in ((b"G",), (b"GET / HTTP/1.1\r\n", b"A: b"),
                  (b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n", b"x")):
        assert 0.4 < took(*drops) < 0.7, drops
    assert 0.6 < took() < 0.9


@pytest.mark.parametrize("text,status", [
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nA: " + b"a" * 1000000, 431),
    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200000, 431),
    (b"a" * 1000000, 414)], ids=["line", "header", "headers", "nonsense"])
def test_large_requests_are_refused(serve, agent, text, status):
    one = agent(serve(), http_request_timeout="1s")
    before = one.rss_kib()
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", one.port), 5) as link:
            try:
                link.sendall(text)
            except ConnectionError:
                pass  # it has ended: what it said is there
            got = link.recv(4096)
        assert got.startswith(b"HTTP/1.1 %d " % status), got[:100]
    assert one.rss_kib() < before + 2048
    assert one.get("/health/live").status == 200


def test_one_connection_too_many(serve, agent):
    one = agent(serve(), http_max_connections="8")
    links = [socket.create_connection(("127.0.0.1", one.port), 5)
             for _ in range(8)]
    with pytest.raises(AssertionError):
        wait_for(one.serves, "an answer", 0.5)
    assert one.get("/health/live").status == 503
    links.pop().close()
    wait_for(one.serves, "an answer")
    assert one.metrics()["redkeep_http_connections"] == 8
    one.stop(5)  # whoever is still connected
    for link in links:
        assert link.recv(1) == b""


def test_no_descriptor_left(serve, agent):
    one = settle(agent(serve(), http_idle_timeout="2s"))
    subprocess.run(["prlimit", f"--pid={one.pid}", "--nofile=40:40"],
                   check=True)
    before = one.descriptors()
    links = [socket.create_connection(("127.0.0.1", one.port), 5)
             for _ in range(60)]
    one.wait_log("cannot accept connections.*Too many open files")
    cpu = one_cpu(one)
    time.sleep(0.5)
    assert one_cpu(one) - cpu < 0.25, "it spins"
    for link in links:
        link.close()
    wait_for(lambda: one.serves() and one.descriptors() <= before + 1,
             "its descriptors back")
    settle(one)


def one_cpu(agent):
    """Seconds of the processor the agent has used."""
    fields = open(f"/proc/{agent.pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_abuse(serve, agent):
    """Many slow clients and a fuzzer at once; /health/live minds neither.
    The time is long, for the fuzzer: more of it is in the soak."""
    one = settle(agent(serve(appendonly="yes"), http_request_timeout="2s",
                       http_idle_timeout="2s"))
    with Noise(one.port, 1):  # until the memory it needs for that is there
        time.sleep(2)
    before, rss = one.descriptors(), one.rss_kib()
    with Slow(one.port) as slow, Noise(one.port, 2) as noise:
        wait_for(lambda: slow.ended > 50, "slow ones that are ended")
        took, other = watch_live(one, 17)
    assert percentile(took, 99) < 0.1, percentile(took, 99)
    # While all others are young, one too many is refused.
    assert len(other) < len(took) / 5, (len(other), len(took), other[:3])
    assert noise.count > 500
    wait_for(lambda: one.descriptors() <= before, "its descriptors back")
    assert one.rss_kib() < rss + 4096, (rss, one.rss_kib())
    codes = {k: v for k, v in one.metrics().items() if "http_requests" in k}
    assert codes['redkeep_http_requests_total{code="400"}'] > 50, codes
    settle(one)
