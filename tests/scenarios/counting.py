"""Sets of counters, their sources, and clients that count beside a rebuild."""

import os
import pwd
import random
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import redis

from agents import configuration
from servers import wait_for


def table(rows, *columns):
    """The TSV of rows; columns behind key and db_max are named."""
    head = "\t".join(("key", "db_max") + columns)
    return "".join(f"{line}\n" for line in
                   [head] + ["\t".join(map(str, row)) for row in rows])


class Sets:
    """The command, with a configuration of the scenario's own sets: the
    source of each is a text that it prints, or a command."""

    def __init__(self, keep, place, redis):
        self.keep, self.place, self.redis = keep, place, redis
        self.file = place / "counters.conf"

    def block(self, name, source, **keys):
        if "\t" in source or not source:
            path = self.place / f"{name}.tsv"
            path.write_text(source)
            source = f"cat {path}"
        return {f"counters {name}": {"source": source, **keys}}

    def write(self, *blocks):
        merged = {k: v for block in blocks for k, v in block.items()}
        self.file.write_text(configuration(
            {"redis": getattr(self.redis, "url", self.redis)}, merged))
        return self

    def __call__(self, *args, exit=0, **options):
        return self.keep("counters", *args, "--config", self.file, exit=exit,
                         **options)

    def told(self, *args, exit=0):
        return self(*args, "--json", exit=exit).json

    def the(self, *args, exit=0):
        """The only set of what is told."""
        [one] = self.told(*args, exit=exit)["sets"]
        return one


class Clients:
    """Eight that count, each in a connection of its own, until they are
    stopped; what each key gave them."""

    def __init__(self, server, keys, count=8, limit=None):
        self.server, self.keys, self.limit = server, keys, limit
        self.over = threading.Event()
        self.given = [[] for _ in range(count)]
        self.errors = []
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(count)]

    def run(self, mine):
        rng, given = random.Random(mine), self.given[mine]
        client = self.server.client()
        try:
            while not self.over.is_set():
                keys = rng.choices(self.keys, k=20)
                pipe = client.pipeline(transaction=False)
                for key in keys:
                    pipe.incr(key)
                given += zip(keys, pipe.execute())
                if self.limit and len(given) >= self.limit:
                    return
        except redis.exceptions.RedisError as e:
            self.errors.append(e)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: all(self.given) or self.errors, "the first numbers")
        return self

    def __exit__(self, *rest):
        self.over.set()
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors

    def count(self):
        return sum(map(len, self.given))

    def expect_none_twice(self):
        every = [pair for given in self.given for pair in given]
        assert len(set(every)) == len(every), "a number was given twice"
        return every


class Crossing:
    """An address whose first connection goes to the first server, and so on."""

    def __init__(self, path, servers):
        self.url = f"unix://{path}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.run, args=(servers,),
                                       daemon=True)
        self.thread.start()

    def run(self, servers):
        try:
            for server in servers:
                here, _ = self.listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(str(server.socket))
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=self.carry, args=ends,
                                     daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def carry(source, to):
        try:
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Postgres:
    """A cluster of its own, behind a unix socket alone. As root it runs as
    the user postgres, since it refuses root."""

    def __init__(self, home):
        self.home = Path(home)
        self.home.mkdir()
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"),
                       default=Path("/usr/bin"))
        self.user = []
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
            entry = pwd.getpwnam("postgres")
            self.user = ["setpriv", f"--reuid={entry.pw_uid}",
                         f"--regid={entry.pw_gid}", "--clear-groups"]
        self.process = None

    def start(self):
        data = self.home / "data"
        subprocess.run(self.user + [
            self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust",
            "--no-sync", "--no-locale", "-E", "UTF8"], check=True,
            stdout=subprocess.DEVNULL, cwd=self.home)
        self.process = subprocess.Popen(
            [*self.user, str(self.bin / "postgres"), "-D", str(data),
             "-k", str(self.home), "-c", "listen_addresses=",
             "-c", "fsync=off", "-c", "autovacuum=off"],
            stdin=subprocess.DEVNULL, cwd=self.home,
            stderr=(self.home / "log").open("w"))
        wait_for(self.answers, lambda: (self.home / "log").read_text())
        return self

    def answers(self):
        assert self.process.poll() is None, (self.home / "log").read_text()
        return subprocess.run([self.bin / "pg_isready", "-q", "-h", self.home],
                              check=False).returncode == 0

    def sql(self, text):
        """Runs it; what it prints."""
        return subprocess.run(
            ["psql", "-qAtX", "-h", self.home, "-U", "postgres", "-v",
             "ON_ERROR_STOP=1", "-f", "-"], input=text, text=True, check=True,
            stdout=subprocess.PIPE).stdout

    def source(self, file):
        """The command that prints what a file of SQL asks for."""
        return (f"psql -qAX -h {self.home} -U postgres -v ON_ERROR_STOP=1 "
                f"-v FETCH_COUNT=500 -F \"$(printf '\\t')\" -P footer=off -f {file}")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)


class Sqlite:
    def __init__(self, path):
        self.path = path

    def sql(self, text):
        return subprocess.run(["sqlite3", "-bail", self.path], input=text,
                              text=True, check=True,
                              stdout=subprocess.PIPE).stdout

    def source(self, file):
        return f"sqlite3 -bail -header -tabs {self.path} < {file}"


# Applications with chats, as the numbers were given out before.

CHATS = """
create table applications (id integer primary key, name text);
create table chats (id integer primary key, application_id integer,
                    number integer);
create table messages (chat_id integer, number integer,
                       unique (chat_id, number));
"""

FILL = """
insert into applications
    with recursive n(i) as (select 1 union all select i + 1 from n
                            where i < {applications})
    select i, 'App ' || i from n;
insert into chats
    with recursive n(i) as (select 0 union all select i + 1 from n
                            where i < {applications} * {chats} - 1)
    select i + 1, i / {chats} + 1, i % {chats} + 1 from n;
insert into messages
    select c.id, n.i from chats c cross join
        (select 1 as i union all select 2 union all select 3) n
    where c.id % 4 >= n.i;
"""

APPLICATIONS = """
select 'chat_app:' || a.id || ':chat_counter' as key, a.id as id, a.name as name,
       coalesce(max(c.number), 0) as db_max
from applications a left join chats c on c.application_id = a.id
group by a.id, a.name order by a.id;
"""

MESSAGES = """
select 'chat:' || c.id || ':message_counter' as key, c.id as id,
       c.application_id as chat_application_id,
       coalesce(max(m.number), 0) as db_max
from chats c left join messages m on m.chat_id = c.id
group by c.id, c.application_id order by c.id;
"""


def fill(database, applications, chats):
    database.sql(CHATS + FILL.format(applications=applications, chats=chats))


def sets_of(database, place):
    """The two sets of that database, as blocks of the configuration."""
    blocks = {}
    for name, title, query in (
            ("chat_applications", "ChatApplication", APPLICATIONS),
            ("chats", "Chat", MESSAGES)):
        file = place / f"{name}.sql"
        file.write_text(query)
        blocks[f"counters {name}"] = {"title": title,
                                      "source": database.source(file)}
    return blocks


def expected(applications, chats):
    """What every counter must be at least, by its key."""
    least = {f"chat_app:{i + 1}:chat_counter": chats
             for i in range(applications)}
    least.update((f"chat:{i + 1}:message_counter", (i + 1) % 4)
                 for i in range(applications * chats))
    return least
