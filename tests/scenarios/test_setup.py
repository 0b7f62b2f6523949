"""redkeep setup: what it finds on a host, and the configuration it writes."""

import pytest

from data import fill, one_client
from program import tree
from servers import APART, free_port
from test_agent_config import judge


def inside(server):
    """Runs a command among the processes that the server sees."""
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(children) as numbers:
        pid = numbers.read().split()[0]
    return ["nsenter", "-t", pid, "-p", "-m"]


def alone(serve, **settings):
    return serve(wrap=APART, **settings)


def values(text):
    """The keys that a configuration gives, by their names alone."""
    pairs = [line.split(" = ", 1) for line in text.splitlines()
             if " = " in line and line[0] not in "#;"]
    return dict(pairs)


@pytest.mark.need("unshare")
def test_a_running_server_is_found_and_the_agent_takes_the_file(
        place, keep, serve, agent):
    port = free_port()
    server = alone(serve, port=str(port), appendonly="yes")
    fill(one_client(server))
    path = place / "redkeep.conf"
    told = keep("setup", "--output", path, user=inside(server))
    told.says(f"127.0.0.1:{port}: Redis 7.0.* keys, data in {server.data}",
              f"written for redis://127.0.0.1:{port}", "redkeepd -n -c")
    text = path.read_text()
    assert judge(path) == (0, [])
    found = values(text)
    assert found["redis"] == f"redis://127.0.0.1:{port}"
    assert found["repo"] == str(keep.repo)
    assert "data_dir" not in found and "password_file" not in found
    assert f"# Its data: {server.data}" in text
    # Nothing but that file.
    assert not keep.repo.exists()

    a = agent(server, begin=False)
    a.settings = {}
    a.extra = {"REDKEEP_HTTP_LISTEN": f"127.0.0.1:{a.port}"}
    a.write = lambda: a.file.write_text(text)
    a.start().wait_state("connected")


@pytest.mark.need("unshare")
def test_text_goes_to_standard_output_and_findings_beside(keep, serve):
    server = alone(serve, port=str(free_port()))
    told = keep("setup", user=inside(server))
    assert told.out.startswith("# Configuration of redkeep")
    assert "[redkeep]\ninstance = main\n" in told.out
    assert "Redis 7.0" in told.err and "[redkeep]" not in told.err


@pytest.mark.need("unshare")
def test_every_server_gets_a_command_of_its_own(place, keep, serve):
    one = alone(serve, home="one", port=str(free_port()))
    other = serve("redis-cache", begin=False, port=str(free_port()),
                  wrap=inside(one)).start()
    told = keep("setup", "--json", user=inside(one)).json
    by_url = {s["url"]: s for s in told["servers"]}
    for server in (one, other):
        seen = by_url[f"redis://127.0.0.1:{server.settings['port']}"]
        assert seen["answers"] and seen["role"] == "master"
        assert seen["data_dir"] == str(server.data)
        assert seen["config_file"] == str(server.home / "redis.conf")
        assert seen["appendonly"] is False and seen["error"] is None
    lines = keep("setup", user=inside(one)).err.splitlines()
    command = next(line for line in lines if line.startswith("for redis://")
                   and "redkeep setup --redis" in line)
    words = command.split("redkeep ")[1].split()
    words[-1] = str(place / "second.conf")
    keep(*words)
    assert judge(words[-1]) == (0, [])
    found = values((place / "second.conf").read_text())
    assert found["redis"] in by_url and found["listen"] != "127.0.0.1:9736"
    assert found["instance"] != "main"


def test_what_is_there_is_never_written_over(place, keep, serve):
    server = serve()
    path = place / "redkeep.conf"
    path.write_text("mine\n")
    before = tree(place / "server" / "data")
    keep("setup", "--redis", server.url, "--output", path, exit=4).says(
        "redkeep.conf")
    assert path.read_text() == "mine\n"
    keep("setup", "--redis", server.url, "--output", place / "no" / "x",
         exit=3).says("No such file")
    assert tree(place / "server" / "data") == before
    assert [p.name for p in place.iterdir() if "redkeep-new" in p.name] == []


def test_a_password_goes_into_no_text(place, keep, serve):
    port = free_port()
    server = serve(requirepass="hunter2", port=str(port),
                   auth={"password": "hunter2"})
    told = keep("setup", "--json", "--redis", server.url)
    seen = told.json["servers"][0]
    assert seen["wants_password"] and not seen["answers"]
    assert "NOAUTH" in seen["error"]
    assert values(told.json["configuration"])["password_file"] == \
        "/etc/redkeep/main.password"

    secret = place / "secret"
    secret.write_text("hunter2\n")
    told = keep("setup", "--redis", server.url, "--password-file", secret)
    assert values(told.out)["password_file"] == str(secret)
    assert "Redis 7.0" in told.out

    told = keep("setup", "--redis", f"redis://:hunter2@127.0.0.1:{port}")
    assert values(told.out)["redis"] == f"redis://127.0.0.1:{port}"
    assert "hunter2" not in told.out + told.err
    path = place / "a.conf"
    path.write_text(told.out)
    assert judge(path) == (0, [])


def test_a_server_that_hides_its_directory_or_is_away(place, keep, serve):
    server = serve(rename_command=("CONFIG", ""), port=str(free_port()))
    told = keep("setup", "--json", "--redis", server.url).json
    assert told["servers"][0]["answers"]
    assert told["servers"][0]["data_dir"] is None
    server.kill()
    told = keep("setup", "--redis", server.url)
    told.says("does not answer")
    assert "did not tell what it is" in told.out
    assert values(told.out)["redis"] == server.url


def test_an_odd_path_of_a_socket_is_written_so_that_it_is_read_again(
        place, keep, serve):
    server = serve()
    odd = place / "odd ;x"
    odd.mkdir()
    (odd / "s").symlink_to(server.socket)
    told = keep("setup", "--redis", f"unix://{odd}/s".replace(" ", "%20"))
    path = place / "a.conf"
    path.write_text(told.out)
    assert judge(path) == (0, [])
    assert values(told.out)["redis"].endswith("/odd%20%3Bx/s")
