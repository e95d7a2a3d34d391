"""Versions and requirements as cargo writes them: which version fits which requirement."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PLACES = 3
"""Major, minor and patch."""

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?", re.ASCII)
COMPARATOR = re.compile(
    r"(=|>=|>|<=|<|~|\^|)\s*(\d+)(?:\.(\d+|[*xX]))?(?:\.(\d+|[*xX]))?(?:-([\w.-]+))?(?:\+[\w.-]+)?",
    re.ASCII,
)

Rank = tuple[bool, tuple[tuple[bool, int, str], ...]]
"""The order of what follows a hyphen in a version; without any, it is the last."""


@dataclass(frozen=True, order=True)
class Version:
    """A version: its numbers, and the rank of its pre-release."""

    numbers: tuple[int, ...]
    rank: Rank

    @property
    def is_prerelease(self) -> bool:
        """Tell whether it is one."""
        return not self.rank[0]


@dataclass(frozen=True)
class _Comparator:
    """One of the conditions of a requirement; its version may have fewer than three numbers."""

    operator: str
    numbers: tuple[int, ...]
    rank: Rank

    def allows(self, version: Version) -> bool:
        """Tell whether a version meets it, but for the rule about pre-releases."""
        head = version.numbers[: len(self.numbers)]
        whole = len(self.numbers) == PLACES
        same = head == self.numbers
        equal = same and version.rank == self.rank
        above = head > self.numbers or (whole and same and version.rank > self.rank)
        below = head < self.numbers or (whole and same and version.rank < self.rank)
        if self.operator in ("~", "^"):
            fixed = self._fixed()
            return version.numbers[:fixed] == self.numbers[:fixed] and not below
        found = {"=": equal, ">": above, ">=": equal or above, "<": below, "<=": equal or below}
        return found[self.operator]

    def _fixed(self) -> int:
        """Return how many numbers a compatible version has in common with this one."""
        if self.operator == "~":
            return min(len(self.numbers), 2)
        leading = next((at for at, number in enumerate(self.numbers) if number), None)
        return len(self.numbers) if leading is None else leading + 1


def parse(text: str) -> Version | None:
    """Return a version; None if it is none."""
    found = VERSION.fullmatch(text)
    return Version(tuple(map(int, found.groups()[:PLACES])), _rank(found[4])) if found else None


def fits(requirement: str, version: str) -> bool:
    """Tell whether a version meets a requirement; False if one of them is not valid."""
    try:
        wanted = list(_comparators(requirement))
    except ValueError:
        return False
    one = parse(version)
    if one is None or not all(comparator.allows(one) for comparator in wanted):
        return False
    # A pre-release fits only where one of the same version is named.
    return not one.is_prerelease or any(
        comparator.numbers == one.numbers and not comparator.rank[0] for comparator in wanted
    )


def problem(requirement: str) -> str:
    """Return why a text is no requirement, or an empty text."""
    try:
        list(_comparators(requirement))
    except ValueError as error:
        return str(error)
    return ""


def _comparators(requirement: str) -> Iterator[_Comparator]:
    if requirement.strip() in ("*", "x", "X"):
        return
    for part in requirement.split(","):
        found = COMPARATOR.fullmatch(part.strip())
        if not found:
            raise ValueError(f"{part.strip()!r} is not a version requirement such as 1.2")
        operator, *numbers, pre = found.groups()
        given = [number for number in numbers if number is not None]
        plain = [int(number) for number in given if number.isdigit()]
        wild = len(plain) < len(given)
        late = wild and given[len(plain)].isdigit()
        if late or (pre and len(plain) < PLACES):
            raise ValueError(f"{part.strip()!r} is not a version requirement such as 1.2")
        yield _Comparator(operator or ("=" if wild else "^"), tuple(plain), _rank(pre))


def _rank(pre: str | None) -> Rank:
    parts = pre.split(".") if pre else []
    ranked = ((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts)
    return pre is None, tuple(ranked)
