"""What a test sees of jobs: the table, what their handlers did, and the command for them."""

import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from databases import Ran, ended
from running import Program
from served import Served, wait_until

SETTINGS = {
    "DATABASE_MIGRATE": "true",
    "DATABASE_QUERY_SECONDS": "5",
    "DATABASE_WAIT_SECONDS": "2",
    "JOBS_LEASE_SECONDS": "3",
}


@dataclass(frozen=True)
class Line:
    """What a handler wrote down."""

    job: str
    attempt: int
    process: int
    what: str


class Jobs:
    """A database with jobs, and the file of their handlers."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.file = directory / "jobs.txt"
        self.settings = {**SETTINGS, "DATABASE_URL": url, "JOBS_FILE": str(self.file)}

    def lines(self) -> list[Line]:
        if not self.file.exists():
            return []
        words = [line.split() for line in self.file.read_text(encoding="utf-8").splitlines()]
        return [
            Line(job, int(attempt), int(process), what) for job, attempt, process, what in words
        ]

    def done(self) -> set[str]:
        return {line.job for line in self.lines() if line.what == "done"}

    def by_job(self) -> dict[str, list[Line]]:
        found = defaultdict(list)
        for line in self.lines():
            found[line.job].append(line)
        return found

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return list(connection.execute(statement).fetchall())

    def do(self, statement: str) -> None:
        with self._connected() as connection:
            connection.execute(statement)

    def row(self, job: str, columns: str = "state, attempts") -> tuple[Any, ...] | None:
        rows = self.ask(f"SELECT {columns} FROM jobs WHERE id = '{job}'")
        return rows[0] if rows else None

    def wait_until_none_is_left(self) -> None:
        wait_until(lambda: self.ask("SELECT count(*) FROM jobs") == [(0,)], "jobs are left")

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        scheme, _, path = self.url.partition(":")
        connection: Any = (
            sqlite3.connect(path, timeout=10) if scheme == "sqlite" else psycopg.connect(self.url)
        )
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()


def enqueue(service: Served, kind: str, **options: object) -> list[str]:
    """Have a service enqueue jobs; return their ids."""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    answer = service.ask(f"/jobs/{kind}?{query}", "POST")
    assert answer.status == 200, answer.body
    return list(answer.json()["ids"])


def assert_each_was_done(jobs: Jobs, made: list[str], killed: set[int]) -> None:
    """Each job is done, and only what a killed process had begun was begun again."""
    jobs.wait_until_none_is_left()
    by_job = jobs.by_job()
    assert by_job.keys() == {*made}
    assert jobs.done() == {*made}
    for lines in by_job.values():
        began = [line.process for line in lines if line.what == "begins"] or [lines[0].process]
        again = {line.attempt for line in lines} != {1}
        assert not again or {*began[:-1]} <= killed, lines


def manage(program: Program, *words: str, **settings: str) -> Ran:
    """Run the command for jobs."""
    python = [sys.executable, "-m", "orders"]
    command = python if program.language == "python" else list(program.command)
    process = subprocess.Popen(
        [*command, "jobs", *words],
        env={**os.environ, **program.variables, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return ended(process)


def wait_until_ready(service: Served) -> None:
    """Wait until the service has made its tables, which its start does not wait for."""
    wait_until(lambda: service.ask("/health/ready").status == 200, "it is not ready")
