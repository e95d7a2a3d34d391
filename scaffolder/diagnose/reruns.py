"""Runs of a copy with one factor changed: what cures it is the cause."""

from dataclasses import dataclass, field

from .evidence import Evidence


@dataclass(frozen=True)
class Rerun:
    """What the reruns have shown."""

    cause: str = ""
    pattern: str = ""
    text: str = ""
    fix: str = ""
    cured: bool = False
    commands: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    tried: list[str] = field(default_factory=list)
