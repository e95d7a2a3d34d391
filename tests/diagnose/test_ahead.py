"""A watched copy runs while files are read, ends where it is needless, and leaves nothing."""

import io
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from recorded import case

from scaffolder.diagnose.docker.copied_files import Copied
from scaffolder.diagnose.evidence.config import Host
from scaffolder.diagnose.verdict import ahead
from scaffolder.docker.client import Engine
from scaffolder.errors import ScaffoldError

AMD64 = Host(architecture="amd64")
# `docker wait` lasts until something kills the container.
DOCKER = """#!/bin/sh
cd {folder}
echo "$*" >> asked
case "$1" in
create) while read -r line; do :; done; echo 1234 ;;
inspect) echo "1234 $(sed -n 's/.*viscaffold.throwaway=\\([0-9a-f]*\\).*/\\1/p' asked)" ;;
wait) while [ ! -e killed ]; do sleep 0.05; done; echo 137 ;;
kill) : > killed ;;
cp) [ "$3" != - ] || cat root.tar ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine that notes what it is asked."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.format(folder=tmp_path))
    docker.chmod(0o755)
    return Engine(str(docker))


def asked(engine: Engine) -> list[str]:
    """Return the commands so far, by their first words."""
    notes = Path(engine.program).with_name("asked")
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [line.split()[0] for line in lines]


def until_asked(engine: Engine, word: str) -> None:
    """Wait until the engine is asked for something."""
    while word not in asked(engine):
        time.sleep(0.01)


def test_a_needless_copy_is_killed_and_removed(engine: Engine) -> None:
    ends: list[Any] = []
    begun = ahead.begun(engine, case(host=AMD64), ends.append)
    assert begun
    until_asked(engine, "wait")

    ends[0]()

    assert "kill" in asked(engine)
    assert asked(engine)[-1] == "rm"
    with pytest.raises(ScaffoldError):
        begun.outcome()


@pytest.mark.parametrize(
    "example",
    [
        {"log": "bind: address already in use"},
        {"kind": "image"},
        {"state": {"status": "created", "exit_code": 0}},
    ],
    ids=["says-why", "image", "never-started"],
)
def test_no_copy_begins_where_none_is_likely_to_be_needed(
    engine: Engine, example: dict[str, Any]
) -> None:
    assert ahead.begun(engine, case(**example, host=AMD64), lambda _end: None) is None


def packed(*members: tuple[str, bytes, dict[str, Any]]) -> bytes:
    """Return a tar stream of `/`, as the engine prints it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content, about in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for key, value in about.items():
                setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_what_comes_along_with_the_top_directory_is_not_asked_for_again(engine: Engine) -> None:
    folder = {"type": tarfile.DIRTYPE}
    root = packed(
        ("/", b"", folder),
        ("etc/", b"", folder),
        ("etc/passwd", b"root:x:0:0\n", {}),
        ("etc/same", b"", {"type": tarfile.LNKTYPE, "linkname": "etc/passwd"}),
        ("lib64", b"", {"type": tarfile.SYMTYPE, "linkname": "usr/lib64"}),
        ("usr/", b"", folder),
        ("usr/cut", b"x" * 2000, {}),
    )
    cut = root[: root.index(b"x" * 100) + 700]
    Path(engine.program).with_name("root.tar").write_bytes(cut)
    files = Copied(engine, "c")

    assert files.entry("/")
    link = files.entry("/lib64")
    assert link
    assert (link.kind, link.target) == ("link", "usr/lib64")
    assert files.content("/etc/passwd") == b"root:x:0:0\n"
    assert asked(engine) == ["cp"]

    files.entry("/usr/cut")  # it was not whole
    files.entry("/etc/same")  # what it holds stands elsewhere

    assert asked(engine) == ["cp", "cp", "cp"]
