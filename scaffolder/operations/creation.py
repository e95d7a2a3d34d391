"""Make a new service."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scaffolder import names
from scaffolder.engine.git import Git, Repository
from scaffolder.errors import UsageError
from scaffolder.languages import toolchain
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.languages.base import Language
from scaffolder.languages.toolchain import Toolchain
from scaffolder.overlays import resolve
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import catalogue, questions, releases
from scaffolder.templates.catalogue import Catalogue
from scaffolder.templates.template import Template
from scaffolder.verify.outcome import Level, Verification

from . import making, neighbours, proof, room


@dataclass(frozen=True)
class Created:
    """A new service, or what it would be."""

    path: Path
    answers: dict[str, Any]
    """Those that it records, with the template's defaults."""
    template: dict[str, Any]
    """"name" and "version", and the "overlays" over it."""
    tools: Toolchain
    """What its language has for it in this version of the template."""
    kept: list[str]
    """Paths where the user had a file already, which stays."""
    commit: str | None = None
    """The commit that has it; None where there is none."""
    staged: bool = False
    """It was added to the index of the repository around it."""
    files: list[str] = field(default_factory=list)
    """Its paths, if it was only planned."""
    tree: str | None = None
    """The name that git would give to its files, if it was only planned."""
    diff: bytes | None = None
    """A patch, if it was only planned."""
    warnings: list[str] = field(default_factory=list)
    verification: Verification | None = None
    """Of what was made, if that was asked for."""

    def command(self, name: str) -> str:
        """Return a command of its language for a person to type, as its template has it."""
        return self.tools.command(name, names.package(self.path.name))

    def document(self) -> dict[str, Any]:
        """Return it for JSON, as docs/json.md describes it."""
        found = {
            "path": str(self.path),
            **self.answers,
            "template": self.template,
            "commit": self.commit,
            "kept": self.kept,
            "verification": self.verification.document() if self.verification else None,
        }
        if self.diff is None:
            return found
        diff = self.diff.decode(errors="surrogateescape")
        return {**found, "files": self.files, "tree": self.tree, "diff": diff}


def create(  # noqa: PLR0913 - each has a default
    target: Path,
    *,
    stages: Sequence[str] = (),
    answers: Mapping[str, str] = MappingProxyType({}),
    templates: Sequence[str] = (),
    git: bool = True,
    dry_run: bool = False,
    verify: Level | None = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Created:
    """Make a service in the directory `target`, which is new, empty or just set up.

    It is called like the directory, and gets `stages` with those that they require. `templates` are
    SOURCE[@VERSION]; without any, the user's default. With `git` it is committed, in a repository
    of its own, or added to the index of the one around it; there it can be verified, too, and stays
    to be looked at if it fails.

    Raise UsageError for a name, stage, answer or source that cannot be, UnansweredError for a
    question without a default or an answer, RefusedError if something is in the way or a template
    is not trusted, OSError for what the machine refuses. Then nothing was made.
    """
    if verify and not git:
        raise UsageError("what is verified is a tree in git", "leave out --no-git, or --verify")
    name = target.name
    names.check(name)
    # Not `Path.resolve`, which would follow links.
    target = Path(os.path.abspath(target))  # noqa: PTH100
    template = resolve.asked(templates, trust)
    complete = _answers(template, name, stages, answers)
    room.require_room(target)
    within = making.enclosing(target) if git else None
    if within and neighbours.DIRECTORY in questions.load(template.root):
        complete.setdefault(neighbours.DIRECTORY, neighbours.directory(within, target))
    if dry_run:
        with report.progress(f"planning {name}"):
            return _preview(template, complete, target, within)
    message = f"Start {name}, made with viscaffold {template.version}" if git else ""
    with report.progress(f"making {name}"):
        made = making.make(template, complete, target, commit=message, within=within)
    created = Created(
        target,
        made.answers,
        _version(template),
        toolchain.load(template.root, made.answers["language"]),
        made.kept,
        Git(target).line("rev-parse", "HEAD") if made.committed else None,
        staged=within is not None and not made.committed,
        warnings=[*resolve.warnings(template), *made.notes, *_around(target, made.answers, within)],
    )
    if verify is None:
        return created
    seen = proof.prove(target, level=verify, trust=trust, report=report)
    return replace(created, verification=seen)


def _preview(
    template: Template, answers: Mapping[str, Any], target: Path, within: Repository | None
) -> Created:
    plan = making.preview(template, answers)
    return Created(
        target,
        plan.answers,
        _version(template),
        toolchain.load(template.root, plan.answers["language"]),
        room.kept(plan.paths, target),
        files=plan.paths,
        tree=plan.tree,
        diff=plan.diff,
        warnings=[*plan.notes, *_around(target, plan.answers, within)],
    )


def _around(target: Path, answers: Mapping[str, Any], within: Repository | None) -> list[str]:
    """Return what a person should know of the place."""
    note = LANGUAGES[answers["language"]].place_note(target)
    return [*([note] if note else []), *neighbours.notes(within, target, answers)]


def _answers(
    template: Template, name: str, stages: Sequence[str], given: Mapping[str, str]
) -> dict[str, Any]:
    """Return the answers given, checked; the template has defaults for the others."""
    answers = questions.answered(template.root, given)
    language = LANGUAGES[str(answers.get("language", DEFAULT))]
    known = catalogue.load(template.root, language.NAME)
    names.check_free(name, language, taken(template, known, language))
    return {"name": name, **answers, "stages": known.chosen(stages)}


def taken(template: Template, known: Catalogue, language: Language) -> list[str]:
    """Return the names that a service's parts have taken."""
    tools = toolchain.load(template.root, language.NAME)
    paths = map(str, releases.files(template.whole()))
    return [*tools.taken, *known.dependencies(), *language.test_modules(paths)]


def _version(template: Template) -> dict[str, Any]:
    overlays = [layer.entry() for layer in template.layers]
    return {"name": template.name, "version": template.version, "overlays": overlays}
