"""What is done with one repository; nothing of it goes wrong for another."""

import io
import tempfile
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

import click

from scaffolder import console, growth, names, project, updating
from scaffolder.engine.git import QUIET, Git
from scaffolder.errors import RefusedError, ScaffoldError
from scaffolder.interrupts import restored
from scaffolder.overlays import remote, sources, versions

from . import repositories
from .outcome import Outcome
from .repositories import Place


@dataclass(frozen=True)
class Job:
    """What is asked for, of one repository."""

    repository: str
    update: bool
    to: tuple[str, ...] = ()
    push: bool = False
    trust: bool = False


def done(job: Job) -> Outcome:
    """Do a job; whatever goes wrong becomes its outcome. Messages of the way are dropped."""
    shown = repositories.shown(job.repository)
    context = click.Context(click.Command("fleet"))
    if job.trust:
        context.meta[console.TRUST] = True
    try:
        with restored(), redirect_stderr(io.StringIO()), context:
            return replace(_done(job), repository=shown)
    except ScaffoldError as error:
        return Outcome(shown, "failed", reason=_line(error.message), hint=_line(error.hint))
    except OSError as error:
        return Outcome(shown, "failed", reason=_line(f"{error.strerror}: {error.filename}"))
    except Exception as error:  # noqa: BLE001 - the others go on
        return Outcome(shown, "failed", reason=_line(f"{type(error).__name__}: {error}"))


def _line(words: str) -> str:
    """Return the first line: what follows are details for somebody who tries it by hand."""
    return names.printable(words.partition("\n")[0])


def _done(job: Job) -> Outcome:
    remote.remember()
    place = repositories.find(job.repository)
    services = repositories.services(place.git, place.commit, place.prefix)
    with (
        tempfile.TemporaryDirectory(prefix="viscaffold-") as directory,
        repositories.checked_out(place, Path(directory).resolve()) as tree,
    ):
        roots = [tree / service for service in services]
        return _updated(job, place, tree, roots) if job.update else _status(job, roots)


def _status(job: Job, roots: list[Path]) -> Outcome:
    moves: list[str] = []
    for root in roots:
        service = project.load(root)
        moves += versions.moves(service.source, sources.updated(service.source, job.to))
    return Outcome("", "behind" if moves else "current", list(dict.fromkeys(moves)))


def _updated(job: Job, place: Place, tree: Path, roots: list[Path]) -> Outcome:
    moves: list[str] = []
    targets: list[str] = []
    conflicts: list[str] = []
    for root in roots:
        with growth.opened(root, dry_run=False) as (service, repository):
            target = sources.updated(service.source, job.to)
            if target == service.source:
                continue
            moves += versions.moves(service.source, target)
            targets += versions.targets(service.source, target)
            operation = updating.operation(service, target)
            with growth.planned(service, repository, operation, dry_run=False) as step:
                found = [f"{repository.prefix}{c.path}" for c in step.merge.conflicts]
                conflicts += found
                if not found:
                    growth.carry_out(repository, step)
    moves, targets = list(dict.fromkeys(moves)), list(dict.fromkeys(targets))
    if conflicts:
        return Outcome("", "conflict", moves, conflicts=conflicts)
    if not moves:
        return Outcome("", "current")
    return _committed(job, place, tree, moves, targets)


def _committed(job: Job, place: Place, tree: Path, moves: list[str], targets: list[str]) -> Outcome:
    """Commit what is staged, and have a new branch name the commit."""
    git = Git(tree, options=QUIET)
    names_ = [target.replace("@", "-") for target in targets]
    inside = place.prefix.strip("/").replace("/", "-")
    branch = "viscaffold/" + "-".join(["update", *names_, *([inside] if inside else [])])
    commit = _existing(git, branch, place.commit)
    if not commit:
        git("commit", "--quiet", "--message", f"Update to template {' and '.join(targets)}")
        commit = git.line("rev-parse", "HEAD")
        git("update-ref", f"refs/heads/{branch}", commit, "")
    if job.push:
        if not place.upstream.url:
            raise RefusedError(f"the branch {branch} is made, but there is no remote origin")
        remote.push(place.upstream, place.git.cwd, branch)
    return Outcome("", "updated", moves, branch, commit, str(place.git.cwd), pushed=job.push)


def _existing(git: Git, branch: str, parent: str) -> str:
    """Return the commit of an earlier run, if it is the same; empty without one; else refuse."""
    ref = f"refs/heads/{branch}"
    found = git("rev-parse", "--quiet", "--verify", ref, expect=(0, 1)).stdout.decode().strip()
    if not found:
        return ""
    same = git.line("rev-parse", f"{ref}^{{tree}}") == git.line("write-tree")
    if not same or git.line("rev-parse", f"{ref}^") != parent:
        raise RefusedError(
            f"there is a branch {branch} already, with other content",
            f"merge it, or delete it: git branch -D {branch}",
        )
    return found
