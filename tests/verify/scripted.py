"""Services to verify that need no installation: a script in Python, and a language of its own."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from scaffolder.languages.base import Command
from scaffolder.languages.toolchain import Check, Toolchain
from scaffolder.templates.stage import Stage, Step
from scaffolder.verify.subject import Subject

if TYPE_CHECKING:
    from scaffolder.languages.base import Language

SERVICE = """\
import http.server, json, os, signal, sys, time
from pathlib import Path
print("first line: process", os.getpid(), flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ANSWERS = {"/health": 200, "/health/ready": 200, "/items": 200}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = ANSWERS.get(self.path, 404)
        self.answer(status, json.dumps({"items": sorted(os.listdir("data")), "path": self.path}))
    def do_POST(self):
        Path("data", "item").touch()
        self.answer(201, "made")
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, form, *values):
        print("request", self.path, os.environ.get("MODE", ""), flush=True)
Path("data").mkdir()
server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
server.serve_forever()
"""

STEPS = (
    Step("it starts empty", request="GET /items", status=200, json={"items": []}),
    Step("one is made", request="POST /items", status=201, text="made"),
    Step("a mode is logged", {"MODE": "loud"}, request="GET /items", status=200, log="loud"),
    Step("it says who it is", log="first line"),
)

TOOLS = Toolchain(
    {},
    {"tests": Check((sys.executable, "tests.py"))},
    "",
    (),
    start=Command((sys.executable, "{root}/service.py"), {"NAME": "{name}"}),
)


def language(*installation: Command, key: str = "key") -> "Language":
    """Make a language that installs with these commands; `unreachable` is how it fails offline."""

    def installed(directory: Path, *_: object) -> Iterator[Command]:
        directory.mkdir(exist_ok=True)
        yield from installation

    return cast(
        "Language",
        SimpleNamespace(
            NAME="script",
            environment_key=lambda *_: key,
            installation=installed,
            is_unreachable=lambda said: "unreachable" in said,
            variables=lambda _: {"PYTHONDONTWRITEBYTECODE": "1"},
        ),
    )


def subject(
    place: Path,
    files: Mapping[str, str] | None = None,
    *,
    tools: Toolchain = TOOLS,
    of: "Language | None" = None,
    steps: tuple[Step, ...] = STEPS,
) -> Subject:
    """Write a service with the script and tests that pass, and others of these files."""
    root = place / "service"
    for path, text in {"service.py": SERVICE, "tests.py": "", **(files or {})}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    stage = Stage("items", "Items", "items", verify=steps)
    home = place / "home"
    return Subject(root, "0" * 40, "orders", of or language(), tools, [stage], home)


def broken(old: str, new: str) -> dict[str, str]:
    """Return the service with one text replaced."""
    assert old in SERVICE
    return {"service.py": SERVICE.replace(old, new)}


def running(marker: str) -> list[int]:
    """Return the processes that have a text in their command line or variables."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            texts = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in texts and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found
