"""Users of a service, as its command manages them, in each language."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from client import Client, Reply
from running import Program

TOKEN = "/api/auth/token"
ME = "/api/v1/me"
USERS = "/api/v1/users"
PASSWORD = "correct horse battery"
KEYS = [f"key{number}:{str(number) * 32}" for number in (1, 2)]


def command(program: Program, *args: str) -> list[str]:
    """Return the command of a service that manages its users."""
    if program.language == "python":
        return [sys.executable, "-m", "orders", "auth", *args]
    return [*program.command, "auth", *args]


def environment(program: Program, variables: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **program.variables, **variables}


def manage(
    program: Program, path: Path, *args: str, typed: str | bytes = "", **variables: str
) -> tuple[int, str, str]:
    """Run the command; return the exit status, and what it wrote to stdout and stderr."""
    ran = subprocess.run(
        command(program, *args),
        env=environment(program, {"AUTH_USERS_FILE": str(path), **variables}),
        input=typed.encode() if isinstance(typed, str) else typed,
        capture_output=True,
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def add(program: Program, path: Path, name: str, *scopes: str, password: str = PASSWORD) -> None:
    flags = [f"--scope={scope}" for scope in scopes]
    status, _, error = manage(program, path, "add", name, *flags, typed=f"{password}\n")
    assert status == 0, error


def log_in(
    client: Client,
    name: str = "alice",
    password: str = PASSWORD,
    headers: Mapping[str, str] | None = None,
    **form: str,
) -> Reply:
    return client.submit(TOKEN, {"username": name, "password": password, **form}, headers)


def bearer(client: Client, name: str = "alice") -> dict[str, str]:
    """Log in; return the headers of requests with the token."""
    granted = log_in(client, name)
    assert granted.status == 200, granted.text
    return {"Authorization": f"Bearer {granted.json()['access_token']}"}
