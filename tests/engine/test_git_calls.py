"""A change starts git as often in a large service as in a small one."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeService, commit, git, viscaffold
from teams import tag, write

MOST = 40
"""Processes of git that a change starts; each takes some milliseconds."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """Count the processes of git that are started from now on, by their command."""
    counted: Counter[str] = Counter()
    start = subprocess.Popen.__init__

    def counting(self: "subprocess.Popen[bytes]", args: Any, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - as in subprocess
        if args[0] == "git":
            counted[next(word for word in args[1:] if word[0] != "-" and "=" not in word)] += 1
        start(self, args, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", counting)
    return counted


def extra(root: Path, number: int) -> None:
    for at in range(number):
        path = root / f"src/orders/mine/part{at % 20}/m{at}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"from orders import app\n\nNUMBER = {at}\nAPP = app\n", encoding="utf-8")
    commit(root)


COMMANDS = ("add-stage", "remove-stage", "undo", "status")


@pytest.mark.parametrize("command", COMMANDS)
def test_git_is_started_as_often_with_many_files_as_with_few(
    service: MakeService, calls: "Counter[str]", command: str
) -> None:
    root = service() if command == "add-stage" else service("auth")
    words = (command, "auth") if command.endswith("stage") else (command,)
    found = []
    for number in (10, 1000):
        extra(root, number)
        if command == "undo":
            viscaffold("remove-stage", "auth")
        calls.clear()
        ran = viscaffold(*words)
        found.append(Counter(calls))
        assert ran.code == 0, ran.err
        if command.endswith("stage"):
            viscaffold("undo")

    assert found[0] == found[1]
    assert 0 < found[0].total() <= MOST


def large(root: Path, number: int, word: str) -> None:
    """Write a template with so many files, `word` in a line of each."""
    texts = {f"template/python/part{at % 20}/f{at}.txt": f"{at}\n{word}\n" for at in range(number)}
    write(root, {"viscaffold.yml": "name: large\n", **texts})


def test_so_it_is_with_a_template_of_many_files_and_conflicts_in_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: "Counter[str]"
) -> None:
    found = []
    for number in (10, 1000):
        template, root = tmp_path / f"template{number}", tmp_path / f"service{number}"
        large(template, number, "first")
        git(template, "init", "--quiet")
        tag(template, "1.0")
        viscaffold("new", str(root), "-t", f"file://{template}@1.0", "--trust")
        monkeypatch.chdir(root)
        for path in root.glob("part*/*"):
            path.write_text(path.read_text(encoding="utf-8").replace("first", "mine"), "utf-8")
        commit(root)
        large(template, number, "second")
        tag(template, "2.0")
        for words, code in (
            (("update",), 3),
            (("update", "--continue"), 3),
            (("update", "--abort"), 0),
        ):
            calls.clear()
            ran = viscaffold(*words)
            found.append(Counter(calls))
            assert ran.code == code, ran.err

    assert found[:3] == found[3:]
    assert all(0 < counted.total() <= MOST for counted in found)
