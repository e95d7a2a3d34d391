# ruff: noqa: ANN401 - the modules of a rendered service are known when the tests run
"""Parts of the stage database in Python; what a service does is in tests/conformance/."""

from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Imported


@pytest.fixture
def database(imported: Imported) -> Any:
    def load(module: str) -> ModuleType:
        return imported(f"runtime.database.{module}", "database")

    return load


def module_with(tmp_path: Path, *migrations: str) -> ModuleType:
    """Return a stage with migrations in files of these names."""
    (tmp_path / "migrations").mkdir()
    for name in migrations:
        (tmp_path / "migrations" / name).touch()
    stage = ModuleType("orders.stages.ledger")
    stage.__path__ = [str(tmp_path)]
    return stage


def test_the_migrations_of_a_stage_are_found_by_their_numbers(
    database: Any, tmp_path: Path
) -> None:
    stage = module_with(tmp_path, "0001_one.py", "0010_ten.py", "notes.py", "0002_two.sql")
    ledger, app = database("migrations").parts("imported_database", {"ledger": stage})

    assert ledger.modules == {
        "0001": "orders.stages.ledger.migrations.0001_one",
        "0010": "orders.stages.ledger.migrations.0010_ten",
    }
    assert (ledger.newest, ledger.after("0001"), ledger.before("0010")) == ("0010", "0010", "0001")
    assert (app.name, app.newest, app.after("0000")) == ("app", "0000", None)


def test_two_migrations_with_one_number_are_refused(database: Any, tmp_path: Path) -> None:
    stage = module_with(tmp_path, "0001_mine.py", "0001_yours.py")
    with pytest.raises(Exception, match="two migrations of ledger have the number 0001"):
        database("migrations").parts("imported_database", {"ledger": stage})


def test_pauses_grow_and_are_never_the_same(database: Any) -> None:
    found = [list(islice(database("pauses").pauses(longest=5.0), 10)) for _ in range(2)]

    assert found[0] != found[1]
    for pauses in found:
        for number, pause in enumerate(pauses):
            whole = min(0.1 * 2**number, 5.0)
            assert whole / 2 <= pause <= whole
