"""Databases that a service can be given, and its command for them, in each language."""

import os
import subprocess
import sys
from dataclasses import dataclass

from running import Program
from served import Served

DONE, FAILED, USAGE, MISSING, NEWER, NO_DATABASE, CONFIG = 0, 1, 2, 3, 4, 6, 78

MIGRATED = ["migrated ledger to 0001", "migrated app to 0001", "migrated app to 0002"]


@dataclass(frozen=True)
class Database:
    """An empty database, and how the log calls it."""

    url: str
    label: str


@dataclass(frozen=True)
class Ran:
    status: int
    lines: list[str]
    error: str


def command(program: Program) -> list[str]:
    if program.language == "python":
        return [sys.executable, "-m", "orders", "db"]
    return [*program.command, "db"]


def starting(program: Program, url: str, *words: str) -> "subprocess.Popen[str]":
    """Start the command that migrates."""
    return subprocess.Popen(
        [*command(program), *words],
        env={**os.environ, **program.variables, "DATABASE_URL": url, "DATABASE_WAIT_SECONDS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> Ran:
    out, error = process.communicate(timeout=60)
    return Ran(process.returncode, out.splitlines(), error)


def manage(program: Program, url: str, *words: str) -> Ran:
    return ended(starting(program, url, *words))


def migrate(program: Program, url: str) -> None:
    ran = manage(program, url, "upgrade")
    assert (ran.status, ran.lines) == (DONE, MIGRATED), ran.error


def readiness(service: Served) -> tuple[int, str]:
    """Return the status of /health/ready, and what it says of the database."""
    answer = service.ask("/health/ready")
    return answer.status, answer.json()["checks"]["database"]


def add(service: Served) -> int:
    """Add an order; return the status of the answer."""
    return service.ask("/orders", "POST").status


def count(service: Served) -> int:
    answer = service.ask("/orders")
    assert answer.status == 200, answer.body
    return int(answer.json()["orders"])
