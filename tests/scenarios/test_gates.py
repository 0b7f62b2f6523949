"""The gates: what they say in every state of the connection, and what clients
see of a proxy that asks them, configured as the guide shows."""

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
