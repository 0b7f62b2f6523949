"""The container files: taken by who reads them, complete in themselves, and what
they say runs, as the kinds of namespaces they make."""

import re
import shutil
import subprocess

import pytest
import yaml

from agents import PRESETS
from servers import APART, SYSTEM, TOP, Server, binary, free_port, wait_for

FOLDER = TOP / "packaging" / "container"


def compose():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def pod():
    """{kind: object} of the Kubernetes example, and its pod."""
    every = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
    kinds = {it["kind"]: it for it in every}
    assert len(kinds) == len(every)
    return kinds, kinds["StatefulSet"]["spec"]["template"]["spec"]


def compose_config(file):
    """What docker compose makes of it, or the program that Debian has."""
    for words in (["docker-compose"], ["docker", "compose"]):
        if shutil.which(words[0]):
            return subprocess.run([*words, "-f", file, "config"], text=True,
                                  capture_output=True)
    raise AssertionError("docker-compose is missing: make deps-test")


def test_compose_takes_the_file(place):
    folder = place / "packaging" / "container"
    folder.mkdir(parents=True)
    (folder / "compose.yaml").write_text((FOLDER / "compose.yaml").read_text())
    (folder / "token").write_text("x" * 16)
    done = compose_config(folder / "compose.yaml")
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)
    assert set(read["services"]) == {"redis", "redkeep"}
    assert read["services"]["redis"]["command"] == \
        compose()["services"]["redis"]["command"]


def test_compose_has_all_that_it_is_to_have():
    redis, redkeep = (compose()["services"][n] for n in ("redis", "redkeep"))
    assert redis["user"] == redkeep["user"]
    for each in redis, redkeep:
        assert each["healthcheck"]["test"] and each["restart"]
        assert each["cap_drop"] == ["ALL"] and each["read_only"] is True
        assert "ports" not in each and "privileged" not in each
        for volume in each["volumes"]:
            assert volume.split(":")[0] in compose()["volumes"]
    # The agent changes nothing of the data, the server nothing that is kept.
    assert "data:/data:ro" in redkeep["volumes"]
    assert "repository:/var/lib/redkeep:ro" in redis["volumes"]
    assert redkeep["healthcheck"]["test"][-1].endswith("/health/ready")


class Argued(Server):
    """A server that is started with the words of a container."""

    def __init__(self, home, words):
        super().__init__(home)
        self.port = free_port()
        self.words = [binary(SYSTEM), *words, "--port", str(self.port),
                      "--unixsocket", str(self.socket), "--bind", "127.0.0.1"]

    def launch(self, anew=True):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=self.log.open("w"),
            stderr=subprocess.STDOUT, cwd=self.data)
        return self

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"


@pytest.fixture
def started(place):
    running = []

    def start(words):
        words = [str(place / "server" / "data") if w == "/data" else w
                 for w in words]
        running.append(Argued(place / "server", words))
        return running[0].start()

    yield start
    for server in running:
        server.kill()


def check_server(server):
    """As the checklist wants it."""
    wanted = {"appendonly": "yes", "appendfsync": "everysec",
              "aof-use-rdb-preamble": "yes", "maxmemory-policy": "noeviction",
              "maxmemory": str(512 << 20), "dir": str(server.data),
              "save": "3600 1 300 100 60 10000"}
    client = server.client()
    assert {k: client.config_get(k)[k] for k in wanted} == wanted


def check_checklist(keep, server):
    """Doctor finds nothing wrong with how the server is set."""
    found = keep("doctor", "--redis", server.url, "--json", exit=None).json
    wrong = [f for f in found["findings"] if f["scope"] == "server" and
             f["severity"] != "info" and f["setting"]]
    assert not wrong, wrong


def keeps(one):
    """The agent is ready, and its snapshot is that server's, provably."""
    wait_for(lambda: one.get("/health/ready").json["status"] == "healthy",
             lambda: one.get("/health/ready").text)
    listed = wait_for(lambda: one.get("/api/snapshots").json["snapshots"],
                      lambda: f"a snapshot: {one.log_text()}")
    return listed[0]["bound"] is True and listed[0]["verdict"] == "sound"


@pytest.mark.need("root", "unshare")
def test_what_compose_says_runs(place, started, agent, keep):
    services = compose()["services"]
    program, *words = services["redis"]["command"]
    assert program == "redis-server"
    server = started(words)
    check_server(server)
    server.client().set("a", "b")
    server.drain()

    said = services["redkeep"]["environment"]
    token = place / "token"
    token.write_text("a-token-of-the-scenario")
    # What is another in a container. As there, it sees no process of others.
    ours = {"REDKEEP_REDIS": ("redis://redis:6379", server.url),
            "REDKEEP_REPO": ("/var/lib/redkeep", place / "repo"),
            "REDKEEP_HTTP_TOKEN_FILE": ("/run/secrets/redkeep_token", token)}
    environment = dict(said)
    for key, (there, here) in ours.items():
        assert said[key] == there
        environment[key] = str(here)
    one = agent(None, begin=False, wrap=APART, repo=None, http_listen=None,
                schedule_snapshot=None, environment=environment)
    environment["REDKEEP_HTTP_LISTEN"] = said["REDKEEP_HTTP_LISTEN"].replace(
        "9736", str(one.port))
    one.headers = {"Authorization": "Bearer a-token-of-the-scenario"}
    try:
        assert keeps(one.start())
        probe = [w.replace("9736", str(one.port)) for w in
                 services["redkeep"]["healthcheck"]["test"]]
        assert probe[0] == "CMD"
        subprocess.run(probe[1:], check=True, capture_output=True)
        told = keep("status", "--repo", place / "repo", "--json",
                    env=environment).json
        assert told["server"]["state"] == "connected"
    finally:
        one.kill()
    check_checklist(keep, server)
    # The words that the entrypoint gives to guard.
    server.stop()
    keep("guard", "--data-dir", server.data, "--repair", "tail", "--",
         program, *(str(server.data) if w == "/data" else w for w in words)
         ).says("sound; redis")


