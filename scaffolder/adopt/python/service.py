"""A render of the template, fitted to a Python service that exists: its application is theirs."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import PurePosixPath

from scaffolder.adopt.choices import Choices, Level, Stand
from scaffolder.adopt.existing import Fitted
from scaffolder.adopt.python.found import Found
from scaffolder.adopt.replacing import replaced
from scaffolder.docker.container import PORT
from scaffolder.errors import RefusedError
from scaffolder.languages.base import Tree
from scaffolder.text import listed

from . import application, container, edits
from . import manifest as manifests
from .app import Entry

TEXT = "100644"
GITIGNORE = ".gitignore"
ELSEWHERE = {
    "README.md": "SERVICE.md",
    "AGENTS.md": "",
    "tests/conftest.py": "tests/stages/conftest.py",
    "tests/test_app.py": "",
    "tests/test_config.py": "",
    "tests/test_health.py": "",
    "tests/test_service.py": "",
}
"""Files that have no place beside theirs, or another one: theirs say how it is worked on and
tested. Those of the stages' tests are below the folder of these."""

CONTAINER = ("Dockerfile", ".dockerignore", "compose.yaml", ".env.example", "docs/proxy.md")


def fitted(render: Tree, found: Found, entry: Entry, choices: Choices, package: str) -> Fitted:
    """Return what a render becomes beside the service; raise RefusedError if there is no room."""
    if choices.level is Level.CONTAINER:
        fit = container.fitted(render, found, entry, choices)
        _require_free(fit.files, found, choices)
        return fit
    _require_room(render, found)
    places = _places(render, found, choices)
    own = {
        path: text.encode()
        for path, text in _adapted(render, found, entry, choices, package).items()
    }
    files: dict[str, tuple[str, bytes] | None] = {
        places.get(path, path): (mode, own.get(path, content))
        for path, (mode, content) in render.items()
        if places.get(path, path)
    }
    files |= container.given_up(found, choices)
    ignored = found.sources.whole(GITIGNORE)
    if ignored is not None:
        text = edits.edited(ignored, edits.gitignore)
        files[GITIGNORE] = (TEXT, text.encode())
    _require_free(files, found, choices)
    left_out = [path for path, place in places.items() if not place and path not in files]
    return Fitted(files, places, [path for path in left_out if found.sources.has(path)])


def _require_free(files: Collection[str], found: Found, choices: Choices) -> None:
    """Raise RefusedError where a file would come in the place of one that nobody gave up."""
    given = {GITIGNORE, manifests.MANIFEST, found.compose}
    given |= {"Dockerfile", ".dockerignore"} if choices.dockerfile is Stand.REPLACE else set()
    given |= {"compose.yaml"} if choices.compose is Stand.REPLACE else set()
    tracked = found.sources.tracked
    above = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    links = {path for path in files if (found.sources.root / path).is_symlink()}
    taken = sorted(tracked & ((set(files) - given) | above | links))
    if taken:
        raise RefusedError(
            f"these are in the way of files that would be added:\n{listed(taken)}",
            "git mv them, or choose another name or place (viscaffold adopt --help)",
        )


def _require_room(render: Tree, found: Found) -> None:
    """Raise RefusedError where theirs stands in the place of the locks."""
    taken = found.sources.named(path for path in sorted(render) if path.startswith("requirements/"))
    if taken:
        raise RefusedError(
            f"the service has these where the locks of its dependencies would be:\n{listed(taken)}",
            "git mv them elsewhere, and name them so where they are read",
        )


def _places(render: Tree, found: Found, choices: Choices) -> dict[str, str]:
    places = {path: place for path, place in ELSEWHERE.items() if path in render}
    stands = container.stands(found, choices)
    places |= {path: place for path, place in stands.items() if place != path}
    if choices.level is Level.RUNTIME:
        places |= dict.fromkeys(CONTAINER, "")
    settled = {*places, *stands, manifests.MANIFEST}
    others = [path for path in render if path not in settled and found.sources.has(path)]
    return dict(sorted({**places, **dict.fromkeys(others, "")}.items()))


def _adapted(
    render: Tree, found: Found, entry: Entry, choices: Choices, package: str
) -> Mapping[str, str]:
    """Return the files that differ from the render."""
    text = {path: content.decode() for path, (_, content) in render.items() if path in ADAPTED}
    manifest = _manifest(text[manifests.MANIFEST], found)
    build = edits.built_by(container.stands(found, choices)["Dockerfile"] or "Dockerfile")
    unlocked = {
        path: edits.unlocked(text[path], manifests.requirements(manifest)[purpose])
        for purpose, path in UNLOCKED.items()
    }
    return unlocked | {
        f"src/{package}/app.py": application.application(entry, found.arguments),
        manifests.MANIFEST: manifest,
        "Dockerfile": edits.with_python(edits.dockerfile(text["Dockerfile"]), found.manifest),
        ".dockerignore": edits.DOCKERIGNORE,
        "compose.yaml": edits.with_settings(
            replaced(text["compose.yaml"], {"build: .": build}), PORT
        ),
        "tests/conftest.py": edits.conftest(text["tests/conftest.py"]),
    }


def _manifest(rendered: str, found: Found) -> str:
    """Return pyproject.toml: theirs with what is needed, or the template's."""
    theirs = found.sources.whole(manifests.MANIFEST)
    if theirs is None:
        setuptools = any(found.sources.named(("setup.cfg", "setup.py")))
        return manifests.new(rendered, found.needed, setuptools=setuptools)
    completed = partial(manifests.completed, rendered, needed=found.needed)
    return edits.edited(theirs, completed)


UNLOCKED = {"run": "requirements/run.txt", "dev": "requirements/dev.txt"}
ADAPTED = (
    *UNLOCKED.values(),
    manifests.MANIFEST,
    "Dockerfile",
    "compose.yaml",
    "tests/conftest.py",
)
