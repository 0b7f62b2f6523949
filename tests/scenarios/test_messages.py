"""Every failure a user can meet says what to do, with the right status."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from data import fill, one_client
from program import leftovers, tree
from servers import free_port, wait_for


@pytest.fixture
def server(serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=5)
    return server


def test_no_server(place, keep):
    keep("snapshot", "--redis", f"redis://127.0.0.1:{free_port()}",
         exit=3).says("127.0.0.1", "refused", "--data-dir|--redis|running")
    keep("snapshot", "--redis", f"unix://{place}/nobody",
         exit=3).says("nobody", "No such file|not there")
    keep("snapshot", "--redis", "redis://no.such.host.invalid",
         exit=3).says("no.such.host.invalid")
    assert not keep.repo.exists() or leftovers(keep.repo) == []


@pytest.mark.parametrize("words", [["persist", "status"], ["memory"],
                                   ["doctor"], ["doctor", "--quiet"]])
def test_no_server_for_those_that_only_ask(place, keep, words):
    url = f"redis://127.0.0.1:{free_port()}"
    result = keep(*words, "--redis", url, exit=3)
    assert f"redkeep {words[0]}: {url}: Connection refused; start it, or " \
        "name it with --redis URL" in result.err
    assert not ("--quiet" in words and " info" in result.out)


def test_a_server_that_does_not_answer(keep, server):
    server.process.send_signal(signal.SIGSTOP)
    keep("snapshot", "--redis", server.url, "--connection-connect-timeout",
         "300ms", "--connection-command-timeout", "300ms",
         exit=3).says("time ?out|timed out|no answer|300")


def test_a_wrong_url(keep):
    for url in ("http://x", "redis://h:99999", "redis://h:6379/x", ""):
        keep("snapshot", "--redis", url, exit=2).says("redis")


@pytest.mark.parametrize("given,words", [
    ("", "NOAUTH|password"), (":bad@", "WRONGPASS|invalid|password"),
    ("nobody:bad@", "WRONGPASS|invalid|password")])
def test_a_wrong_password(keep, serve, given, words):
    port = free_port()
    server = serve(appendonly="yes", requirepass="secret", port=str(port),
                   auth={"password": "secret"})
    result = keep("snapshot", "--redis", f"redis://{given}127.0.0.1:{port}",
                  exit=3).says(words, "password_file|password-file|URL|ACL")
    assert "bad" not in result.err and "secret" not in result.err
    assert keep("snapshot", "--redis", f"redis://:secret@127.0.0.1:{port}",
                "--json").json["bound"] is True
    server.stop()


def test_a_password_the_server_does_not_want(keep, serve):
    port = free_port()
    serve(appendonly="yes", port=str(port))
    keep("snapshot", "--redis", f"redis://u:pw@127.0.0.1:{port}",
         exit=3).says("WRONGPASS|without any password|invalid")


def test_an_unknown_id(place, keep, server):
    keep.snapshot(server)
    for ident in ("20200101T000000Z", "nonsense", "../x", ""):
        for words in (["verify", ident],
                      ["restore", ident, "--to", place / "to"]):
            result = keep(*words, exit=None)
            assert result.code in (2, 3), result
            result.says("redkeep list", re.escape(ident))
    assert not (place / "to").exists()


def test_a_repository_that_is_none(place, keep, server):
    nothing = place / "nothing"
    for words in (["list"], ["verify"], ["restore", "latest", "--to",
                                         place / "to"]):
        keep(*words, "--repo", nothing, exit=3).says("nothing", "snapshot")
    assert not nothing.exists() and not (place / "to").exists()
    other = place / "photos"
    other.mkdir()
    (other / "a.jpg").write_text("x")
    keep("list", "--repo", other, exit=3).says("photos")
    keep("snapshot", "--redis", server.url, "--repo", other / "a.jpg",
         exit=3).says("a.jpg")
    keep("list", "--repo", keep.repo, exit=3)
    keep.snapshot(server)
    keep("list", "--instance", "unknown", exit=3).says("unknown", "main")


def test_an_empty_catalog(keep, server, place):
    ident = keep.snapshot(server)["id"]
    keep.entry(ident).unlink()
    keep.archive(ident).unlink()
    assert keep.list() == []
    keep("verify", exit=3).says("no snapshot")
    keep("restore", "latest", "--to", place / "to",
         exit=3).says("no .*snapshot")


def test_another_directorys_instance(keep, server, serve):
    keep.snapshot(server)
    other = serve("other", appendonly="yes")
    fill(one_client(other), jobs=3)
    keep("snapshot", "--redis", other.url, exit=4).says(
        str(server.data), str(other.data), "--yes", "--instance|instance")
    assert len(keep.list()) == 1
    keep("snapshot", "--redis", other.url, "--instance", "other")
    keep("snapshot", "--redis", other.url, "--yes")
    assert len(keep.list()) == 2
    keep("snapshot", "--redis", server.url, exit=4)


def edited(path, key, value):
    words = json.loads(path.read_text())
    words[key] = value
    path.write_text(json.dumps(words, indent=2))


def test_a_command_to_paste_has_the_options_that_were_given(
        place, keep, server):
    keep.repo = place / "a repository"
    ident = keep.snapshot(server, "--instance", "other")["id"]
    where = ["--config", keep.empty, "--repo", keep.repo, "--instance", "other"]
    for words in (["verify", "none"], ["verify", "none", "--json"],
                  ["restore", "none", "--to", place / "to"],
                  ["drill", "none"], ["hold", "none"]):
        told = keep(*words, *where, exit=3)
        text = told.json["error"] if "--json" in words else told.err
        [hint] = re.findall(r"'redkeep (list .*?)' shows", text)
        done = subprocess.run([keep.path, *shlex.split(hint)],
                              capture_output=True, text=True,
                              env=keep.environment({"REDKEEP_CONFIG": ""}))
        assert done.returncode == 0 and ident in done.stdout, hint


def test_a_command_to_paste_has_the_server_without_its_password(keep, server):
    keep.snapshot(server)
    told = keep("drill", "none", "--redis", "redis://joe:a-secret@h:1",
                exit=3).err
    assert "redkeep list --redis redis://joe@h:1 --repo" in \
        " ".join(told.split())
    assert "a-secret" not in told


def test_an_instance_of_a_future_format(place, keep, server):
    keep.snapshot(server)
    edited(keep.repo / "main" / "instance.json", "format", 99)
    for words in (["list"], ["verify"], ["snapshot", "--redis", server.url],
                  ["restore", "latest", "--to", place / "to"]):
        result = keep(*words, exit=None).says("99", "newer redkeep")
        assert result.code in (3, 4), result
    assert not (place / "to").exists()


def test_an_entry_of_a_future_format(place, keep, server):
    ident = keep.snapshot(server)["id"]
    edited(keep.entry(ident), "format", 99)
    for words in (["verify", ident],
                  ["restore", ident, "--to", place / "to"]):
        result = keep(*words, exit=None).says("99", "newer redkeep")
        assert result.code in (1, 3, 4), result
    assert ident in [s["id"] for s in keep.list(exit=1)]
    keep.snapshot(server)


def stopped_in(keep, words, begun):
    """A run that is stopped by SIGSTOP once begun(process) is true."""
    process = keep.begin(*words)
    wait_for(lambda: begun(process), "the job")
    process.send_signal(signal.SIGSTOP)
    assert process.poll() is None
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_at_once_and_leaves_nothing(place, keep, serve, number):
    server = serve(appendonly="yes")
    pipe = server.client().pipeline(transaction=False)
    for i in range(400):
        pipe.set(f"bulk:{i}", os.urandom(100000))
    pipe.execute()
    server.drain()
    keep.snapshot(server)
    before = tree(keep.folder())
    to = place / "to"
    jobs = [(["snapshot", "--redis", server.url], holds_lock(keep)),
            (["restore", "latest", "--to", str(to)],
             lambda p: to.exists() and any(to.iterdir()))]
    for words, begun in jobs:
        process = stopped_in(keep, words, begun)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=5)
        assert process.returncode == 3, err
        assert re.search("stopped|interrupted|cancel", err), err
        assert tree(keep.folder()) == before
        assert not to.exists() or tree(to) == {}
    keep.restore(to)


def holds_lock(keep):
    """Whether a process has begun its snapshot."""
    lock = keep.repo / "main" / "locks" / "snapshot"
    return lambda process: (lock.exists() and
                            str(process.pid) in lock.read_text().split())


def test_a_second_snapshot_finds_the_lock_held(keep, server):
    keep.snapshot(server)
    first = stopped_in(keep, ["snapshot", "--redis", server.url],
                       holds_lock(keep))
    keep("snapshot", "--redis", server.url, exit=5).says(str(first.pid))
    assert len(keep.list()) == 1
    keep("verify", "--all")
    first.kill()
    first.communicate()
    keep.snapshot(server)
    assert leftovers(keep.repo) == []


@pytest.mark.parametrize("words", [
    ["--nonsense"], ["nonsense"], [], ["snapshot", "--nonsense"],
    ["snapshot", "--level", "x"], ["snapshot", "--snapshot-level", "99"],
    ["snapshot", "extra"], ["restore", "latest"], ["restore", "--to"],
    ["check"], ["check", "--server-version", "nonsense", "/tmp"],
    ["restore", "latest", "--to", "/tmp/x", "--layout", "nonsense"],
    ["--instance", "a/b", "list"], ["--redis"], ["list", "--instance", ""]])
def test_a_wrong_use(keep, words):
    result = keep(*words, exit=2)
    assert result.out == ""
    result.says("--help|redkeep")


def test_help_and_version_go_to_standard_output(keep):
    commands = re.findall(r"^  ([a-z]+)\b", keep("--help").out, re.M)
    assert {"check", "doctor", "memory", "persist"} <= set(commands)
    for words in (["--help"], ["--version"],
                  *([command, "--help"] for command in commands)):
        result = keep(*words)
        assert "redkeep" in result.out and result.err == ""
        assert max(map(len, result.out.splitlines())) <= 80
    shown = keep("--version").out
    assert re.search(r"\d+\.\d+\.\d+", shown)


@pytest.mark.parametrize("words,meant", [
    (["check", "--depp", "x"], "--deep"), (["snapshot", "--rep", "x"], "--repo"),
    (["restore", "--too", "x"], "--to")])
def test_an_option_that_is_nearly_one(keep, words, meant):
    keep(*words, exit=2).says(rf"did you mean {meant}\?")


def test_a_configuration_with_faults_names_the_line(place, keep):
    conf = place / "bad.conf"
    conf.write_text("[redkeep]\nrepo = /x\nrpo = /y\n")
    keep("list", "--config", conf, exit=2).says(
        r"bad\.conf:3", "rpo", "repo")
    keep("list", "--config", place / "none.conf", exit=None).says("none.conf")
    shutil.rmtree(place / "none", ignore_errors=True)


@pytest.mark.parametrize("words", [
    ["drill", "--bad", "--json"], ["no", "--json"],
    ["restore", "--nix", "--to", "x", "--json"], ["verify", "--undo", "x", "--json"]])
def test_a_wrong_line_is_told_as_json_wherever_that_is_asked(keep, words):
    assert list(keep(*words, exit=2).json) == ["error"]
