"""Adopt a service that exists: the runtime, and what belongs to it, come beside its code."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scaffolder import names
from scaffolder.adopt import existing
from scaffolder.adopt.choices import Choices, Level
from scaffolder.adopt.existing import Existing, Fitted
from scaffolder.adopt.sources import Sources
from scaffolder.engine import ANSWERS_FILE, git
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError, UsageError
from scaffolder.overlays.fetch.trust import NEVER
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import questions
from scaffolder.templates.template import Template, builtin
from scaffolder.text import command, listed, shown

from . import adoption_choices, gate, places, plan
from . import service as services
from .adoption_choices import NOTHING_SAID, Asked
from .change import Change
from .gate import How
from .locking import LockMode
from .plan import Operation
from .rendering import render
from .service import Service

OWN_SCOPES = ("local", "worktree")
"""The configuration that comes with a repository, of git config --show-scope."""

CI = "none"
"""What checks the service is there, or is its owner's to choose."""


@dataclass(frozen=True)
class Adoption:
    """What was found in a service, and the change that adopts it."""

    found: Existing
    change: Change
    level: Level
    kept: list[str]
    """Files of the user's for which the template has one, too: theirs stay."""
    moved: Mapping[str, str]
    """Files of the template that have another name here."""


def look(directory: Path) -> Existing:
    """Tell what is in a directory; nothing of it is run.

    Raise RefusedError if it is no service that can be adopted, or is one already.
    """
    return _looked(_repository(directory))


def adopt(
    directory: Path,
    asked: Asked = NOTHING_SAID,
    *,
    dry_run: bool = False,
    report: Reporter = SILENT,
) -> Adoption:
    """Adopt the service in `directory`: what the template has for it is staged, ready to commit.

    Raise UndecidedError where something has to be said that cannot be known, UsageError for an
    answer that cannot be, RefusedError where the directory does not allow it, NotVerifiedError if
    the service would not work, OSError for what the machine refuses. Then nothing was changed.
    """
    repository = _repository(directory)
    with plan.alone(repository, report, dry_run=dry_run):
        seen = adoption_choices.with_entry(_looked(repository), asked.app)
        template = builtin()
        choices = adoption_choices.made(seen, asked, template)
        if not dry_run:
            adoption_choices.require_consent(asked)
        complete = _answers(template, choices, seen)
        rendered = render(template, complete, remember=not dry_run)
        package = names.package(choices.name)
        fit = seen.fitted(rendered, choices, package)
        service = Service(repository.directory, complete, template, places=fit.places)
        operation = _operation(service, fit)
        how = How(dry_run, asked.verify, report)
        done = gate.carried_out(service, repository, operation, f"adopting {choices.name}", how)
    moved = {path: place for path, place in fit.places.items() if place not in ("", path)}
    warnings = [] if choices.level is Level.CONTAINER else [*seen.limits]
    return Adoption(seen, replace(done, warnings=warnings), choices.level, fit.kept, moved)


def _operation(service: Service, fit: Fitted) -> Operation:
    mode, answers = fit.files[ANSWERS_FILE] or ("", b"")
    recorded = places.placed({ANSWERS_FILE: (mode, answers)}, fit.places)
    name = service.answers["name"]
    return Operation(
        "adopt",
        name,
        "adopt",
        service.template,
        service.answers,
        files={**fit.files, **recorded},
        lock=LockMode.IF_SOLVABLE,
    )


def _repository(directory: Path) -> Repository:
    """Return the repository that a directory is in; raise RefusedError if it has no commit."""
    # Not `Path.resolve`, which would follow links.
    place = Path(os.path.abspath(directory))  # noqa: PTH100
    if not place.is_dir():
        raise UsageError(f"there is no directory {shown(str(directory))}", "viscaffold adopt PATH")
    git.require_version()
    repository = git.repository(place)
    if repository is None or not repository.head():
        raise RefusedError(
            f"{shown(str(place))} is not in a git repository with a commit, so nothing could be "
            "taken back",
            "git init && git add --all && git commit -m 'Start'",
        )
    return repository


def _looked(repository: Repository) -> Existing:
    root = repository.directory
    if _has_container_alone(root):
        _require_clean(repository)
        return existing.look(Sources(root, repository.tracked() - {ANSWERS_FILE}))
    if os.path.lexists(root / ANSWERS_FILE):
        raise RefusedError(
            f"{shown(str(root))} has a {ANSWERS_FILE} already: it is a service, or was made with "
            "another template of Copier",
            "viscaffold status; where the file is another template's, which updates from it: "
            f"git mv {ANSWERS_FILE} .copier-answers.THEIRS.yml (copier update --answers-file)",
        )
    _require_clean(repository)
    return existing.look(Sources(root, repository.tracked()))


def _require_no_filters(repository: Repository) -> None:
    """Raise RefusedError where git would run what the repository's own configuration names.

    Whoever adopts has not read it yet: an archive that was unpacked brings its configuration along.
    """
    options = ("--show-scope", "--includes", "-z", "--name-only", "--get-regexp")
    pattern = r"^filter\..*\.(clean|smudge|process)$"
    found = repository.git("config", *options, pattern, expect=(0, 1)).stdout
    fields = os.fsdecode(found).split("\0")
    own = [name for scope, name in zip(*[iter(fields)] * 2, strict=False) if scope in OWN_SCOPES]
    if own:
        section = own[0].rpartition(".")[0]
        raise RefusedError(
            f"git would run programs that this repository's configuration names:\n{listed(own)}",
            f"{command('git', 'config', '--local', '--remove-section', section)}; filters of your "
            "own belong into git config --global",
        )


def _has_container_alone(root: Path) -> bool:
    """Tell whether it is a service to which the runtime may come yet."""
    if not os.path.lexists(root / ANSWERS_FILE):
        return False
    with suppress(RefusedError):  # which says below what the file is
        return not services.load(root, NEVER).has_runtime
    return False


def _require_clean(repository: Repository) -> None:
    """Raise RefusedError for what is not committed: what is read has to be what git has."""
    _require_no_filters(repository)
    plan.require_finished(repository)
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=no")
    ignored = "--ignore-submodules=all"  # git would run what the configuration of each names
    where = repository.prefix or "."
    dirty = [line[3:] for line in repository.git.fields("status", *options, ignored, "--", where)]
    if dirty:
        raise RefusedError(
            f"these are not committed:\n{listed(dirty)}", "git commit or git stash, then adopt"
        )


def _answers(template: Template, choices: Choices, seen: Existing) -> dict[str, Any]:
    about = MappingProxyType({"language": seen.language, "ci": CI})
    answers = questions.answered(template.root, about)
    return {"name": choices.name, **answers, "stages": []}
