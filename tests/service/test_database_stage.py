# ruff: noqa: ANN401 - the modules of a rendered service are known when the tests run
"""Parts of the stage database in Python; what a service does is in tests/conformance/."""

from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Imported
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
)


@pytest.fixture(scope="module")
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


@given(values=st.lists(VALUES, max_size=4))
def test_what_a_line_says_is_what_was_written(database: Any, values: list[Any]) -> None:
    rows = database("rows")
    names = [f'"{place}' for place in range(len(values))]
    line = rows.line(names, values)
    found = rows.values(line, names)

    assert found == values
    assert list(map(type, found)) == list(map(type, values))
    assert (line.count(b"\n"), rows.line(names, found)) == (1, line)


@given(written=st.binary() | st.text().map(str.encode), end=st.sampled_from([b"", b"\n"]))
def test_a_line_that_is_damaged_is_refused_in_words(
    database: Any, written: bytes, end: bytes
) -> None:
    with pytest.raises(ValueError, match=r"^(that|the|it) "):
        database("rows").values(written + end, ["a"])


@pytest.mark.parametrize(
    ("kind", "given_text", "text"),
    [
        ("time", "2026-11-27 20:47:02.5+00", "2026-11-27 20:47:02.500000"),
        ("time", "2026-11-27T20:47:02Z", "2026-11-27 20:47:02.000000"),
        ("time", "20:47:02", "20:47:02.000000"),
        ("time", "20:47:02+05:30", "20:47:02+05:30"),
        ("time", "0044-03-15 00:00:00 BC", "0044-03-15 00:00:00 BC"),
        ("time", "infinity", "infinity"),
        ("decimal", "1.50", "1.5"),
        ("decimal", "-0.0", "0"),
        ("decimal", "100", "100"),
        ("decimal", "NaN", "NaN"),
    ],
)
def test_text_has_one_form(database: Any, kind: str, given_text: str, text: str) -> None:
    assert getattr(database("rows"), kind)(given_text) == text
