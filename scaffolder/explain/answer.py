"""What is answered."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a word can be."""

    PATH = "path"
    STAGE = "stage"
    SETTING = "setting"
    STATUS = "exit-code"
    LOG_LINE = "log-line"


@dataclass(frozen=True)
class Fact:
    """Something that is known of what was asked for, such as `default`: `8080`."""

    label: str
    values: Sequence[str]


@dataclass(frozen=True)
class Line:
    """A line of a file, and who wrote it."""

    number: int
    author: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """One meaning of what was asked for."""

    kind: Kind
    name: str
    says: str
    facts: Sequence[Fact] = ()
    lines: Sequence[Line] = field(default=(), repr=False)

    def document(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)


def facts(**values: str | Sequence[str]) -> list[Fact]:
    """Return facts by label, `_` for a space, without those that are empty."""
    found = ((label, [v] if isinstance(v, str) else list(v)) for label, v in values.items())
    return [
        Fact(label.replace("_", " "), kept) for label, v in found if (kept := [*filter(None, v)])
    ]
