"""What copies with one factor changed have shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffolder.diagnose.causes.evidence import Evidence


@dataclass(frozen=True)
class Rerun:
    """What the reruns showed."""

    cause: str = ""
    pattern: str = ""
    text: str = ""
    fix: str = ""
    cured: bool = False
    proves: bool = False
    """The cure, or the copy's exit code, is proof enough."""
    is_exact: bool = False
    """The fix is what was tried."""
    factor: str = ""
    """What was changed: it proves the causes that name it in `cured_by`."""
    commands: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    tried: list[str] = field(default_factory=list)
    in_vain: Mapping[str, str] = field(default_factory=dict)
    """What was changed and cured nothing, and how a copy fared with it."""
    further: Mapping[str, str] = field(default_factory=dict)
    """What was changed and brought a copy further, and over what that one ended."""
