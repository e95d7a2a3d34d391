"""Limits and kills are read alike from both versions of cgroup, and from inside a container."""

from pathlib import Path
from types import ModuleType

import pytest
from conftest import Imported

LIMIT = 96 * 1024 * 1024
VERSION_1 = "12:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n"
VERSION_2 = "0::/docker/abc\n"


@pytest.fixture
def cgroup(imported: Imported) -> ModuleType:
    return imported("runtime.cgroup")


@pytest.fixture
def files(tmp_path: Path, cgroup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file system of our own in the place of the kernel's."""
    for name in ("ROOT", "OWN", "MACHINE"):
        monkeypatch.setattr(cgroup, name, str(tmp_path / name))
    (tmp_path / "MACHINE").write_text("nr_free_pages 1\noom_kill 7\n", encoding="ascii")
    return tmp_path


def write(directory: Path, **texts: str) -> None:
    directory.mkdir(parents=True)
    for name, text in texts.items():
        (directory / name.replace("__", ".")).write_text(text, encoding="ascii")


@pytest.mark.parametrize("place", ["ROOT", "ROOT/docker/abc"])
def test_version_2(cgroup: ModuleType, files: Path, place: str) -> None:
    (files / "OWN").write_text(VERSION_2, encoding="ascii")
    write(files / place, memory__max=f"{LIMIT}\n", memory__events="max 9\noom 3\noom_kill 2\n")

    assert cgroup.memory_limit() == LIMIT
    assert vars(cgroup.kills()) == {"here": 2, "machine": 7}


@pytest.mark.parametrize("place", ["ROOT/memory", "ROOT/memory/docker/abc"])
def test_version_1(cgroup: ModuleType, files: Path, place: str) -> None:
    (files / "OWN").write_text(VERSION_1, encoding="ascii")
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"
    write(files / place, memory__limit_in_bytes=f"{LIMIT}\n", memory__oom_control=control)

    assert cgroup.memory_limit() == LIMIT
    assert cgroup.kills().here == 2


@pytest.mark.parametrize(("name", "text"), [("memory__max", "max\n"), ("other", "")])
def test_no_limit(cgroup: ModuleType, files: Path, name: str, text: str) -> None:
    (files / "OWN").write_text(VERSION_2, encoding="ascii")
    write(files / "ROOT", **{name: text})

    assert cgroup.memory_limit() is None
    assert cgroup.kills().here is None


def test_a_limit_of_version_1_that_is_none(cgroup: ModuleType, files: Path) -> None:
    (files / "OWN").write_text(VERSION_1, encoding="ascii")
    write(files / "ROOT/memory", memory__limit_in_bytes="9223372036854771712\n")

    assert cgroup.memory_limit() is None


def test_a_system_without_any_of_it(cgroup: ModuleType, files: Path) -> None:
    (files / "MACHINE").unlink()

    assert cgroup.memory_limit() is None
    assert vars(cgroup.kills()) == {"here": None, "machine": None}


def test_a_number_that_is_not_known_at_both_times_has_no_difference(cgroup: ModuleType) -> None:
    since = cgroup.Kills(3, None).since(cgroup.Kills(1, 5))

    assert vars(since) == {"here": 2, "machine": None}
