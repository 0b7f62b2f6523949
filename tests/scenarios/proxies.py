"""Proxies before an application: nginx and Caddy as Debian has them, with the
configuration that the guide shows, as nobody and on ports of their own."""

import http.client
import http.server
import subprocess
import threading

from hosts import GUIDE, blocks
from servers import free_port, is_root, unprivileged, wait_for


class Application(http.server.ThreadingHTTPServer):
    """Says what it was told of Redis, and counts who came through."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen += 1
        body = str(self.headers["X-Redis-Available"]).encode()
        self.send_response(500 if self.path.endswith("/broken") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *words):
        pass


def shown(kind, **changes):
    """The block of that kind in the guide, with what is ours in place of what
    is the reader's."""
    text, = [text for info, text in blocks((GUIDE / "gates.md").read_text())
             if info == kind]
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


class Proxy:
    def __init__(self, home, agent, application):
        self.home, self.port = home, free_port()
        self.agent, self.application = agent, application
        self.process = None

    def shown(self, kind, changes):
        return shown(kind, **{
            "127.0.0.1:9736": f"127.0.0.1:{self.agent.port}",
            "127.0.0.1:3000": f"127.0.0.1:{self.application.port}",
            **self.places(), **changes})

    def start(self, **changes):
        self.home.mkdir()
        self.home.chmod(0o777)
        self.write(changes)
        self.process = subprocess.Popen(
            [*(unprivileged() if is_root() else []), *self.command()],
            stdin=subprocess.DEVNULL, stdout=(self.home / "out").open("w"),
            stderr=subprocess.STDOUT, cwd=self.home,
            env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(self.home)})
        wait_for(self.serves, lambda: (self.home / "out").read_text())
        return self

    def serves(self):
        assert self.process.poll() is None, (self.home / "out").read_text()
        try:
            return self.ask("/").status == 200
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def ask(self, path, method="GET", body=None, **headers):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request(method, path, body, headers)
            reply = link.getresponse()
            reply.text = reply.read().decode()
            return reply
        finally:
            link.close()


class Nginx(Proxy):
    def places(self):
        return {"listen 80;": f"listen 127.0.0.1:{self.port};",
                "/var/lib/nginx/redkeep": self.home / "cache"}

    def write(self, changes):
        folders = "".join(f"{name}_temp_path {self.home}/{name};\n" for name in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.home / "nginx.conf").write_text(
            f"daemon off; pid {self.home}/pid; error_log stderr;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{folders}"
            f"{self.shown('nginx', changes)}}}\n")

    def command(self):
        return ["nginx", "-p", str(self.home), "-e", "stderr", "-c",
                str(self.home / "nginx.conf")]


class Caddy(Proxy):
    def places(self):
        return {":80": f"http://127.0.0.1:{self.port}"}

    def write(self, changes):
        (self.home / "Caddyfile").write_text(
            "{\n\tadmin off\n}\n" +
            self.shown("caddyfile", changes))

    def command(self):
        return ["caddy", "run", "--adapter", "caddyfile", "--config",
                str(self.home / "Caddyfile")]
