"""A sample leaves out cases, but none for good."""

from pathlib import Path

import pytest
import samples

CASES = list(range(10))


def test_a_sample_has_one_case_out_of_so_many_and_each_has_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(samples, "FULL", False)
    seen = [samples.sample(CASES, 3) for _ in range(200)]

    assert {len(sample) for sample in seen} == {3, 4}
    assert {case for sample in seen for case in sample} == set(CASES)


IDS = [f"conformance/test_x.py::test_{n}" for n in range(100)]


def test_each_test_of_what_is_played_in_turns_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    step = samples.IN_TURNS["conformance/"]
    seen: list[set[str]] = []
    for turn in range(2 * step):
        monkeypatch.setattr(samples, "TURN", turn)
        seen.append({one for one in IDS if samples.is_its_turn(one)})
        assert samples.is_its_turn("engine/test_merge.py::test_a")

    assert set().union(*seen) == set(IDS)
    assert sum(map(len, seen[:step])) == len(IDS), "none is played twice"
    assert seen[:step] == seen[step:]
    assert all(len(one) > 10 for one in seen)


def test_what_is_played_in_turns_is_there() -> None:
    here = Path(__file__).parent

    for path, _, name in (each.partition("::") for each in samples.IN_TURNS):
        assert (here / path).exists()
        assert not name or f"def {name}" in (here / path).read_text(encoding="utf-8")


def test_a_full_run_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "FULL", True)
    monkeypatch.setattr(samples, "TURN", None)
    assert samples.sample(CASES, 3) == CASES
    assert all(map(samples.is_its_turn, IDS))
