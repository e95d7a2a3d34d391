"""Move a service to another version of its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scaffolder.engine.git import Repository
from scaffolder.errors import UsageError
from scaffolder.overlays import resolve, versions
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import catalogue, questions
from scaffolder.templates.notices import Notice
from scaffolder.templates.template import Template
from scaffolder.text import printable, quoted

from . import change, gate, service_notices
from .change import Change
from .gate import How, Wanted
from .plan import Operation, opened
from .service import Service, load


def update(  # noqa: PLR0913 - each has a default
    service: Path,
    to: Sequence[str] = (),
    *,
    answers: Mapping[str, str] = MappingProxyType({}),
    dry_run: bool = False,
    verify: Wanted = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
    repository: Repository | None = None,
    home: Repository | None = None,
) -> Change:
    """Move the service around `service` to the newest versions of its templates, or those of `to`.

    `to` holds versions of the built-in template, and NAME@VERSION for overlays; what it does not
    name stays. `answers` are to questions that are new, or replace recorded ones, at the same
    version, too. `repository` says which one is meant, where
    that is known, `home` the one that keeps what a verification saw, where that is another. The
    change is merged with the user's own, verified and staged; conflicts are left in place.

    Raise UsageError for a version or an answer that does not exist, UnansweredError for a question
    without either, RefusedError where the state of the service forbids it or a template cannot be
    read, NotVerifiedError if it would break the service, OSError for what the machine refuses. Then
    nothing was changed.
    """
    with opened(
        service, dry_run=dry_run, trust=trust, report=report, repository=repository
    ) as (found, within):  # fmt: skip
        target = resolve.updated(found.template, to, trust)
        is_there = target == found.template
        if is_there and not answers:
            return change.nothing("update", found)
        operation, replaced = _operation(found, target, answers), _replaced(found, answers)
        if is_there and not replaced:
            return change.nothing("update", found)
        how, label = How(dry_run, verify, report, home), versions.current(target)
        done = gate.carried_out(found, within, operation, f"updating to {label}", how)
    changes = service_notices.between(found, target)
    held = [] if dry_run else service_notices.held(found, target)
    return replace(
        done,
        moves=versions.moves(found.template, target),
        targets=versions.targets(found.template, target),
        target=target,
        replaced=replaced,
        warnings=resolve.warnings(target),
        changes=changes,
        # What a change tells is not told once more.
        notices=[each for each in held if each not in changes],
    )


@dataclass(frozen=True)
class Available:
    """Whether there is an update, and what it would move."""

    versions: dict[str, str]
    """The template's version: "from" and "to"."""
    moves: list[str]
    """What would move: "the template from 0.4.0 to 0.5.0"; empty if there is no update."""
    overlays: list[dict[str, str | None]]
    """The versions of each overlay: "source", "from" and "to"."""
    current: str
    """The versions that an update would lead to."""
    changes: list[Notice]
    """What the update changes for people: behaviour, and settings that are renamed or gone."""
    notices: list[Notice]
    """Known faults that the service has."""


def check(service: Path, to: Sequence[str] = (), *, trust: TrustPolicy = NEVER) -> Available:
    """Tell whether there is an update for the service around `service`; nothing is written.

    Raise as `update`.
    """
    found = load(service, trust)
    target = resolve.updated(found.template, to, trust)
    layers = [[layer.entry() for layer in side.layers] for side in (found.template, target)]
    return Available(
        {"from": found.template.version, "to": target.version},
        versions.moves(found.template, target),
        versions.changes(*layers),
        versions.current(target),
        service_notices.between(found, target),
        service_notices.held(found, found.template),
    )


def _operation(service: Service, target: Template, answers: Mapping[str, str]) -> Operation:
    """Return the operation that moves a service to the template `target`."""
    complete, notes = _answers(service, target, answers)
    to = versions.targets(service.template, target)
    words = [f"--to {version}" for version in to]
    words += [f"--answer {quoted(name)}" for name in _replaced(service, answers)]
    label = f"template/{'+'.join(to) or target.version}"
    return Operation("update", " ".join(words), label, target, complete, notes)


def _replaced(service: Service, answers: Mapping[str, str]) -> list[str]:
    """Return the answers, QUESTION=VALUE, that are others than those recorded."""
    recorded = service.answers
    return [f"{k}={v}" for k, v in answers.items() if k in recorded and str(recorded[k]) != v]


def _answers(
    service: Service, target: Template, given: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the answers for another version: its questions, and what became of the stages."""
    if given.get("language", service.language) != service.language:
        raise UsageError(
            f"{service.answers['name']} is written in {service.language}: an update translates "
            "nothing",
            f"viscaffold new NAME --language {given['language']}",
        )
    known = catalogue.load(target.root, service.language)
    kept, notes = [], []
    for name in service.stages:
        now = known.successor(name)
        if now is None:
            why = known.removed.get(name, "the template has it no longer")
            notes.append(f"the stage {name} goes: {printable(why)}")
        else:
            kept.append(now)
            notes += [f"the stage {name} is called {now} now"] if now != name else []
    answers = questions.answered(target.root, given, service.answers)
    return {**answers, "stages": known.chosen(kept)}, notes
