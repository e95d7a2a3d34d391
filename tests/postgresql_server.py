"""Servers of PostgreSQL on this machine, of an unprivileged user, that die and hang at will."""

import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from running import free_port

USER, PASSWORD = "orders", "hunter2/@ä"
WRITTEN = "hunter2%2F%40%C3%A4"
"""The password, as a URL has it."""
SECONDS = 20.0
MOST = 12
"""Connections; three of them are for superusers alone."""
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": MOST,
    "max_wal_size": "64MB",
    "shared_buffers": "8MB",
    "synchronous_commit": "off",
}


@functools.cache
def programs() -> Path | None:
    """Return where PostgreSQL's programs are: Debian's are not on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


def require_postgresql() -> Path:
    """Skip where there is no PostgreSQL, with the reason; fail where there has to be one."""
    place = programs()
    if place:
        return place
    reason = "the stage database: postgres was not found; scripts/services installs it"
    if os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)


class Server:
    """A server that can be started, killed and paused at will."""

    def __init__(self, directory: Path) -> None:
        self._programs = require_postgresql()
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "log"
        # It does not run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._initialize()

    def url(self, database: str = "orders", *, password: str = WRITTEN) -> str:
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def label(self, database: str = "orders") -> str:
        """How the log calls a database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self, *, encrypted: bool = False) -> None:
        """Start it, and again while it ends at once: shared memory of a killed one is still in use.

        Raises:
            AssertionError: it does not answer in time; with what it said.
        """
        deadline = time.monotonic() + SECONDS
        while not (self.runs() and self.answers()):
            assert time.monotonic() < deadline, f"PostgreSQL does not answer: {self._said()}"
            if not self.runs():
                self._spawn(encrypted=encrypted)
            time.sleep(0.02)

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self, *, encrypted: bool) -> None:
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        if encrypted:
            settings += ["--ssl=on", *self._certificate()]
        settings += [f"--port={self.port}", f"--unix_socket_directories={self._directory}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *settings],
                user=self._user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            self.connect("postgres").close()
            return True
        return False

    def connect(self, database: str = "orders") -> psycopg.Connection:
        """Connect as the superuser that the tests are."""
        return psycopg.connect(
            self.url(database).replace(f"//{USER}", "//tester"),
            autocommit=True,
            connect_timeout=int(SECONDS),
        )

    def ask(self, query: LiteralString, database: str = "orders") -> list[tuple[object, ...]]:
        with self.connect(database) as connection:
            asked = connection.execute(query)
            return asked.fetchall() if asked.description else []

    def new_database(self, name: str, encoding: LiteralString = "UTF8") -> str:
        """Make an empty database, in the place of one of this name; return its URL."""
        create: LiteralString = (
            f"CREATE DATABASE {{}} OWNER orders ENCODING '{encoding}' TEMPLATE template0"
        )
        with self.connect("postgres") as connection:
            named = psycopg.sql.Identifier(name)
            for statement in (
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"),
                psycopg.sql.SQL(create),
            ):
                connection.execute(statement.format(named))
        return self.url(name)

    def kill(self) -> None:
        """End it and all its processes, without a chance to say anything."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it has started, which have groups of their own."""
        assert self._process is not None
        server = self._process.pid
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                process, _, rest = stat.read_text(encoding="utf-8").partition(" (")
                parent = int(rest.rpartition(") ")[2].split()[1])
                if server in (int(process), parent):
                    os.kill(int(process), number)

    def _certificate(self) -> list[str]:
        """Make one that names nobody; its key is for the server alone."""
        key, own = (str(self._directory / name) for name in ("key.pem", "own.pem"))
        new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt"]
        names = ["ec_paramgen_curve:P-256", "-subj", "/CN=tests", "-keyout", key, "-out", own]
        subprocess.run([*new, *names], check=True, capture_output=True)
        if self._user:
            os.chown(key, pwd.getpwnam(self._user).pw_uid, -1)
        return [f"--ssl_cert_file={own}", f"--ssl_key_file={key}"]

    def _initialize(self) -> None:
        if self._user:
            os.chown(self._directory, pwd.getpwnam(self._user).pw_uid, -1)
        secret = self._directory / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        command = ["initdb", "-D", str(self._data), "--no-sync", "--auth=scram-sha-256"]
        command += ["--username=tester", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [self._programs / command[0], *command[1:]],
            user=self._user,
            cwd=self._directory,
            check=True,
            capture_output=True,
        )


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Start a server with a database `orders` of the user `orders`; it has ended afterwards."""
    require_postgresql()
    memory = Path("/dev/shm")
    # pytest's directories are closed to other users.
    place = Path(tempfile.mkdtemp(prefix="pg-", dir=memory if memory.is_dir() else None))
    server = Server(place)
    try:
        server.start()
        role = psycopg.sql.SQL("CREATE ROLE orders LOGIN PASSWORD {}").format(PASSWORD)
        with server.connect("postgres") as connection:
            connection.execute(role)
        server.new_database("orders")
        yield server
    finally:
        server.kill()
        shutil.rmtree(place)
