"""Locks and the like in a mount that keep a program from starting, removed from a copy."""

import io
import tarfile
from dataclasses import replace

import pytest
from recorded import File, case, folder

from examples import DATA, INDEX, SERVER, STARTED
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.handed import packed_without
from scaffolder.diagnose.verdict.removed import without_mark

OTHER = "C\t1\t7\t7\topenat\t3\tp=/data/state.json\tx=0\n"


def looked_for(
    path: str, found: File, before: str = "", mounts: tuple[Mount, ...] = (DATA,)
) -> list[Factor]:
    """Return the copies of a program that asks for a path, finds it, and ends."""
    asks = f"{before}C\t2\t7\t7\tnewfstatat\t0\tp={path}\n"
    of = case(
        files={**SERVER, path: found}, exit_code=1, trace=f"{STARTED}{asks}X\t3\t7\t1\t0",
        config={"mounts": mounts},
    )  # fmt: skip
    return [*without_mark(of)]


@pytest.mark.parametrize(
    ("path", "found", "is_mark"),
    [
        ("/data/worker.lock", File(b""), True),
        ("/data/.queue.lck", File(b""), True),
        ("/data/app.pid", File(b"7\n"), True),
        ("/data/sync.lock", folder(), True),
        ("/data/RUNNING", File(b""), True),
        ("/data/in_use", File(b""), True),
        ("/data/clock", File(b""), False),
        ("/data/blocks.json", File(b""), False),
        ("/data/schema_version", File(b"7\n"), False),
        ("/data/package.lock", File(b"x" * 4000), False),
        ("/data/cache", folder(), False),
    ],
)
def test_what_is_called_as_a_lock_is_hidden_from_a_copy(
    path: str, found: File, *, is_mark: bool
) -> None:
    factors = looked_for(path, found)

    assert [factor.name for factor in factors] == ["nothing in /data"] * is_mark
    assert [factor.cure and factor.cure.proves for factor in factors] == [True] * is_mark


def test_only_the_lock_is_removed_where_there_is_more() -> None:
    factors = looked_for("/data/worker.lock", File(b""), OTHER)

    assert [factor.removed for factor in factors] == [("/data/worker.lock",)]
    assert factors[0].flags == "remove it at the start (rm -f /data/worker.lock before exec)"


def test_whose_a_lock_is_stays_open_where_another_one_runs() -> None:
    of = case(
        files={**SERVER, "/data/worker.lock": File(b"")}, exit_code=1,
        trace=f"{STARTED}C\t2\t7\t7\tnewfstatat\t0\tp=/data/worker.lock\nX\t3\t7\t1\t0",
        config={"mounts": (DATA,)}, sources={"around": (INDEX,)},
    )  # fmt: skip
    cure = next(without_mark(of)).cure

    assert cure
    assert (cure.cause, cure.proves) == ("volume-in-use", False)
    assert f"the running container {INDEX.name} has mounted as well" in cure.text


def test_nothing_is_removed_of_what_belongs_to_the_image() -> None:
    assert (
        looked_for("/data/worker.lock", File(b""), OTHER, (replace(DATA, destination="/x"),)) == []
    )


def test_a_volume_is_copied_without_what_is_removed() -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for name in ("data/worker.lock", "data/state.json"):
            entry = tarfile.TarInfo(name)
            entry.size = 2
            packed.addfile(entry, io.BytesIO(b"{}"))
    left = io.BytesIO()
    packed_without(archive.getvalue(), left, {"data/worker.lock"})
    left.seek(0)

    with tarfile.open(fileobj=left) as read:
        assert [(e.name, read.extractfile(e).read()) for e in read] == [("data/state.json", b"{}")]  # type: ignore[union-attr]
