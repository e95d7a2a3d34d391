"""Copies side by side: how many, in which order they count, and that none is left."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from recorded import NOW, case

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.endable import Endable
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.diagnose.verdict.side_by_side import AT_ONCE, outcomes
from scaffolder.docker.client import Engine, EngineError

NAMES = ("a", "b", "c", "d")
DIED = Outcome(alive=False, exit_code=1, text="")
LIVES = Outcome(alive=True, exit_code=0, text="")


class Copies:
    """Copies that run until they are told to end, and count how many do so at the same time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.began: list[str] = []
        self.most = self.now = 0
        self.free = {name: threading.Event() for name in NAMES}
        self.ended: list[str] = []

    def run(self, engine: Endable, _case: Case, factor: Factor, _tracer: object = None) -> Outcome:
        with self.lock:
            self.began.append(factor.name)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)  # long enough to meet another one
        try:
            for _ in range(400):  # else it was forgotten
                if self.free[factor.name].wait(0.05):
                    break
                engine.run("start", factor.name)
        except EngineError:
            self.ended.append(factor.name)
        with self.lock:
            self.now -= 1
        return LIVES if factor.name == "b" else DIED


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Copies:
    made = Copies()
    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", made.run)
    return made


def changes(of: Case) -> Iterator[Factor]:
    yield from (Factor(name, of.config) for name in NAMES)


def lived(seconds: float) -> Case:
    began = NOW - timedelta(seconds=60)
    return case(state={"started": began, "finished": began + timedelta(seconds=seconds)})


def free(copies: Copies, *names: str) -> None:
    for name in names:
        copies.free[name].set()


def test_they_run_side_by_side_and_count_in_the_order_of_the_changes(copies: Copies) -> None:
    free(copies, *NAMES)
    of = lived(0.5)
    found = [
        (factor.name, copy.result().alive)
        for factor, copy in outcomes(Engine("true"), of, changes(of))
    ]

    assert found == [("a", False), ("b", True), ("c", False), ("d", False)]
    assert copies.most == AT_ONCE


def test_the_second_one_runs_before_the_first_one_has_ended(copies: Copies) -> None:
    of = lived(0.5)
    with closing(outcomes(Engine("true"), of, changes(of))) as copied:
        first, copy = next(copied)
        while len(copies.began) < AT_ONCE:
            pass
        assert (first.name, copy.done(), copies.began) == ("a", False, ["a", "b"])

    assert set(copies.ended) == {"a", "b"}


def test_what_needs_most_of_its_time_runs_alone(copies: Copies) -> None:
    """Another copy would slow it down, and it would pass for cured."""
    free(copies, *NAMES)
    of = lived(4)

    assert len(list(outcomes(Engine("true"), of, changes(of)))) == len(NAMES)
    assert copies.most == 1


def test_a_cure_ends_those_that_still_run(copies: Copies) -> None:
    of = lived(0.5)
    free(copies, "a", "b")
    with closing(outcomes(Engine("true"), of, changes(of))) as copied:
        cured = next(factor.name for factor, copy in copied if copy.result().alive)

    assert cured == "b"
    assert copies.now == 0
    assert copies.ended in ([], ["c"])  # it may not have begun yet
    assert "d" not in copies.began


def test_a_change_that_cannot_be_made_does_not_end_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: Callable[..., Outcome] = lambda *_: DIED  # noqa: E731
    monkeypatch.setattr("scaffolder.diagnose.verdict.unchanged.run", ran)
    calls: list[str] = []

    def refuse(_engine: Engine, _case: Case, factor: Factor, _tracer: object = None) -> Outcome:
        calls.append(factor.name)
        raise EngineError("no")

    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", refuse)
    of = case(config={"read_only": True, "memory": 1 << 26, "pids": 10})
    tried = try_factors(Engine("docker"), of).tried

    assert len(calls) == len(tried) > 2
    assert tried[0] == "rerun with a writable root filesystem: no"
