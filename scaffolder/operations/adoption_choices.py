"""What has to be known to adopt a service: said, found, or asked for."""

import shlex
from dataclasses import dataclass, replace

from scaffolder import names
from scaffolder.adopt.choices import Choices, Level, Stand
from scaffolder.adopt.existing import RENAME, Existing
from scaffolder.errors import UsageError
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.fetch import preferences
from scaffolder.templates import catalogue
from scaffolder.templates.template import Template
from scaffolder.text import shown
from scaffolder.verify import outcome as verification

from .creation import taken
from .gate import Wanted


@dataclass(frozen=True)
class Asked:
    """What whoever adopts a service said: None and empty texts where nothing was said."""

    name: str = ""
    app: str = ""
    level: Level = Level.WHOLE
    dockerfile: Stand | None = None
    compose: Stand | None = None
    verify: Wanted = None

    def with_answer(self, field: str, said: str) -> "Asked":
        """Return it with the answer to an UndecidedError."""
        match field:
            case "app":
                return replace(self, app=said)
            case "dockerfile":
                return replace(self, dockerfile=Stand(said))
            case "compose":
                return replace(self, compose=Stand(said))
        return replace(self, verify=said != NO and verification.Level(said))


NOTHING_SAID = Asked()
NO = "no"
"""The answer of who does not want the service to be run."""


class UndecidedError(UsageError):
    """Something has to be said that cannot be known; the call can be repeated with it."""

    def __init__(self, question: str, field: str, choices: list[str], others: str = "") -> None:
        """Name the flag; `field` is the member of Asked, and `others` what else can be typed."""
        others = others or ", ".join(choices[1:])
        super().__init__(
            f"--{field} is not given, and there is no terminal to ask on: {question}",
            f"the same command with --{field} {shlex.quote(choices[0])}"
            + (f" (or {others})" if others else ""),
        )
        self.question, self.field, self.choices = question, field, choices


def with_entry(seen: Existing, app: str) -> Existing:
    """Return the service with what it is started by."""
    if app:
        named = seen.with_entry(app)
        if named is None:
            raise UsageError(
                f"there is no {shown(app)} here; found: {', '.join(seen.entries) or 'nothing'}",
                "--app MODULE:NAME, or MODULE:NAME() of a function without arguments; "
                "in Rust, the name of a program, and its arguments: --app 'NAME ARGUMENT'",
            )
        seen = named
    if not seen.entry:
        seen.require_entries()
        raise UndecidedError("Which of these starts the service?", "app", [*seen.entries])
    seen.require_runnable()
    return seen


def require_consent(asked: Asked) -> None:
    """Raise UndecidedError where nobody has said whether the code that is there may be run."""
    levels = [*verification.Level]
    if asked.verify is None and preferences.verifies(levels) is None:
        raise UndecidedError(
            "How far to verify the result, which installs what it requires and runs its code?",
            "verify",
            [*levels, NO],
            "--no-verify",
        )


def made(seen: Existing, asked: Asked, template: Template) -> Choices:
    """Return all that is to be known but for the entry; raise UndecidedError for what is not."""
    name = asked.name or seen.name()
    names.check(name)
    seen.require_name(name)
    known = catalogue.load(template.root, seen.language)
    language = LANGUAGES[seen.language]
    try:
        names.check_free(name, language, taken(template, known, language))
    except UsageError as error:
        raise UsageError(error.message, RENAME) from error
    if asked.level is Level.RUNTIME:
        return Choices(name, asked.level, Stand.KEEP, Stand.KEEP)
    if asked.level is Level.CONTAINER and seen.is_apart:
        raise UsageError(
            "in Rust, the container holds the program beside the runtime, and is nothing without",
            "the same command without --container-only",
        )
    stands = [each.value for each in Stand]
    said = {"dockerfile": asked.dockerfile, "compose": asked.compose}
    if seen.is_apart and any(said.values()):
        raise UsageError(
            "your Dockerfile and compose file stay: what comes has a directory of its own",
            "leave out --dockerfile and --compose",
        )
    for flag, path in seen.asks:
        if said[flag] is None:
            raise UndecidedError(f"What becomes of your {path}?", flag, stands)
    whole = Stand.REPLACE
    return Choices(name, asked.level, asked.dockerfile or whole, asked.compose or whole)
