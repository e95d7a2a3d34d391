"""One stage, as the catalogue describes it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Step:
    """What a service with the stage must do: answer a request, write a line to its log, or both."""

    about: str
    """What is shown by it, for messages."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that the service is started with."""
    request: str = ""
    """`METHOD /path`; without one, the line is one that a start writes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    """What the request is answered with."""
    json: Any = None
    """What the JSON of the answer holds: of an object these members, of anything else all of it."""
    text: str = ""
    """A part of the answer."""
    log: str = ""
    """A part of a line in the log."""


@dataclass(frozen=True)
class Fault:
    """What a drill brings about by settings: a wrong one, or one of what is out of reach."""

    about: str
    """What is wrong, for messages."""
    settings: Mapping[str, str]
    log: str
    """A part of the line that has to name it."""
    exit: int | None = None
    """The exit status that the service has to end with; None if it has to go on."""


@dataclass(frozen=True)
class Data:
    """What a stage keeps that is not in the service's repository: its removal asks first."""

    tables: tuple[str, ...] = ()
    tables_with: tuple[str, ...] = ()
    """Stages without which there are no tables."""
    files: tuple[str, ...] = ()
    """Paths below the directory that the service runs in."""
    command: tuple[str, ...] = ()
    """The service's command that exports, imports and takes back the tables of each stage."""

    def among(self, stages: Collection[str]) -> "Data":
        """Return what there can be of it in a service with `stages`."""
        has_tables = all(name in stages for name in self.tables_with)
        return self if has_tables else replace(self, tables=())


@dataclass(frozen=True)
class Stage:
    """One capability that can be added to a service."""

    name: str
    title: str
    summary: str
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Stages that it comes after where both are there, and does not need."""
    optional: tuple[str, ...] = ()
    """Partners: it comes after them, and does more where they are there."""
    formerly: tuple[str, ...] = ()
    """Names that it had in earlier versions of the template."""
    code: bool = True
    """Whether it has code; one without it is the same in every language."""
    verify: tuple[Step, ...] = ()
    drills: tuple[Fault, ...] = ()
    data: Data = Data()
    servers: tuple[str, ...] = ()
    """Those that its services' compose file can start beside them."""
    connects: Mapping[str, int] = field(default_factory=dict)
    """What it connects to → the port, by default."""
    languages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def follows(self) -> tuple[str, ...]:
        """Return all that it comes after."""
        return (*self.requires, *self.after, *self.optional)

    def is_in(self, language: str) -> bool:
        """Tell whether services in `language` can have it."""
        return not self.code or language in self.languages

    def dependencies(self, language: str) -> list[str]:
        """Return the packages that it brings in `language`."""
        return list(self.languages.get(language, {}).get("dependencies", ()))

    def settings(self, language: str) -> list[str]:
        """Return the names of the environment variables that it reads in `language`."""
        return list(self.languages.get(language, {}).get("settings", ()))


def of_entry(name: str, entry: Mapping[str, Any]) -> Stage:
    """Return the stage of an entry of the catalogue; what is not a key is a language."""
    rest = dict(entry)
    lists = {key: tuple(rest.pop(key, ())) for key in ("requires", "after", "optional", "formerly")}
    steps = (Step(**{**step, "settings": _texts(step)}) for step in rest.pop("verify", ()))
    faults = (Fault(**{**fault, "settings": _texts(fault)}) for fault in rest.pop("drills", ()))
    data = {kind: tuple(names) for kind, names in rest.pop("data", {}).items()}
    return Stage(
        name,
        rest.pop("title"),
        rest.pop("summary"),
        **lists,
        code=rest.pop("code", True),
        verify=tuple(steps),
        drills=tuple(faults),
        data=Data(**data),
        servers=tuple(rest.pop("servers", {})),
        connects=rest.pop("connects", {}),
        languages=rest,
    )


def _texts(step: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in step.get("settings", {}).items()}
