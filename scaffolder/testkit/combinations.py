"""The sets of stages to check: none, each alone, pairs that name each other, and all.

A pair names each other if one has the other in `after` or `optional`: only then does their code
interact. Pairs are enough for that, so the number of sets grows linearly with the stages.
"""

from collections.abc import Collection

from scaffolder.templates.catalogue import Catalogue

Stages = tuple[str, ...]


def partners(known: Catalogue) -> list[Stages]:
    """Return the pairs of stages that know each other."""
    return [
        (other, name)
        for name, stage in known.stages.items()
        for other in (*stage.after, *stage.optional)
        if other in known.stages
    ]


def all_sets(known: Catalogue) -> list[Stages]:
    """Return the sets as services have them, with what they require and what is always on."""
    names = list(known.stages)
    asked = [(), *((name,) for name in names), *partners(known), tuple(names)]
    return list(dict.fromkeys(tuple(known.chosen(stages)) for stages in asked))


def own_sets(known: Catalogue, own: Collection[str]) -> list[Stages]:
    """Return those that tell something about an overlay with the stages `own`.

    The built-in template's tests cover the others.
    """
    every = all_sets(known)
    return [stages for stages in every if stages in (every[0], every[-1]) or set(stages) & set(own)]


def with_own_code(known: Catalogue) -> list[Stages]:
    """Return those whose code differs: what runs is the same with and without manifests."""
    code = {
        tuple(name for name in stages if known.stages[name].code): stages
        for stages in reversed(all_sets(known))
    }
    return [*reversed(code.values())]
