"""Copies get a mount to write to only where one was refused, and where it is small."""

from pathlib import Path

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.config import Config, Mount
from scaffolder.diagnose.verdict import own_volumes
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
