"""What has to be known to adopt a service: said, found, or asked for."""

import re
import shlex
from dataclasses import dataclass, replace

from scaffolder import names
from scaffolder.adopt.choices import Choices, Level, Stand
from scaffolder.adopt.python import app as applications
from scaffolder.adopt.python.app import Entry
from scaffolder.adopt.python.found import Found
from scaffolder.errors import RefusedError, UsageError
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
            f"{question}, and there is no terminal to ask on",
            f"the same command with --{field} {shlex.quote(choices[0])}"
            + (f" (or {others})" if others else ""),
        )
        self.question, self.field, self.choices = question, field, choices


def entry(seen: Found, app: str) -> Entry:
    """Return what the service is started by."""
    known = {found.typed: found for found in seen.entries}
    if app:
        named = known.get(app) or known.get(f"{app}()") or applications.named(seen.sources, app)
        if named is None:
            raise UsageError(
                f"there is no {shown(app)} here; found: {', '.join(known) or 'nothing'}",
                "--app MODULE:NAME, or MODULE:NAME() of a function without arguments",
            )
        return _runnable(seen, named)
    if not known:
        raise RefusedError(
            "no application was found: no module here has FastAPI() or Starlette() at its top, and "
            "none is a program for `python -m`",
            "the same command with --app MODULE:NAME; or run it where the service's own code "
            "begins: viscaffold adopt PATH",
        )
    if seen.entry is None:
        raise UndecidedError("Which of these starts the service?", "app", list(known))
    return _runnable(seen, seen.entry)


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


def _runnable(seen: Found, entry: Entry) -> Entry:
    handler = None if entry.name else applications.signal_handler(seen.sources)
    if handler:
        raise RefusedError(
            f"the program handles signals itself ({handler.where}), and the runtime does so for it",
            "take that out: SIGTERM ends the service, and what it holds has to be safe anyway",
        )
    return entry


def made(seen: Found, asked: Asked, template: Template) -> Choices:
    """Return all that is to be known but for the entry; raise UndecidedError for what is not."""
    name = asked.name or _name(seen)
    names.check(name)
    _require_other_name(seen, name)
    known = catalogue.load(template.root, seen.language)
    language = LANGUAGES[seen.language]
    try:
        names.check_free(name, language, taken(template, known, language))
    except UsageError as error:
        raise UsageError(error.message, RENAME) from error
    if asked.level is Level.RUNTIME:
        return Choices(name, asked.level, Stand.KEEP, Stand.KEEP)
    stands = [each.value for each in Stand]
    if seen.dockerfile and asked.dockerfile is None:
        raise UndecidedError(f"What becomes of your {seen.dockerfile}?", "dockerfile", stands)
    if seen.compose and asked.compose is None:
        raise UndecidedError(f"What becomes of your {seen.compose}?", "compose", stands)
    whole = Stand.REPLACE
    return Choices(name, asked.level, asked.dockerfile or whole, asked.compose or whole)


RENAME = "the same command with --name NAME"


def _require_other_name(seen: Found, name: str) -> None:
    """Raise UsageError where the runtime's package would be, or hide, one that the service has."""
    package = names.package(name)
    if _is_theirs(seen, package):
        raise UsageError(f"{shown(package)} is the service's own module", RENAME)
    if package in {
        re.split(r"[^\w.-]", line)[0].replace("-", "_").lower() for line in seen.requires
    }:
        raise UsageError(f"{shown(package)} is what a dependency may be imported as", RENAME)


def _is_theirs(seen: Found, package: str) -> bool:
    modules = {entry.module.partition(".")[0] for entry in seen.entries}
    return package in modules or any(
        seen.sources.within(f"{place}{package}") or seen.sources.has(f"{place}{package}.py")
        for place in ("", "src/")
    )


def _name(seen: Found) -> str:
    """Return what to call the service: as its project, unless its own package is called so."""
    words = re.findall(r"[a-z0-9]+", seen.project.lower())
    name = "-".join(words).lstrip("0123456789-")[: names.LONGEST - len("-service")] or "adopted"
    return f"{name}-service" if _is_theirs(seen, names.package(name)) else name
