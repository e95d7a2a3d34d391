"""Which sets of stages are looked at: none, each alone, every pair, and all."""

from collections.abc import Collection
from itertools import combinations

from scaffolder.catalogue import Catalogue

Stages = tuple[str, ...]


def all_sets(known: Catalogue) -> list[Stages]:
    """Return the sets as services have them, with what they require and what is always on."""
    names = list(known.stages)
    asked = [(), *((name,) for name in names), *combinations(names, 2), tuple(names)]
    return list(dict.fromkeys(tuple(known.chosen(stages)) for stages in asked))


def own_sets(known: Catalogue, own: Collection[str]) -> list[Stages]:
    """Return those that tell something about an overlay with the stages `own`.

    Pairs without one of its stages are the built-in template's affair.
    """
    every = all_sets(known)
    return [stages for stages in every if stages in (every[0], every[-1]) or set(stages) & set(own)]
