"""Ways to reach a server, and what it may deny."""

import subprocess

import pytest

from data import fill, one_client
from servers import free_port, localhost


def good(keep, url, *args, **options):
    told = keep("snapshot", "--redis", url, "--json", *args, **options).json
    assert told["verdict"] == "sound" and told["bound"] is True
    return told


def test_unix_sockets_and_tcp(keep, serve):
    port = free_port()
    server = serve(appendonly="yes", port=str(port))
    fill(one_client(server))
    for url in (server.url, f"redis://127.0.0.1:{port}",
                f"redis://{localhost()}:{port}/3"):
        good(keep, url)
    good(keep, server.url, env={"REDKEEP_REDIS": "redis://nowhere"})
    told = keep("snapshot", "--json", env={"REDKEEP_REDIS": server.url}).json
    assert told["bound"] is True
    told = keep("snapshot", "--json", env={"REDIS_URL": server.url}).json
    assert told["bound"] is True


def test_a_password_from_the_url_or_a_file(place, keep, serve):
    port = free_port()
    server = serve(appendonly="yes", requirepass="p@ss /w:rd#1",
                   port=str(port), auth={"password": "p@ss /w:rd#1"})
    fill(one_client(server))
    good(keep, f"redis://:p%40ss%20%2Fw%3Ard%231@127.0.0.1:{port}")
    secret = place / "secret"
    secret.write_text("p@ss /w:rd#1\nmore\n")
    secret.chmod(0o600)
    good(keep, f"redis://127.0.0.1:{port}", "--password-file", secret)
    keep("snapshot", "--redis", f"redis://127.0.0.1:{port}",
         "--password-file", place / "none", exit=None).says("none")


def test_an_acl_user_with_the_least_rights(keep, serve):
    port = free_port()
    server = serve(appendonly="yes", port=str(port), user=[
        ("kept", "on", ">pw", "+info", "+config|get"),
        ("blind", "on", ">pw", "+info"),
        ("mute", "on", ">pw", "+ping")])
    fill(one_client(server))
    good(keep, f"redis://kept:pw@127.0.0.1:{port}")
    blind = f"redis://blind:pw@127.0.0.1:{port}"
    keep("snapshot", "--redis", blind, exit=3).says("CONFIG", "--data-dir")
    good(keep, blind, "--data-dir", server.data)
    keep("snapshot", "--redis", f"redis://mute:pw@127.0.0.1:{port}",
         exit=3).says("INFO|NOPERM", "permission|ACL|right")
    keep("snapshot", "--bgsave", "--redis", f"redis://kept:pw@127.0.0.1:"
         f"{port}", exit=3).says("BGSAVE|NOPERM", "permission|ACL|right")


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_a_server_whose_config_command_is_gone(place, keep, serve, aof):
    server = serve(appendonly=aof, rename_command=("CONFIG", ""))
    fill(one_client(server))
    server.client().save()
    keep("snapshot", "--redis", server.url, exit=3).says(
        "CONFIG", "--data-dir")
    good(keep, server.url, "--data-dir", server.data)
    keep.restore(place / "to")
    assert (place / "to" / ("appendonlydir" if aof == "yes" else
                            "dump.rdb")).exists()


def test_names_that_the_server_does_not_tell_are_options(keep, serve, place):
    server = serve(appendonly="yes", rename_command=("CONFIG", ""),
                   appenddirname="aof dir", appendfilename="own.aof")
    fill(one_client(server))
    server.drain()
    words = ["--data-dir", server.data]
    keep("snapshot", "--redis", server.url, *words, exit=3).says(
        "appendonlydir", "--append")
    good(keep, server.url, *words, "--appenddirname", "aof dir",
         "--appendfilename", "own.aof")
    keep.restore(place / "to")
    assert (place / "to" / "aof dir" / "own.aof.manifest").exists()


def certificates(folder):
    """An authority, a server's and a client's certificate; a stranger's."""
    folder.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True,
                       capture_output=True)

    for authority in ("ca", "stranger"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", f"/CN={authority}", "-keyout", f"{authority}.key",
                "-out", f"{authority}.crt")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    for who in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={who}",
                "-keyout", f"{who}.key", "-out", f"{who}.csr")
        openssl("x509", "-req", "-in", f"{who}.csr", "-CA", "ca.crt",
                "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", f"{who}.crt")
    return folder


@pytest.mark.parametrize("clients", ["no", "yes"])
def test_tls(place, keep, serve, clients):
    port = free_port()
    certs = certificates(place / "certs")
    server = serve(appendonly="yes", tls_port=str(port),
                   tls_cert_file=str(certs / "server.crt"),
                   tls_key_file=str(certs / "server.key"),
                   tls_ca_cert_file=str(certs / "ca.crt"),
                   tls_auth_clients=clients)
    fill(one_client(server))
    trust = ["--connection-tls-ca", certs / "ca.crt"]
    mine = ["--connection-tls-cert", certs / "client.crt",
            "--connection-tls-key", certs / "client.key"]
    url = f"rediss://127.0.0.1:{port}"
    good(keep, url, *trust, *mine)
    assert keep("snapshot", "--json", *trust, *mine, env={
        "REDIS_TLS": "yes", "REDIS_URL": f"redis://{localhost()}:{port}",
    }).json["bound"] is True
    keep("snapshot", "--redis", url, *mine, exit=3).says(
        "certificate", "tls[-_]ca")
    keep("snapshot", "--redis", url, "--connection-tls-ca",
         certs / "stranger.crt", *mine, exit=3).says("certificate")
    good(keep, url, "--connection-tls-verify", "no", *mine)
    keep("snapshot", "--redis", f"rediss://127.0.0.2:{port}", *trust, *mine,
         exit=3).says("127.0.0.2|refused")
    keep("snapshot", "--redis", f"redis://127.0.0.1:{port}",
         "--connection-connect-timeout", "2s", exit=3).says("closed|reset|"
                                                            "TLS|rediss")
    if clients == "yes":
        keep("snapshot", "--redis", url, *trust, exit=3).says(
            "certificate|tls|closed|alert")
