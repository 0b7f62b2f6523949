"""The gates: what they say in every state of the connection, and what clients
see of a proxy that asks them, configured as the guide shows."""

import json
import time

import pytest

from proxies import Application, Caddy, Nginx
from servers import wait_for


def closed(state):
    return {"error": "Service Temporarily Unavailable",
            "message": "Redis cache is currently unavailable. "
                       "Please retry in a few seconds.",
            "status": state, "retryAfter": 30,
            "details": {"connectionState": state, "retrying": True}}


def check_gates(one, state):
    """Both say the same of it; HEAD gets the same head."""
    is_open = state == "connected"
    for method in ("GET", "HEAD"):
        require = one.ask("/gate/require", method)
        assert require.status == (200 if is_open else 503)
        assert require.headers["Retry-After"] == (None if is_open else "30")
        check = one.ask("/gate/check", method)
        assert check.status == 200
        assert check.headers["X-Redis-Available"] == \
            ("true" if is_open else "false")
        assert (require.body == b"") == (check.body == b"") == \
            (method == "HEAD")
    assert one.get("/gate/check").json == \
        {"redisAvailable": is_open, "status": state}
    assert one.get("/gate/require").json == \
        ({"available": True, "status": state} if is_open else closed(state))


def test_gates_in_every_state(serve, agent):
    server = serve()
    server.client().execute_command("DEBUG", "POPULATE", 20000)
    server.client().save()
    server.stop()
    one = agent(server, connection_start_attempts="2",
                connection_delays="2s")
    assert one.state() == "connecting"
    check_gates(one, "connecting")
    one.wait_state("failed")
    check_gates(one, "failed")

    one.reload(connection_delays="20ms")
    server.settings.update({"key-load-delay": "2000",
                            "loading-process-events-interval-bytes": "1024"})
    server.launch()
    wait_for(lambda: one.status()["server"]["loading"], "loading")
    check_gates(one, one.state())
    server.client().config_set("key-load-delay", 0)
    one.wait_state("connected")
    check_gates(one, "connected")

    one.reload(connection_delays="30s")
    server.kill()
    one.wait_state("disconnected")
    check_gates(one, "disconnected")


@pytest.fixture
def proxy(place):
    """proxy(Nginx, agent) starts one before an application."""
    running = []

    def start(kind, one, **changes):
        application = Application()
        it = kind(place / f"proxy{len(running)}", one, application)
        running.append(it)
        return it.start(**changes)

    yield start
    for it in running:
        it.stop()
        it.application.shutdown()
        it.application.server_close()


def is_shut(reply):
    return (reply.status == 503 and reply.headers["Retry-After"] == "30" and
            reply.headers["Content-Type"].startswith("application/json") and
            json.loads(reply.text)["error"] ==
            "Service Temporarily Unavailable")


def check_shut(it):
    """No method and no body gets through, all else does."""
    seen = it.application.seen
    for method, body in (("GET", None), ("POST", "x" * 100_000),
                         ("DELETE", None)):
        reply = it.ask("/api/x", method, body)
        assert is_shut(reply), (method, reply.status, reply.text)
    assert it.application.seen == seen
    assert it.ask("/x").status == 200


def check_open(it):
    for method, body in (("GET", None), ("POST", "x" * 100_000)):
        assert it.ask("/api/x", method, body).status == 200
    broken = it.ask("/api/broken", "POST", "x")
    assert (broken.status, broken.headers["Retry-After"]) == (500, None)


def test_nginx_with_the_server_up_killed_and_back(serve, agent, proxy):
    server = serve()
    one = agent(server)
    one.wait_state("connected")
    open_, shut = proxy(Nginx, one), proxy(Nginx, one, **{
        "return 204": "return 503"})
    for it in open_, shut:
        check_open(it)
        assert it.ask("/pages/x").text == "true"
        # Nobody asks the gate through the proxy, nor pretends.
        assert it.ask("/redkeep/require").status == 404
        assert it.ask("/pages/x", **{"X-Redis-Available": "x"}).text == "true"
    server.kill()
    for it in open_, shut:
        wait_for(lambda: it.ask("/api/x").status == 503, "a gate that is shut")
        check_shut(it)
        wait_for(lambda: it.ask("/pages/x").text == "false", "the word of it")
    server.start()
    for it in open_, shut:
        wait_for(lambda: it.ask("/api/x").status == 200, "an open gate")
        check_open(it)

    # However many clients there are, the agent is asked once in a while.
    count = 'redkeep_http_requests_total{code="200"}'
    before = one.metrics()[count]
    begun = time.monotonic()
    for _ in range(300):
        assert open_.ask("/api/x").status == 200
    assert one.metrics()[count] - before < 5 + time.monotonic() - begun

    one.stop()
    wait_for(lambda: shut.ask("/api/x").status == 503, "nobody to ask")
    check_shut(shut)
    assert shut.ask("/pages/x").status == 200
    check_open(open_)
    assert open_.ask("/pages/x").text == "None"


def test_nginx_with_a_token(serve, agent, proxy):
    token = "a-token-of-the-scenario"
    server = serve()
    one = agent(server, http_token=token)
    one.headers = {"Authorization": f"Bearer {token}"}
    one.wait_state("connected")
    line = "# proxy_set_header Authorization \"Bearer TOKEN\";"
    right = proxy(Nginx, one, **{line: line[2:].replace("TOKEN", token),
                                 "return 204": "return 503"})
    check_open(right)
    # A client's own is never the agent's, and is not told of.
    wrong = proxy(Nginx, one, **{"return 204": "return 503"})
    check_shut(wrong)
    reply = wrong.ask("/api/x", Authorization=f"Bearer {token}")
    assert is_shut(reply) and reply.headers["WWW-Authenticate"] is None
    server.kill()
    wait_for(lambda: right.ask("/api/x").status == 503, "a gate that is shut")
    check_shut(right)


def test_caddy_passes_on_what_the_agent_said(serve, agent, proxy):
    server = serve()
    one = agent(server)
    one.wait_state("connected")
    it = proxy(Caddy, one)
    check_open(it)
    server.kill()
    wait_for(lambda: it.ask("/api/x").status == 503, "a gate that is shut")
    check_shut(it)
    # Between the two the agent may try again.
    assert json.loads(it.ask("/api/x").text) in [
        closed(state) for state in ("connecting", "disconnected")]
    server.start()
    wait_for(lambda: it.ask("/api/x").status == 200, "an open gate")
    check_open(it)
    one.stop()
    assert it.ask("/api/x", "POST", "x").status == 502
    assert it.ask("/x").status == 200
