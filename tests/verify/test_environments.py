"""Environments are made once for what they are made of, and kept, but not for ever."""

import fcntl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import TOOLS, language, subject

from scaffolder.errors import RefusedError
from scaffolder.languages.base import Command
from scaffolder.languages.toolchain import Check, Toolchain
from scaffolder.reporting import SILENT
from scaffolder.verify import environments
from scaffolder.verify.log import Log
from scaffolder.verify.steps import MissingError, NotAsExpectedError
from scaffolder.verify.subject import Subject

IN_TURN = replace(TOOLS, checks={"tests": Check(("true",), in_turn=True)})


def said(text: str, status: int = 0) -> Command:
    return Command((sys.executable, "-c", f"print({text!r}); raise SystemExit({status})"))


def counted(tmp_path: Path) -> Command:
    return Command(("sh", "-c", f"echo made >> {tmp_path}/made"))


def made(tmp_path: Path) -> int:
    return len((tmp_path / "made").read_text(encoding="utf-8").splitlines())


def ready(found: Subject, tmp_path: Path) -> Path:
    with environments.ready(found, Log(tmp_path / "log"), SILENT) as root:
        assert (root / environments.COMPLETE).exists()
        return root


def test_one_is_made_once_for_each_key(tmp_path: Path) -> None:
    of = language(counted(tmp_path))
    first = ready(subject(tmp_path, of=of), tmp_path)
    again = ready(subject(tmp_path, of=of), tmp_path)
    other = ready(subject(tmp_path, of=language(counted(tmp_path), key="other")), tmp_path)

    assert first == again != other
    assert first.parent == tmp_path / "home/environments"
    assert made(tmp_path) == 2


def test_one_that_was_not_completed_is_made_anew(tmp_path: Path) -> None:
    found = subject(tmp_path, of=language(counted(tmp_path)))
    root = ready(found, tmp_path)
    (root / environments.COMPLETE).unlink()
    (root / "half").touch()
    ready(found, tmp_path)

    assert made(tmp_path) == 2
    assert not (root / "half").exists()


def test_what_cannot_be_installed_fails(tmp_path: Path) -> None:
    found = subject(tmp_path, of=language(said("no such version", 2)))
    with pytest.raises(NotAsExpectedError) as error:
        ready(found, tmp_path)
    assert (error.value.found, error.value.said) == ("exit status 2", "no such version\n")
    with pytest.raises(NotAsExpectedError):  # and is not taken for complete later
        ready(found, tmp_path)


@pytest.mark.parametrize(
    "words", ["OSError: [Errno 28] No space left on device", "Disk quota exceeded (os error 122)"]
)
def test_a_disk_that_is_full_is_no_fault_of_the_service(tmp_path: Path, words: str) -> None:
    found = subject(tmp_path, of=language(said(words, 1)))
    with pytest.raises(MissingError, match="there is no room for what it needs"):
        ready(found, tmp_path)


def test_a_registry_that_does_not_answer_is_missing_and_its_credentials_are_not_shown(
    tmp_path: Path,
) -> None:
    of = language(said("unreachable: https://me:secret@registry.example/simple", 2))
    with pytest.raises(MissingError) as error:
        ready(subject(tmp_path, of=of), tmp_path)
    assert "registry.example" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_tool_that_cannot_be_run_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="/no/such/tool cannot be run"):
        ready(subject(tmp_path, of=language(Command(("/no/such/tool",)))), tmp_path)


def test_those_that_were_not_used_for_the_longest_time_are_removed(tmp_path: Path) -> None:
    roots = [ready(subject(tmp_path, of=language(key=str(n))), tmp_path) for n in range(6)]

    assert [root.exists() for root in roots] == [False] * 3 + [True] * 3
    assert len(list(roots[0].parent.iterdir())) == 6


def test_one_that_is_in_use_is_not_removed(tmp_path: Path) -> None:
    with environments.ready(subject(tmp_path), Log(tmp_path / "log"), SILENT) as used:
        for n in range(6):
            ready(subject(tmp_path, of=language(key=str(n))), tmp_path)
        assert used.exists()


@pytest.mark.parametrize(("tools", "alone"), [(TOOLS, False), (IN_TURN, True)])
def test_services_share_one_unless_they_are_built_in_it(
    tmp_path: Path,
    tools: Toolchain,
    alone: bool,  # noqa: FBT001 - of the table
) -> None:
    root = ready(subject(tmp_path, tools=tools), tmp_path)
    is_alone = False
    with (
        environments.ready(subject(tmp_path, tools=tools), Log(tmp_path / "log"), SILENT),
        root.with_suffix(".lock").open() as lock,
    ):
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            is_alone = True

    assert is_alone == alone


def test_a_second_verification_says_that_it_waits(tmp_path: Path) -> None:
    found = subject(tmp_path, tools=IN_TURN)
    root = ready(found, tmp_path)
    holder = (
        "import fcntl, sys, time; lock = open(sys.argv[1]); fcntl.flock(lock, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep(1)"
    )
    notes: list[str] = []

    class Hearing(type(SILENT)):  # type: ignore[misc]
        def note(self, text: str) -> None:
            notes.append(text)

    with subprocess.Popen(
        [sys.executable, "-c", holder, str(root.with_suffix(".lock"))], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with environments.ready(found, Log(tmp_path / "log"), Hearing()):
            pass

    assert notes == ["Another verification is at work here; this one waits for it."]


def test_what_is_built_in_turn_is_built_in_one_place_outside_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = subject(tmp_path, tools=IN_TURN)
    root = ready(found, tmp_path)
    with environments.workplace(found, root) as place:
        (place / "left").touch()
    with environments.workplace(found, root) as again:
        assert again == place
        assert not (again / "left").exists()
    with environments.workplace(replace(found, tools=TOOLS), root) as other:
        assert other != place
    assert not other.exists()
    assert place.is_relative_to(tmp_path / "cache")


def test_a_link_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    found = subject(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    found.home.mkdir()
    (found.home / "environments").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="is a link"):
        ready(found, tmp_path)