def test_what_the_pod_says_runs(place, started, agent, keep):
    kinds, spec = pod()
    files = kinds["ConfigMap"]["data"]
    conf = place / "redis.conf"
    data = place / "server" / "data"
    conf.write_text(re.sub("^dir /data$", f"dir {data}", files["redis.conf"],
                           flags=re.M))
    redis = next(c for c in spec["containers"] if c["name"] == "redis")
    assert redis["args"] == ["redis-server", "/etc/redis/redis.conf"]
    server = started([str(conf)])
    check_server(server)

    token = place / "token"
    token.write_text("a-token-of-the-scenario")
    text = files["redkeep.conf"]
    one = agent(server, begin=False)
    for there, here in (("redis://127.0.0.1:6379", server.url),
                        ("/var/lib/redkeep", one.repo), ("9736", one.port),
                        ("/etc/redkeep-token/token", token)):
        assert there in text
        text = text.replace(there, str(here))
    presets = "".join(f"{k.removeprefix('connection_')} = {v}\n"
                      for k, v in PRESETS.items() if k.startswith("connec"))
    one.write = lambda: one.file.write_text(f"{text}[connection]\n{presets}")
    one.headers = {"Authorization": "Bearer a-token-of-the-scenario"}
    assert keeps(one.start())
    for container in spec["containers"]:
        for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
            asked = container.get(kind, {}).get("httpGet")
            if asked:
                one.headers = {}
                assert one.get(asked["path"]).status == 200

    check_checklist(keep, server)
    # The same look as before the start of the pod.
    server.client().set("a", "b")
    server.stop()
    guard, = spec["initContainers"]
    words = [str(data) if w == "/data" else str(conf)
             if w.endswith("redis.conf") else w for w in guard["command"]]
    assert words[0] == "redkeep"
    keep(*words[1:]).says("sound; redis")


def test_the_pod_is_of_a_piece():
    kinds, spec = pod()
    volumes = {v["name"] for v in spec["volumes"]} | {
        c["metadata"]["name"]
        for c in kinds["StatefulSet"]["spec"]["volumeClaimTemplates"]}
    ports = set()
    for c in spec["initContainers"] + spec["containers"]:
        assert {m["name"] for m in c["volumeMounts"]} <= volumes
        security = c["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"]["drop"] == ["ALL"]
        ports |= {p["name"] for p in c.get("ports", [])}
    assert {m["mountPath"] for c in spec["containers"]
            for m in c["volumeMounts"] if m["name"] == "data"} == {"/data"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert {p["targetPort"] for p in kinds["Service"]["spec"]["ports"]} == \
        ports
    labels = kinds["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert kinds["StatefulSet"]["spec"]["selector"]["matchLabels"] == labels
    assert kinds["Service"]["spec"]["selector"] == labels
    assert kinds["StatefulSet"]["spec"]["serviceName"] == \
        kinds["Service"]["metadata"]["name"]
    names = {v["configMap"]["name"] for v in spec["volumes"]
             if "configMap" in v}
    assert names == {kinds["ConfigMap"]["metadata"]["name"]}


def test_the_image_has_what_the_programs_are_linked_with():
    build = TOP / "build"
    told = subprocess.run(["readelf", "-d", build / "redkeep",
                           build / "redkeepd"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", told)) - {"libc.so.6"}
    assert len(needed) > 8
    where = subprocess.run(["ldd", build / "redkeep", build / "redkeepd"],
                           text=True, check=True, stdout=subprocess.PIPE)
    paths = {p for name, p in re.findall(r"(\S+) => (\S+)", where.stdout)
             if name in needed}
    # /lib is /usr/lib, and packages know their files by either name.
    names = {n for p in paths for n in (p, "/usr" + p, p.removeprefix("/usr"))}
    found = subprocess.run(["dpkg", "-S", *names], text=True,
                           capture_output=True).stdout
    owners = set(re.findall(r"^([^:,\s]+)", found, re.M))
    text = (FOLDER / "Dockerfile").read_text()
    listed = set(re.findall(r"^        ([a-z0-9.-]+) (?:\\|&&)", text, re.M))
    assert owners - listed <= {"libc6"}, owners - listed
    assert listed - owners == {"ca-certificates", "curl"}


def test_the_image_copies_what_is_installed(place):
    subprocess.run(["make", "-s", "-C", TOP, "install", "PREFIX=/usr",
                    f"DESTDIR={place}/out", "DEPS=no"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    copied = re.findall(r"^COPY --from=build (\S+)",
                        (FOLDER / "Dockerfile").read_text(), re.M)
    assert len(copied) == 2
    for path in copied:
        assert (place / path.lstrip("/")).exists(), path
    names = {p.name for p in (place / copied[0].lstrip("/")).iterdir()}
    assert names == {"redkeep", "redkeepd"}
    entry = place / copied[1].lstrip("/")
    assert entry.stat().st_mode & 0o111 == 0o111
    assert "/usr/bin/redkeep guard" in entry.read_text()
