"""Git: itself, who commits, what it is in the middle of, and its hooks."""

import os
from collections.abc import Iterator
from pathlib import Path

from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, problem, warning
from scaffolder.doctor.subject import Subject
from scaffolder.engine import git as engine_git
from scaffolder.engine import index
from scaffolder.engine.git import Git, Repository
from scaffolder.errors import ScaffoldError
from scaffolder.operations import neighbours
from scaffolder.text import command

PRE_COMMIT = ".pre-commit-config.yaml"


@check("git")
def git(subject: Subject) -> Iterator[Finding]:
    """Look whether git is there, and new enough to add stages."""
    try:
        engine_git.require_version()
    except ScaffoldError as error:
        yield problem(error.message, error.hint)
        return
    yield fine(Git(subject.place).line("version"))


@check("identity")
def identity(subject: Subject) -> Iterator[Finding]:
    """Look whether git knows who commits."""
    for variable in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if Git(subject.place)("var", variable, expect=(0, 128)).returncode:
            yield problem("git does not know who you are, and refuses to commit",
                          "git config --global user.name 'Your Name'; "
                          "git config --global user.email you@example.com")  # fmt: skip
            return
    yield fine("git knows who commits")


@check("repository", Needs.SERVICE)
def repository(subject: Subject) -> Iterator[Finding]:
    """Look whether the service is in a repository, and in the middle of nothing."""
    found = subject.repository
    if found is None:
        yield problem(f"{subject.place} is not in a git repository: no stage can be added",
                      "git init && git add --all && git commit -m 'Start'")  # fmt: skip
        return
    unfinished, unmerged = found.unfinished(), index.unmerged(found)
    if unfinished:
        yield problem(f"a {unfinished} is not finished", f"git {unfinished} --continue, or --abort")
    elif unmerged:
        yield problem("the index has conflicts", "resolve them: git status", *map(str, unmerged))
    elif not found.head():
        yield warning("nothing is committed yet", "git add --all && git commit -m 'Start'")
    else:
        yield fine(f"in {found.top}")


@check("hooks", Needs.REPOSITORY)
def hooks(subject: Subject) -> Iterator[Finding]:
    """Look for hooks that git does not run, and says nothing of."""
    found = subject.required_repository
    home = _home(found)
    if home is None:
        yield fine("none")
        return
    if not home.is_dir():
        yield warning(f"core.hooksPath names {home}, which is not there: no hook runs",
                      "git config --unset core.hooksPath")  # fmt: skip
        return
    there = sorted(path for path in home.iterdir() if path.suffix != ".sample" and path.is_file())
    dead = [path for path in there if not os.access(path, os.X_OK)]
    if dead:
        yield warning(f"git ignores the hook {dead[0].name}: it is not executable",
                      command("chmod", "+x", str(dead[0])))  # fmt: skip
    elif (found.top / PRE_COMMIT).is_file() and not (home / "pre-commit").exists():
        yield warning(f"{PRE_COMMIT} is there, and its hook is not installed",
                      "pre-commit install")  # fmt: skip
    else:
        yield fine(", ".join(path.name for path in there) or "none")


@check("ci", Needs.REPOSITORY)
def ci(subject: Subject) -> Iterator[Finding]:
    """Look whether CI, which reads the top of a repository alone, runs for the service there."""
    found = neighbours.ci_problem(subject.required_repository, subject.required_service)
    yield warning(*found) if found else fine("nothing stops it here")


def _home(found: Repository) -> Path | None:
    """Return the directory of the hooks; None for the usual one, if it is not there.

    The repository's own git looks for none: it runs none.
    """
    plain = Git(found.top)
    ran = plain("config", "--type=path", "--get", "core.hooksPath", expect=(0, 1))
    said = os.fsdecode(ran.stdout).strip()
    usual = found.common / "hooks"
    if said:
        return found.top / said
    return usual if usual.is_dir() else None
