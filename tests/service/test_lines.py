"""Lines that no logger writes look like those around them."""

import json
from types import ModuleType
from typing import Protocol

import pytest
from conftest import Imported


class SharedState(Protocol):
    """What the service and its supervisor share."""

    json_lines: float
    beat: float

    def end(self, status: int) -> None: ...

    def is_forked(self) -> bool: ...

    def announced(self) -> int | None: ...


@pytest.fixture
def lines(imported: Imported) -> ModuleType:
    return imported("runtime.lines")


@pytest.fixture
def state(imported: Imported, lines: ModuleType, monkeypatch: pytest.MonkeyPatch) -> SharedState:
    page = imported("runtime.shared_state").SharedState()
    page.own()
    monkeypatch.setattr(lines, "shared", page)
    found: SharedState = page
    return found


def test_they_are_text_at_first(lines: ModuleType, state: SharedState) -> None:
    assert not state.json_lines
    found = lines.line("ERROR", "supervisor", "orders", "it stopped")

    assert found.endswith(" ERROR supervisor: orders: it stopped")


@pytest.mark.parametrize("text", ["plain", 'say "no"\\n\n\t', "\x00\x1f", "naïve 😀", "\udc80"])
def test_they_are_json_once_the_log_is(lines: ModuleType, state: SharedState, text: str) -> None:
    state.json_lines = 1
    found = json.loads(lines.line("ERROR", "supervisor", "orders", text))

    assert found["message"] == text
    assert found["logger"] == "supervisor"
    assert found["service"] == "orders"


def test_a_forked_process_writes_nothing_of_the_services(
    state: SharedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: -1)
    state.end(3)
    state.beat = 1.0

    assert state.is_forked()
    assert state.announced() is None
    assert state.beat == 0.0
