# ruff: noqa: ANN401 - the modules of a rendered service are known when the tests run
"""The file of users; its command is in tests/conformance/test_users_command.py."""

import asyncio
import logging
import stat
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from conftest import Imported

PASSWORD = "correct horse battery"


class Hasher(PasswordHasher):
    """A quick hasher that notes what it works on."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost, memory_cost=8, parallelism=1)
        self.work: list[str] = []

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.work.append("hash")
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002 - the library's name
        self.work.append("verify")
        return super().verify(hash, password)


@pytest.fixture
def module(imported: Imported) -> Any:
    return imported("stages.auth.users", "auth")


@pytest.fixture
def store(imported: Imported) -> Any:
    return imported("stages.auth.store", "auth")


class Users:
    """The users in a file, each of whose methods is waited for."""

    def __init__(self, users: Any) -> None:
        self._users = users

    def __getattr__(self, name: str) -> Any:
        def call(*args: object) -> Any:
            return asyncio.run(getattr(self._users, name)(*args))

        return call


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "below" / "users.json"


def made(module: Any, store: Any, path: Path, hasher: Hasher) -> Users:
    return Users(module.Users(store.FileStore(path), hasher))


def test_a_password_is_kept_as_an_argon2id_hash_for_the_owner_alone(
    module: Any, store: Any, path: Path
) -> None:
    made(module, store, path, Hasher()).add("alice", PASSWORD)

    assert "$argon2id$" in path.read_text(encoding="utf-8")
    assert PASSWORD not in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_unknown_user_costs_a_verification_as_a_known_one_does(
    module: Any, store: Any, path: Path
) -> None:
    hasher = Hasher()
    users = made(module, store, path, hasher)
    users.add("alice", PASSWORD)
    hasher.work.clear()

    assert users.verify("alice", PASSWORD) is not None
    assert users.verify("alice", "wrong") is None
    assert users.verify("nobody", PASSWORD) is None
    assert users.verify("nobody", "\ud800") is None
    assert hasher.work == ["verify", "verify", "hash", "hash"]


def test_a_hash_is_renewed_when_the_parameters_change(module: Any, store: Any, path: Path) -> None:
    made(module, store, path, Hasher()).add("alice", PASSWORD, ("a",))
    hasher = Hasher(time_cost=2)
    stronger = made(module, store, path, hasher)
    assert stronger.verify("alice", "wrong") is None
    assert hasher.work == ["verify", "hash"], "it takes no less than for an unknown user"
    assert "t=1" in path.read_text(encoding="utf-8")
    assert stronger.verify("alice", PASSWORD) is not None

    assert "t=2" in path.read_text(encoding="utf-8")
    assert stronger.verify("alice", PASSWORD) is not None
    assert stronger.find("alice").scopes == ("a",)


def test_a_hash_that_cannot_be_renewed_keeps_nobody_out(
    module: Any,
    store: Any,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made(module, store, path, Hasher()).add("alice", PASSWORD)

    def read_only(*_: object) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr(store, "_replace", read_only)
    with caplog.at_level(logging.WARNING):
        assert made(module, store, path, Hasher(time_cost=2)).verify("alice", PASSWORD) is not None

    assert "Read-only file system" in caplog.text


def test_what_another_process_writes_is_read(module: Any, store: Any, path: Path) -> None:
    reader, writer = made(module, store, path, Hasher()), made(module, store, path, Hasher())
    writer.add("alice", PASSWORD)
    assert reader.names() == ["alice"]
    writer.add("bob", PASSWORD)
    writer.remove("alice")

    assert reader.names() == ["bob"]


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        (("", PASSWORD, ["a"]), "a name has"),
        (("a b", PASSWORD, ["a"]), "a name has"),
        (("../x", PASSWORD, ["a"]), "a name has"),
        (("alice", "short", ["a"]), "at least 8"),
        (("alice", PASSWORD, ["Not A Scope"]), "a scope has"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    module: Any, store: Any, path: Path, user: tuple[str, str, list[str]], problem: str
) -> None:
    with pytest.raises(module.UserError, match=problem):
        made(module, store, path, Hasher()).add(*user)

    assert not path.exists()
