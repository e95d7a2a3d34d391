"""The template's image and compose file for a service that is started without the runtime."""

import json
import re
from collections.abc import Sequence

from scaffolder.adopt.choices import Choices, Stand
from scaffolder.adopt.existing import HOME, Fitted
from scaffolder.adopt.python.found import Found
from scaffolder.adopt.replacing import replaced
from scaffolder.adopt.sources import Sources
from scaffolder.adopt.surroundings import DOCKERFILE, IGNORE
from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError
from scaffolder.languages.base import Tree

from . import edits, installing, servers
from .app import Entry

COMPOSE = "compose.yaml"
USUAL_PORT = 8000
"""Where uvicorn and `fastapi run` listen unless they are told otherwise."""

DEPENDENCIES = re.compile(r"^# Dependencies change rarely[\s\S]*?(?=^FROM )", re.MULTILINE)
CHECK = """\
import http.client
asked = http.client.HTTPConnection('127.0.0.1', {port}, timeout=4)
asked.request('GET', '{path}')
raise SystemExit(asked.getresponse().status >= {bad})
"""
STARTS = re.compile(r"^HEALTHCHECK[^\n]*\n[^\n]*\nENTRYPOINT[^\n]*\n", re.MULTILINE)
IMPORTS = re.compile(r"^# The official image has no bytecode[\s\S]*?(?=^USER )", re.MULTILINE)
SETTINGS = re.compile(
    r"^    # A setting gets here[^\n]*\n    environment:\n(?:      .*\n)*", re.MULTILINE
)
INIT = """\
    # Reaps what your program leaves behind, and gives it signals as they come.
    init: true
"""


def fitted(render: Tree, found: Found, entry: Entry, choices: Choices) -> Fitted:
    """Return what a render becomes around a command of theirs; raise RefusedError for none."""
    if not entry.name:
        raise RefusedError(
            f"{entry.typed} is a program, and nothing could be asked whether it lives",
            "the same command without --container-only: the runtime answers for it",
        )
    places = {HOME: "", **stands(found, choices)}
    text = {path: render[path][1].decode() for path in (DOCKERFILE, IGNORE, COMPOSE)}
    port = int(found.port.what) if found.port else USUAL_PORT
    contents = {
        DOCKERFILE: dockerfile(text[DOCKERFILE], found, entry, port),
        IGNORE: edits.DOCKERIGNORE,
        COMPOSE: compose(text[COMPOSE], port, places),
    }
    files = {
        place: (render[path][0], contents[path].encode())
        for path, place in places.items()
        if path in contents and place
    }
    own = {ANSWERS_FILE: render[ANSWERS_FILE]}
    return Fitted({**files, **given_up(found, choices), **own}, places)


def stands(found: Found, choices: Choices) -> dict[str, str]:
    """Return where each file of the container gets: in place of theirs, beside it or nowhere."""
    there = {
        DOCKERFILE: (choices.dockerfile, found.sources.has(DOCKERFILE)),
        IGNORE: (choices.dockerfile, bool(found.dockerfile)),
        COMPOSE: (choices.compose, bool(found.compose)),
    }
    others = {Stand.KEEP: dict.fromkeys(there, ""), Stand.BESIDE: edits.BESIDE}
    return {path: others.get(stand, {}).get(path, path) if is_there else path
            for path, (stand, is_there) in there.items()}  # fmt: skip


def given_up(found: Found, choices: Choices) -> dict[str, None]:
    """Return their compose file where the template's, of another name, takes its place."""
    goes = choices.compose is Stand.REPLACE and found.compose not in ("", COMPOSE)
    return {found.compose: None} if goes else {}


def dockerfile(text: str, found: Found, entry: Entry, port: int) -> str:
    """Return the template's Dockerfile, which installs what theirs needs and runs their command."""
    run = json.dumps(command(found.sources, entry, port))
    asked = next((route.fact.what for route in found.health if route.is_whole), "")
    check = CHECK.format(port=port, path=asked or "/", bad=400 if asked else 500)
    code = json.dumps("; ".join(check.splitlines()))
    text = edits.substituted(DEPENDENCIES, text, installing.lines(found))
    text = replaced(text, {"EXPOSE 8080\n": f"EXPOSE {port}\n"})
    if "/opt/build/" not in text:
        text = replaced(text, {"python -m venv --without-pip /opt/build && ": ""})
    starts = (
        "HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \\\n"
        f'    CMD ["python", "-c", {code}]\nCMD {run}\n'
    )
    text = edits.with_python(edits.substituted(STARTS, text, starts), found.manifest)
    return edits.substituted(IMPORTS, edits.copied(text), "")


def command(sources: Sources, entry: Entry, port: int) -> Sequence[str]:
    """Return how their own Dockerfile starts a server, or how uvicorn starts their application."""
    if theirs := servers.command(sources):
        return theirs.words
    factory = ["--factory"] if entry.factory else []
    return ["uvicorn", entry.reference, *factory, "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104 - in a container


def compose(text: str, port: int, places: dict[str, str]) -> str:
    """Return the template's compose file, with their port and the settings that .env has."""
    text = edits.with_settings(edits.substituted(SETTINGS, text, f"    environment:\n{INIT}"), port)
    return replaced(
        text,
        {
            "${PORT:-8080}:8080": f"${{PORT:-{port}}}:{port}",
            "build: .": edits.built_by(places[DOCKERFILE] or DOCKERFILE),
        },
    )
