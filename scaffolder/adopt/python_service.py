"""A render of the template, fitted to a Python service that exists: its application is theirs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffolder.errors import RefusedError
from scaffolder.languages.base import Tree
from scaffolder.text import listed

from . import python_manifest
from .choices import Choices, Level, Stand
from .found import Found
from .python_app import HEALTH, Entry

TEXT = "100644"
BESIDE = {
    "Dockerfile": "service.Dockerfile",
    ".dockerignore": "service.Dockerfile.dockerignore",
    "compose.yaml": "service.compose.yaml",
}
"""How files are called that stand beside theirs."""

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


@dataclass(frozen=True)
class Fitted:
    """What adoption writes, by path, and where the template's files are from then on."""

    files: dict[str, tuple[str, bytes] | None]
    """None takes one of theirs away."""
    places: dict[str, str]
    """Path in the template → path in the service; an empty text where theirs stays alone."""
    kept: list[str] = field(default_factory=list)
    """Files of theirs for which the template has one, too."""


def fitted(render: Tree, found: Found, entry: Entry, choices: Choices, package: str) -> Fitted:
    """Return what a render becomes beside the service; raise RefusedError if there is no room."""
    _require_room(render, found, package)
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
    if choices.compose is Stand.REPLACE and found.compose not in ("", "compose.yaml"):
        files[found.compose] = None
    kept = [path for path, place in places.items() if not place and found.sources.has(path)]
    return Fitted(files, places, sorted(kept))


def _require_room(render: Tree, found: Found, package: str) -> None:
    """Raise RefusedError where theirs stands in the place of the runtime or of the locks."""
    mine = [f"src/{package}/", "requirements/run", "requirements/dev", "requirements/build"]
    taken = [path for path in sorted(found.sources.tracked) if path.startswith(tuple(mine))]
    taken = [path for path in taken if path in render or path.startswith(mine[0])]
    if taken:
        raise RefusedError(
            f"the service has these where the runtime or its locks would be:\n{listed(taken)}",
            "another name, --name NAME, or move the files of requirements elsewhere",
        )


def _places(render: Tree, found: Found, choices: Choices) -> dict[str, str]:
    places = {path: place for path, place in ELSEWHERE.items() if path in render}
    asked = {"Dockerfile": choices.dockerfile, ".dockerignore": choices.dockerfile}
    there = {
        "Dockerfile": found.dockerfile,
        ".dockerignore": found.dockerfile or found.sources.has(".dockerignore"),
        "compose.yaml": bool(found.compose),
    }
    for path, stand in {**asked, "compose.yaml": choices.compose}.items():
        if there[path] and stand is not Stand.REPLACE:
            places[path] = BESIDE[path] if stand is Stand.BESIDE else ""
    if choices.level is Level.RUNTIME:
        places |= dict.fromkeys(CONTAINER, "")
    replaced = {*places, "Dockerfile", ".dockerignore", "compose.yaml", python_manifest.MANIFEST}
    others = [path for path in render if path not in replaced and found.sources.has(path)]
    return dict(sorted({**places, **dict.fromkeys(others, "")}.items()))


def _adapted(
    render: Tree, found: Found, entry: Entry, choices: Choices, package: str
) -> Mapping[str, str]:
    """Return the files that differ from the render."""
    text = {path: content.decode() for path, (_, content) in render.items() if path in ADAPTED}
    setuptools = found.sources.has("setup.cfg") or found.sources.has("setup.py")
    manifest = python_manifest.made(
        text[python_manifest.MANIFEST],
        found.sources.text(python_manifest.MANIFEST),
        found.needed,
        setuptools=setuptools and not found.manifest,
    )
    beside = choices.dockerfile is Stand.BESIDE and found.dockerfile
    build = f"build: {{context: ., dockerfile: {BESIDE['Dockerfile']}}}" if beside else "build: ."
    return {
        f"src/{package}/app.py": application(entry, found),
        python_manifest.MANIFEST: manifest,
        "Dockerfile": _dockerfile(text["Dockerfile"]),
        ".dockerignore": DOCKERIGNORE,
        "compose.yaml": _replaced(text["compose.yaml"], "build: .", build),
        "tests/conftest.py": _conftest(text["tests/conftest.py"]),
    }


