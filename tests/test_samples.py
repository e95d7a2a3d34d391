"""A sample leaves out cases, but none for good."""

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


def test_every_case_has_its_turn_which_is_that_of_all_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(samples, "FULL", False)
    seen = []
    for turn in range(6):
        monkeypatch.setattr(samples, "TURN", turn)
        assert samples.in_turn(CASES, 3) == samples.in_turn(CASES, 3)
        seen.append(samples.in_turn(CASES, 3))

    assert sorted(seen[0] + seen[1] + seen[2]) == CASES
    assert seen[:3] == seen[3:]


def test_a_full_run_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "FULL", True)
    assert samples.sample(CASES, 3) == CASES
    assert samples.in_turn(CASES, 3) == CASES
