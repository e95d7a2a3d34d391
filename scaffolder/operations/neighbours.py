"""What a service below the top of a repository has to know: who reads the top, and who is there."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import plain_yaml, regular_files
from scaffolder.docker.container import PORT
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.git import Repository
from scaffolder.templates.template import NAME
from scaffolder.text import printable

MOST = 100
"""So many neighbours are looked at."""

CI = {
    "github": "GitHub runs workflows of the top directory alone, and not {place}/.github/workflows/"
    "ci.yml: copy it to .github/workflows/{name}.yml, with `paths: [{place}/**]` under `push` and "
    "`pull_request`, and `defaults: {{run: {{working-directory: {place}}}}}`",
    "gitlab": "GitLab reads the .gitlab-ci.yml of the top directory alone: add a job there with "
    "`trigger: {{include: {place}/.gitlab-ci.yml}}` and `rules: [{{changes: [{place}/**]}}]`, and "
    "begin the scripts in {place}/.gitlab-ci.yml with `cd {place}`",
}
"""Where CI runs → what is left to do for a service below the top directory."""


def notes(within: Repository | None, target: Path, answers: Mapping[str, Any]) -> list[str]:
    """Return what is left to do for a service at `target`, in a repository of several."""
    place = os.path.relpath(target.resolve(), within.top.resolve()) if within else "."
    if within is None or place == ".":
        return []
    name, ci = str(answers["name"]), CI.get(str(answers.get("ci")), "")
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
