"""Commands that the server renames are in its AOF by their new names."""

from data import one_client


def test_a_renamed_command_is_no_damage_in_a_snapshot(keep, serve, boot,
                                                      place):
    settings = {"rename_command": ("RPUSH", "push-it")}
    server = serve(appendonly="yes", **settings)
    client = one_client(server)
    client.execute_command("push-it", "list", 1, 2, 3)
    result = keep.snapshot(server)
    assert result["verdict"] == "sound" and result["bound"] is True
    keep("verify")
    server.stop()
    keep("check", server.data, exit=1).says("push-it", "renames")
    keep("restore", "latest", "--to", place / "to")
    again = one_client(boot(place / "to", **settings))
    assert again.lrange("list", 0, -1) == [b"1", b"2", b"3"]
