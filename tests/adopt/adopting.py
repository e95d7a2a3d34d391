"""Fixtures: services that exist, as they were and adopted."""

from pathlib import Path

import existing
import pytest
from conftest import commit, state, viscaffold
from existing import MakeExisting


def refused(*args: str) -> str:
    """Return why it refuses; nothing was changed."""
    before = state(Path.cwd())
    ran = viscaffold("adopt", "--yes", *args)
    assert ran.code in (2, 5), ran.err
    assert state(Path.cwd()) == before
    return ran.err


@pytest.fixture
def exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeExisting:
    """Make a service of a shape, or of these files, and step into it."""

    def make(shape: str = "flat", files: dict[str, str] | None = None) -> Path:
        root = existing.write(tmp_path / "pens", files or existing.SHAPES[shape])
        monkeypatch.chdir(root)
        return root

    return make


@pytest.fixture(scope="session")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> MakeExisting:
    """Make a service of each shape that was adopted and committed; not to be changed."""
    made: dict[str, Path] = {}

    def make(shape: str) -> Path:
        if shape not in made:
            root = existing.write(tmp_path_factory.mktemp(shape) / "pens", existing.SHAPES[shape])
            ran = viscaffold("adopt", str(root), "--yes", *existing.FLAGS[shape])
            assert ran.code == 0, ran.err
            commit(root, "Adopt")
            made[shape] = root
        return made[shape]

    return make
