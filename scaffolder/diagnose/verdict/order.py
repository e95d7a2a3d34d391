"""Which of the causes found is reported first: it follows from what they declare."""

from scaffolder.diagnose.causes.catalogue import Basis, Cause, Found, explained_by

Pair = tuple[Cause, Found]


def basis(pair: Pair) -> Basis:
    """Return what the finding of a cause rests on."""
    cause, found = pair
    return cause.basis if found.basis is None else found.basis


def is_sure(pair: Pair) -> bool:
    """Tell whether a cause stands against the output of a copy, unless that is a cure."""
    return basis(pair) < Basis.HINT


def in_order(found: list[Pair]) -> list[Pair]:
    """Return the causes, the one to report first at the head.

    What is proven comes first. A cause comes before those that it explains; otherwise the better
    basis decides and, where that is the same, the order of the catalogue, in which they are given.
    """
    proven = [pair for pair in found if pair[1].proven]
    return [*_sorted(proven), *_sorted([pair for pair in found if not pair[1].proven])]


def _sorted(found: list[Pair]) -> list[Pair]:
    left, told = list(found), []
    while left:
        first = min((pair for pair in left if not _is_explained(pair, left)), key=basis)
        left.remove(first)
        told.append(first)
    return told


def _is_explained(pair: Pair, left: list[Pair]) -> bool:
    """Tell whether one of the others explains a cause; one with a weak basis explains none."""
    full = [other for other in left if basis(other) <= other[0].basis]
    return any(pair[0].id in explained_by(other.id) for other, _ in full)
