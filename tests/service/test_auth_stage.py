# ruff: noqa: ANN401 - the modules of a rendered service are known when the tests run
"""The stage auth in Python; what clients see of it is in tests/conformance/test_auth.py."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from conftest import Imported, Pristine
from starlette.testclient import TestClient

TOKEN = "/api/auth/token"
PASSWORD = "correct horse battery"


def cheap() -> PasswordHasher:
    """A hasher that is quick, and would be bad outside tests."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def client(imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client of a service that alice can log in to."""
    module = imported("stages.auth.users", "auth")
    monkeypatch.setattr(module, "PasswordHasher", cheap)
    path = tmp_path / "users.json"
    monkeypatch.setenv("AUTH_USERS_FILE", str(path))
    store = imported("stages.auth.store", "auth").FileStore(path)
    asyncio.run(module.Users(store).add("alice", PASSWORD))
    return TestClient(imported("app", "auth").create_app())


def log_in(client: TestClient, name: str = "alice", password: str = PASSWORD, **form: str) -> Any:
    return client.post(TOKEN, data={"username": name, "password": password, **form})


def test_a_password_that_is_no_text_is_wrong_like_any_other(client: TestClient) -> None:
    # UTF-7 can spell a lone surrogate, which UTF-8 has no bytes for.
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"username": "alice", "password": "+2AA-"}.items()
    )
    headers = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}

    assert client.post(TOKEN, content=f"{parts}--x--\r\n", headers=headers).status_code == 401


def test_logins_that_come_while_too_many_wait_are_told_when_to_come_again(
    imported: Imported, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair_queue = imported("runtime.fair_queue", "auth")

    def busy(*_: object) -> None:
        raise fair_queue.BusyError

    monkeypatch.setattr(fair_queue.Queue, "turn", busy)
    refusals = [log_in(client, password="wrong") for _ in range(9)]

    assert {refusal.status_code for refusal in refusals} == {503}
    assert refusals[0].headers["retry-after"] == "2"
    monkeypatch.undo()
    assert log_in(client).status_code == 200, "none of them has counted"


def test_the_users_are_those_of_one_application(imported: Imported, client: TestClient) -> None:
    api = imported("stages.api", "auth")
    apps = [imported("app", "auth").create_app() for _ in range(2)]
    assert len({id(api.of(app).state.auth) for app in apps}) == 2
    assert log_in(client).status_code == 200


def test_the_command_goes_by_its_earlier_name_too(pristine: Pristine, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orders.stages.auth"]
    environment = {**os.environ, "PYTHONPATH": str(pristine(("auth",)) / "src")}
    environment["AUTH_USERS_FILE"] = str(tmp_path / "users.json")
    added = subprocess.run(
        [*command, "add", "alice"],
        env=environment,
        input=PASSWORD.encode(),
        capture_output=True,
        check=False,
    )

    assert (added.returncode, added.stdout) == (0, b"added alice\n"), added.stderr
    assert subprocess.check_output([*command, "list"], env=environment) == b"alice\n"
