"""What a service below the top of a repository has to know: who reads the top, and who is there."""

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import plain_yaml, regular_files
from scaffolder.docker.container import PORT
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.git import Repository
from scaffolder.templates.template import NAME
from scaffolder.text import printable, quoted

from .service import Service

MOST = 100
"""So many neighbours are looked at."""

FILES = {
    "github": (".github/workflows/ci.yml", ".github/workflows/{name}.yml"),
    "gitlab": (".gitlab-ci.yml", ".gitlab-ci.yml"),
}
"""Where CI runs → the service's file, and the one at the top of the repository."""
DIRECTORY = "directory"
"""The question where CI finds the service in its repository; the answer is empty at the top."""
TAKEN = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
"""What copier.yml takes for an answer to it."""
CI = {
    "github": "GitHub runs workflows of the top directory alone. There: mkdir -p .github/workflows"
    " && cp {place}/.github/workflows/ci.yml .github/workflows/{name}.yml",
    "gitlab": "GitLab reads the .gitlab-ci.yml of the top directory alone. Add to it: "
    "{name}: {{trigger: {{include: {place}/.gitlab-ci.yml, strategy: depend}}, "
    "rules: [{{changes: [{place}/**/*]}}]}}",
}
"""Where CI runs → what is left to do for a service below the top directory."""


def directory(within: Repository, target: Path) -> str:
    """Return where CI finds a service at `target`, empty for the top.

    So it is for a path that would have a meaning of its own in a workflow.
    """
    place = _place(within, target)
    return place if TAKEN.fullmatch(place) else ""


def _place(within: Repository, target: Path) -> str:
    """Return the path of a service below the top of its repository, `.` for the top."""
    return os.path.relpath(target.resolve(), within.top.resolve())


def ci_problem(within: Repository, service: Service) -> tuple[str, str] | None:
    """Return why CI of a service does not run as it is meant, and what mends it."""
    place, ci = within.prefix.rstrip("/"), str(service.answers.get("ci"))
    if ci not in CI:
        return None
    seen = str(service.answers.get(DIRECTORY) or "")
    if seen != place and TAKEN.fullmatch(place or seen):
        fix = f"viscaffold update --answer {DIRECTORY}={place}"
        where, here = (printable(path or "the top") for path in (seen, place))
        return f"CI looks for the service in {where}, and it is in {here}", fix
    return _not_copied(within, service, ci) if place else None


def _not_copied(within: Repository, service: Service, ci: str) -> tuple[str, str] | None:
    """Return why the top of a repository does not run what the service below it has for CI."""
    place, name = within.prefix.rstrip("/"), service.answers["name"]
    own, top = (path.format(name=name) for path in FILES[ci])
    mine, theirs = (regular_files.text(at) for at in (service.root / own, within.top / top))
    fix = printable(CI[ci].format(place=quoted(place), name=name))
    if mine is None:
        return None
    if theirs is None or (ci == "gitlab" and f"{place}/{own}" not in theirs):
        return f"CI does not run: {printable(top)} does not have it", fix
    if ci == "github" and mine != theirs:
        return f"CI runs {printable(top)}, which is not what {place}/{own} is now", fix
    return None


def notes(within: Repository | None, target: Path, answers: Mapping[str, Any]) -> list[str]:
    """Return what is left to do for a service at `target`, in a repository of several."""
    place = _place(within, target) if within else "."
    if within is None or place == ".":
        return []
    name, ci = str(answers["name"]), CI.get(str(answers.get("ci")), "")
    if ci and not TAKEN.fullmatch(place):
        ci = (
            "CI does not find the service in {place}: a directory of letters, digits, dots, "
            "hyphens and underscores can be given with --answer directory=PATH"
        )
    others = {other: of for other, of in _services(within) if other != place}
    return [
        *([printable(ci.format(place=place, name=name))] if ci else []),
        *_shared(place, name, others),
    ]


def _shared(place: str, name: str, others: Mapping[str, str]) -> Iterator[str]:
    """Say which names and ports of one machine the services would both take."""
    for other, of in others.items():
        if of == name:
            yield (
                f"{printable(other)} is called {name}, too: their images, containers and volumes "
                "have the same names, so that one machine runs one of them"
            )
    if others:
        yield (
            f"other services of this repository publish port {PORT}, too: to run them side by "
            f"side, PORT={PORT + len(others)} in {printable(place)}/.env"
        )


def _services(within: Repository) -> Iterator[tuple[str, str]]:
    """Return the directories of the services that the index has, and their names."""
    listed = within.git.fields("ls-files", "-z", "--", f":(top,glob)**/{ANSWERS_FILE}")
    for path in islice(listed, MOST):
        content = regular_files.text(within.top / path)
        try:
            recorded = plain_yaml.load((content or "").encode(errors="replace"))
        except plain_yaml.YamlError:
            continue  # its own commands say what is wrong with it
        if isinstance(recorded, dict) and recorded.get("_src_path") == NAME:
            yield str(PurePosixPath(path).parent), str(recorded.get("name"))
