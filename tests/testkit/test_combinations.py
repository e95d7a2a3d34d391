"""Which sets of stages are looked at grows as the stages do."""

from scaffolder.templates.catalogue import Catalogue
from scaffolder.templates.stage import Stage
from scaffolder.testkit import combinations


def catalogue(*stages: Stage) -> Catalogue:
    return Catalogue({stage.name: stage for stage in stages}, "python")


def test_partners_are_looked_at_together_and_others_are_not() -> None:
    known = catalogue(
        Stage("a", "A", ""),
        Stage("b", "B", "", requires=("a",)),
        Stage("c", "C", "", after=("a",)),
        Stage("d", "D", "", optional=("b",)),
    )

    assert combinations.all_sets(known) == [
        *((), ("a",), ("a", "b"), ("c",), ("d",)),
        *(("a", "c"), ("a", "b", "d")),
        ("a", "b", "c", "d"),
    ]
    assert combinations.own_sets(known, ["c"]) == [(), ("c",), ("a", "c"), ("a", "b", "c", "d")]


def test_a_partner_that_is_not_there_is_none() -> None:
    assert combinations.partners(catalogue(Stage("a", "A", "", optional=("elsewhere",)))) == []


def test_ten_stages_that_do_not_know_each_other_are_twelve_sets() -> None:
    known = catalogue(*(Stage(f"s{n}", f"S{n}", "") for n in range(10)))

    assert len(combinations.all_sets(known)) == 12


def test_manifests_alone_are_no_other_code() -> None:
    known = catalogue(
        Stage("a", "A", ""),
        Stage("k", "K", "", optional=("a",), code=False),
    )

    assert combinations.all_sets(known) == [(), ("a",), ("k",), ("a", "k")]
    assert sorted(combinations.with_own_code(known)) == [(), ("a",)]
