"""Which cause is told first follows from what causes declare, and from nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from recorded import case

from examples import EXAMPLES
from scaffolder.diagnose.causes.catalogue import (
    FACTORS,
    Basis,
    Cause,
    Found,
    causes,
    explained_by,
)
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.verdict import (
    agreed,
    closed,
    completed,
    cures,
    endings,
    itself,
    limited,
    more_time,
    order,
    renamed,
    room,
    runtimes,
    swapped,
    translated,
    wanted,
)
from scaffolder.diagnose.verdict.judge import candidates

KNOWN = {cause.id: cause for cause in causes()}


def declared(identity: str, basis: Basis = Basis.NAMED, **more: Any) -> Cause:  # noqa: ANN401 - of a Cause
    nothing: frozenset[str] = frozenset()
    facts = {"explains": nothing, "cured_by": nothing, **more}
    return Cause(
        identity,
        "x",
        "process",
        "x",
        ("logs",),
        "",
        Phase.DIED,
        basis,
        find=lambda _: None,
        **facts,
    )


def found(cause: Cause, **more: Any) -> order.Pair:  # noqa: ANN401 - of a Found
    return cause, Found("it", "fix", (), **more)


def told(*pairs: order.Pair) -> list[str]:
    return [cause.id for cause, _ in order.in_order(list(pairs))]


@pytest.mark.parametrize("name", KNOWN)
def test_what_causes_explain_is_known_and_never_themselves(name: str) -> None:
    assert explained_by(name) <= KNOWN.keys()


def test_a_circle_of_explanations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = [declared(a, explains=frozenset({b})) for a, b in (("a", "b"), ("b", "a"))]
    monkeypatch.setattr("scaffolder.diagnose.causes.catalogue.causes", lambda: ring)

    with pytest.raises(ValueError, match="explains itself"):
        explained_by("a")


def undecided(pairs: list[order.Pair]) -> Iterator[tuple[str, str]]:
    """Return causes that were found together and that only the catalogue's order tells apart."""
    for at, (cause, hit) in enumerate(pairs):
        for other, other_hit in pairs[at + 1 :]:
            same = order.basis((cause, hit)) == order.basis((other, other_hit))
            tie = same and hit.proven == other_hit.proven
            related = other.id in explained_by(cause.id) or cause.id in explained_by(other.id)
            if tie and not related:
                yield cause.id, other.id


@pytest.mark.parametrize("name", EXAMPLES)
def test_causes_that_are_found_together_say_which_explains_which(name: str) -> None:
    assert not list(undecided(candidates(case(**EXAMPLES[name]))))


def test_two_causes_that_say_nothing_of_each_other_are_noticed() -> None:
    pair = [found(KNOWN["disk-full"]), found(KNOWN["licence"])]

    assert list(undecided(pair)) == [("disk-full", "licence")]


def test_a_cause_comes_before_those_it_explains() -> None:
    stop, slow = KNOWN["stop-ignored"], KNOWN["stop-slow"]

    assert told(found(stop), found(slow)) == ["stop-slow", "stop-ignored"]


def test_a_cause_that_rests_on_little_explains_nothing() -> None:
    slow, stop = found(KNOWN["stop-slow"], basis=Basis.HINT), found(KNOWN["stop-ignored"])

    assert told(slow, stop) == ["stop-ignored", "stop-slow"]


def test_proof_comes_before_a_name_and_a_name_before_a_hint() -> None:
    named, hint = found(KNOWN["disk-full"]), found(KNOWN["usage-printed"])

    assert told(hint, named) == ["disk-full", "usage-printed"]
    proven = found(KNOWN["usage-printed"], proven=True)
    assert told(named, proven) == ["usage-printed", "disk-full"]


MODULES = (
    agreed, closed, completed, cures, endings, itself, limited, more_time, renamed, room, runtimes, swapped,
    translated, wanted,
)  # fmt: skip
"""Where cures are."""


def test_each_factor_of_a_copy_is_what_a_cause_is_cured_by() -> None:
    known = [it for module in MODULES for it in vars(module).values()]
    made = {cure.factor for cure in known if isinstance(cure, cures.Cure)}
    declared_by = {name for cause in KNOWN.values() for name in cause.cured_by}

    assert {name.partition(" ")[0] for name in made} | {"ulimit"} == set(FACTORS)
    assert made <= declared_by
    assert {name.partition(" ")[0] for name in declared_by} <= set(FACTORS)


@pytest.mark.parametrize(
    ("limit", "factor", "cause"),
    [
        ("nofile", "ulimit nofile", "files-limit"),
        ("cpu", "ulimit cpu", "file-size-limit"),
        ("memlock", "ulimit memlock", "locked-memory-limit"),
        ("rtprio", "ulimit", "memory-exhausted"),
    ],
)
def test_a_limit_that_is_lifted_points_to_the_cause_that_it_cures(
    limit: str, factor: str, cause: str
) -> None:
    cure = cures.ulimit(limit)

    assert (cure.factor, cure.cause) == (factor, cause)
    assert factor in KNOWN[cause].cured_by