ADAPTED = (
    python_manifest.MANIFEST,
    "Dockerfile",
    "compose.yaml",
    "tests/conftest.py",
)

DOCKERIGNORE = """\
# No secrets, no history, and nothing that the service does not need to run.
.git
.env
.env.*
**/.venv
**/venv
**/__pycache__
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
tests
"""

APP = '''\
"""The application: yours. The runtime starts it; no stage ever changes this file."""

from starlette.applications import Starlette

from {module} import {name} as yours

from . import health, stages


def create_app() -> Starlette:
    """Put the routes of health and stages before your application, which answers all others."""
    application = {call}
    service = Starlette(
        routes={routes},
        lifespan=lambda _: application.router.lifespan_context(application),
    )
    service.router.default = application
    stages.install(service)
    return service
'''

PROGRAM = '''\
"""The application: yours. The runtime runs it beside the routes of health and stages."""

import logging
import os
import runpy
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from . import health, stages
from .runtime import EXIT_SOFTWARE

log = logging.getLogger(__name__)


def program() -> None:
    """Run `python -m {module}`; whatever ends it ends the service, and is said."""
    try:
        runpy.run_module("{module}", run_name="__main__", alter_sys=True)
        log.critical("the program {module} came to its end")
    except BaseException:
        log.critical("the program {module} failed", exc_info=True)
    logging.shutdown()
    os._exit(EXIT_SOFTWARE)


@asynccontextmanager
async def running(_app: Starlette) -> AsyncIterator[None]:
    """Run the program in a thread of its own, which ends with the process."""
    threading.Thread(target=program, name="{module}", daemon=True).start()
    yield


def create_app() -> Starlette:
    """Build what runs the program, and answers how it is."""
    app = Starlette(routes=[*health.ROUTES], lifespan=running)
    stages.install(app)
    return app
'''


def application(entry: Entry, found: Found) -> str:
    """Return the module by which the runtime starts theirs."""
    if not entry.name:
        return PROGRAM.format(module=entry.module)
    own = sorted({fact.what for fact in found.health} & {*HEALTH})
    listing = "[*health.ROUTES]"
    if own:
        listing = f"[route for route in health.ROUTES if route.path not in {own!r}]"
        listing = listing.replace("'", '"')
    call = "yours()" if entry.factory else "yours"
    return APP.format(module=entry.module, name=entry.name, call=call, routes=listing)


BUILT = re.compile(r"^# The service itself changes often\.[\s\S]*?(?=^FROM )", re.MULTILINE)
"""How the template builds and installs a service that is a package alone."""

CHECKED = """\
# An incomplete lock fails here: `viscaffold lock` renews it.
RUN pip --python /opt/venv check

"""


def _dockerfile(text: str) -> str:
    """Return the template's Dockerfile for code that is copied as it lies there."""
    text = BUILT.sub(CHECKED, text)
    text = _replaced(
        text, "    PYTHONUNBUFFERED=1\nWORKDIR /app", "    PYTHONUNBUFFERED=1 \\\n"
        "    PYTHONPATH=/app/src\nWORKDIR /app",
    )  # fmt: skip
    return _replaced(
        text,
        "COPY --from=builder /opt/venv /opt/venv\n",
        "COPY --from=builder /opt/venv /opt/venv\nCOPY . .\n",
    )


def _conftest(text: str) -> str:
    """Return the fixtures of the stages' tests, which find the code by themselves."""
    text = _replaced(
        text,
        'SOURCE = Path(__file__).parent.parent / "src"',
        "ROOT = Path(__file__).parents[2]\n"
        'SOURCE = ROOT / "src"\n'
        "sys.path[:0] = [str(SOURCE), str(ROOT)]",
    )
    found = re.search(r"^from \w+\.app import create_app\n\n?", text, re.MULTILINE)
    if found is None:
        raise AssertionError("the template's conftest.py has changed")
    text = text.replace(found[0], "")
    place = "sys.path[:0] = [str(SOURCE), str(ROOT)]\n"
    return text.replace(place, f"{place}\n{found[0].strip()}  # noqa: E402 - found by that path\n")


def _replaced(text: str, old: str, new: str) -> str:
    """Replace what the template has; a template that has it no longer is a mistake of ours."""
    if old not in text:
        raise AssertionError(f"the template has changed: {old!r}")
    return text.replace(old, new, 1)
