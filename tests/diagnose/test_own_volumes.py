"""Copies get a mount to write to only where one was refused, and where it is small."""

from pathlib import Path

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.config import Config, Mount
from scaffolder.diagnose.verdict import own_volumes
from scaffolder.diagnose.verdict.closed import closed
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.own_volumes import on_own_volumes
from scaffolder.docker.client import Engine, EngineError

REFUSED = f"{STARTED}C\t1\t7\t7\topenat\t-30\tp=/data/a\tx=241\nX\t2\t7\t1\t0"


@pytest.mark.parametrize(
    ("trace", "size", "writable", "asks"),
    [
        (REFUSED, 10, True, True),
        (REFUSED.replace("-30", "-13"), 10, True, False),
        (REFUSED.replace("/data/a", "/srv/a"), 10, True, False),
        (REFUSED, 17 << 20, True, False),
        (REFUSED, 10, False, False),
    ],
)
def test_when_a_copy_gets_a_volume_of_its_own(  # noqa: PLR0913 - what it depends on
    trace: str,
    size: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    writable: bool,
    asks: bool,
) -> None:
    with (tmp_path / "b").open("wb") as file:
        file.truncate(size)
    mounts = (Mount("bind", str(tmp_path), "/data", writable=writable),)
    of = case(files=SERVER, trace=trace, config={"mounts": mounts})
    ran: list[Config] = []

    def run(_engine: Engine, again: object, *_rest: object) -> Outcome:
        assert again is of
        ran.append(of.config)
        raise EngineError("nothing is run here")

    monkeypatch.setattr(own_volumes, "run", run)
    same = Outcome(alive=False, exit_code=1, text="", trace=of.seen.trace)

    assert on_own_volumes(Engine("docker"), of, same) is same
    assert bool(ran) == asks
    assert of.config.mounts == mounts
    for config in ran:
        options = isolate(config, is_remote=False).options
        assert options == ("--mount=type=volume,target=/data,volume-nocopy",)


OPENED = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data/b\tx=0\nX\t2\t7\t1\t0"


@pytest.mark.parametrize(
    ("trace", "writable", "asks"),
    [(OPENED, False, True), (OPENED, True, False), (OPENED.replace("/data", "/srv"), False, False)],
)
def test_a_copy_may_write_where_a_mount_that_it_reads_is_read_only(
    trace: str, tmp_path: Path, *, writable: bool, asks: bool
) -> None:
    mounts = (Mount("bind", str(tmp_path), "/data", writable=writable),)
    of = case(files={**SERVER, "/data/b": File(b"x")}, trace=trace, config={"mounts": mounts})
    found = list(own_volumes.not_read_only(of))

    assert [factor.name for factor in found] == ["a writable mount over /data"] * asks
    for factor in found:
        assert isolate(factor.config, is_remote=False).options == (
            "--mount=type=volume,target=/data,volume-nocopy",
        )
        assert factor.cure
        assert "mounted read-only (:ro)" in factor.cure.text


def test_another_mode_of_a_file_is_not_tried_where_that_would_make_it_writable(
    tmp_path: Path,
) -> None:
    for writable in (True, False):
        mounts = (Mount("bind", str(tmp_path), "/data", writable=writable),)
        of = case(files={**SERVER, "/data/b": File(b"x")}, trace=OPENED, config={"mounts": mounts})

        assert bool(list(closed(of))) is writable
